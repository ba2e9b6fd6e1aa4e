// The binder: from an AST to a bound statement, by PostgreSQL's rules. Names are resolved against
// one catalog snapshot, types are inferred and checked, literals and casts made explicit. Shape:
// one call per statement; positions in errors are byte offsets into the text that was parsed.
// Invariants: (BIND-1) no storage is touched and nothing is executed except constant folding of
// expressions; (BIND-2) the result depends only on the AST and BindContext, so a plan may be cached
// under (text, role, row_security, catalog version, search path, parameter types); (BIND-3) nothing
// of the AST is referred to by the result, except that BoundPrepare repeats its text range;
// (BIND-4) privileges are collected, not checked: whoever executes checks them.
// Threads: functions without state. Errors: PostgreSQL's SQLSTATEs and texts with positions; 54001
// for nesting deeper than kBindDepthMax; 0A000 for what DriftDB does not have.
#ifndef DRIFTDB_SQL_BIND_BINDER_H_
#define DRIFTDB_SQL_BIND_BINDER_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "catalog/catalog_snapshot.h"
#include "sql/bind/bound_statement.h"
#include "sql/parse/ast.h"
#include "sql/parse/parse.h"
#include "types/ids.h"

namespace driftdb::sql {

// Levels of nesting: an expression counts 1, a query block kBindDepthQuery.
inline constexpr int kBindDepthMax = 3000;
inline constexpr int kBindDepthQuery = 20;

struct BindContext {
  const catalog::CatalogSnapshot* catalog = nullptr;
  // Schemas in search order, as resolved from the setting (missing ones left out); the catalog's
  // own schema is searched first unless it is listed. New objects go to the first one that is
  // listed.
  std::vector<Oid> search_path;
  Oid role;
  // Declared parameter types (PREPARE, protocol), kUnknown or absent: to be inferred.
  std::vector<LogicalType> parameter_types;
  std::string database_name = "driftdb";  // catalog.schema.table must name it
};

// Binds one statement. `parsed` must outlive the call only.
Result<BoundStatement> Bind(const ParsedStatement& parsed, const BindContext& context);
Result<BoundStatement> Bind(const AstStatement& statement, const BindContext& context);

// Casts the arguments of EXECUTE to the types of the prepared statement's parameters.
// Errors: 42601 wrong number of parameters, 42804 wrong type.
Status CoerceExecuteArguments(const std::vector<LogicalType>& parameter_types,
                              BoundExecute* execute);

// A stored default (ColumnEntry::default_sql) as an expression of the column's type, ready to fold
// or evaluate; no columns. For ADD COLUMN, COPY and tools; INSERT has it in its plan.
Result<ExprPtr> BindStoredDefault(std::string_view default_sql, LogicalType type,
                                  std::string_view column, const BindContext& context);
// The table's CHECK conditions over {table_index, ordinal}, with their names.
Status BindStoredChecks(const catalog::TableEntry& table, uint32_t table_index,
                        const BindContext& context, ExprList* checks,
                        std::vector<std::string>* names);

}  // namespace driftdb::sql

#endif  // DRIFTDB_SQL_BIND_BINDER_H_
