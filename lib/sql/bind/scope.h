// Scope: what names mean at one place of a query. Private to lib/sql/bind.
// Shape: a FROM clause contributes ranges (what `alias.column` searches) and columns (what a bare
// name searches and what * expands to, in order; a JOIN ... USING shows its merged columns once and
// first). A QueryLevel is one query block; levels form a chain outwards through `parent`.
#ifndef DRIFTDB_SQL_BIND_SCOPE_H_
#define DRIFTDB_SQL_BIND_SCOPE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/entries.h"
#include "expr/expr.h"
#include "sql/parse/ast.h"
#include "sql/plan/logical_plan.h"

namespace driftdb::sql {

// The part of a statement an expression stands in; decides what it may contain.
enum class BindClause : uint8_t {
  kSelectTarget,
  kFrom,
  kFunctionInFrom,
  kJoinOn,
  kWhere,
  kGroupBy,
  kHaving,
  kOrderBy,
  kDistinctOn,
  kLimit,
  kOffset,
  kValues,
  kFilter,
  kWindowPartition,
  kWindowOrder,
  kWindowFrame,
  kUpdateSource,
  kReturning,
  kCheck,
  kDefault,
  kExecute,
  kCopyWhere,
};
// "WHERE", "JOIN conditions", ...: as PostgreSQL's messages name it.
std::string_view ClauseText(BindClause clause);

struct ScopeColumn {
  std::string name;
  LogicalType type;
  expr::ColumnBinding binding;
  // The value of a merged column that is no plain column (FULL JOIN, unequal types).
  std::shared_ptr<const expr::Expr> merged;
  Oid table;  // base tables only
  ColumnId column;
  uint32_t ordinal = 0;
  // Index + 1 of the RequiredPrivilege that notes the use of the column; 0: none.
  uint32_t privilege = 0;
};

struct ScopeRange {
  std::string alias;     // what qualified names say
  std::string schema;    // of a relation without alias: schema.table.column
  std::string relation;  // the table's own name, for hints
  std::vector<ScopeColumn> columns;
  // Left of a RIGHT or FULL JOIN: visible to LATERAL, but an error.
  bool lateral_forbidden = false;
};
using ScopeRangePtr = std::shared_ptr<ScopeRange>;

struct Scope {
  std::vector<ScopeRangePtr> ranges;
  std::vector<ScopeColumn> columns;

  void Append(const Scope& other);
  // One range whose columns are all visible.
  static Scope Of(ScopeRangePtr range);
};

struct QueryLevel {
  uint32_t id = 0;
  QueryLevel* parent = nullptr;
  Scope scope;
  // Ranges of the same FROM clause that may not be referenced here: for messages only.
  std::vector<ScopeRangePtr> hidden;
  BindClause clause = BindClause::kFrom;
  const AstSelect* select = nullptr;  // for WINDOW definitions; null outside of query blocks
  bool has_aggregates = false;
  bool has_windows = false;
  // The windows of the WINDOW clause being bound, against cycles.
  int window_depth = 0;
};

// Edit distance of two names, at most `limit` + 1; for hints.
int NameDistance(std::string_view a, std::string_view b, int limit);

}  // namespace driftdb::sql

#endif  // DRIFTDB_SQL_BIND_SCOPE_H_
