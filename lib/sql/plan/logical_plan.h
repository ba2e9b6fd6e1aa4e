// Logical plan: relational algebra over bound expressions; made by the binder, rewritten by the
// optimizer. Shape: a tree of LogicalNode; payload by operator in `node`. Columns are identified,
// not positioned: every column an operator produces has a ColumnBinding {table_index, column_index}
// that is unique within the statement; operators that only pass columns through (filter, join,
// sort, limit, distinct) keep the bindings of their inputs. ColumnBinding::depth is always 0 in a
// plan. A correlated reference is simply a binding that nothing below the reference produces.
// Invariants: (LP-1) each table_index is produced by exactly one node; (LP-2) after unnesting no
// expression holds a subquery and no node references a binding that its children do not produce;
// (LP-3) join conditions are conjunct lists. Subquery expressions own their plan until unnesting
// (expr::ExprKind::kSubquery).
#ifndef DRIFTDB_SQL_PLAN_LOGICAL_PLAN_H_
#define DRIFTDB_SQL_PLAN_LOGICAL_PLAN_H_

#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "catalog/entries.h"
#include "expr/expr.h"
#include "types/logical_type.h"

namespace driftdb::sql {

using expr::ExprPtr;
using ExprList = std::vector<ExprPtr>;

struct LogicalNode;
using LogicalPtr = std::unique_ptr<LogicalNode>;

// kSemi, kAnti keep left rows; kMark keeps left rows and adds a boolean (three-valued) "has a
// match" column; kSingle keeps left rows and adds the right side's columns of the one match (NULLs
// when none; 21000 when several).
enum class LogicalJoinType : uint8_t { kInner, kLeft, kRight, kFull, kSemi, kAnti, kMark, kSingle };

// One row without columns: SELECT 1.
struct LogicalSingleRow {};
// No rows; columns as listed (a filter folded to false).
struct LogicalEmpty {
  uint32_t table_index = 0;
  std::vector<LogicalType> types;
};
// Base table access. column_index i of table_index is columns[i]; kRowIdColumn asks for the row id
// (int64).
inline constexpr uint32_t kRowIdColumn = UINT32_MAX;
struct LogicalScan {
  uint32_t table_index = 0;
  std::shared_ptr<const catalog::TableEntry> table;
  std::string alias;
  std::vector<uint32_t> columns;  // ordinals
  ExprList filters;               // conjuncts pushed down by the optimizer
};
struct LogicalValues {
  uint32_t table_index = 0;
  std::vector<LogicalType> types;
  std::vector<ExprList> rows;
};
// generate_series and the like.
struct LogicalTableFunction {
  uint32_t table_index = 0;
  std::string function;
  ExprList arguments;
  std::vector<LogicalType> types;
};
struct LogicalProjection {
  uint32_t table_index = 0;
  ExprList expressions;
};
struct LogicalFilter {
  ExprList conjuncts;
};
struct LogicalJoin {
  LogicalJoinType type = LogicalJoinType::kInner;
  ExprList conditions;      // conjuncts over both sides; empty: cross product
  uint32_t mark_index = 0;  // kMark: table_index of the added column (column_index 0)
  bool lateral = false;  // the right side may reference the left side's bindings (dependent join)
  bool null_aware = false;  // kAnti from NOT IN: a NULL on either side yields unknown
};
// Output: group g is {group_index, g}, aggregate a is {aggregate_index, a}; grouping sets list
// group ordinals.
struct LogicalAggregate {
  uint32_t group_index = 0;
  uint32_t aggregate_index = 0;
  ExprList groups;
  ExprList aggregates;                               // expr::ExprKind::kAggregate
  std::vector<std::vector<uint32_t>> grouping_sets;  // empty: one set of all groups
  uint32_t grouping_index = 0;                       // table_index of GROUPING(...) columns
  std::vector<std::vector<uint32_t>> grouping_calls;
};
struct LogicalSort {
  std::vector<expr::SortKey> keys;
};
struct LogicalLimit {
  ExprPtr limit;   // null: none
  ExprPtr offset;  // null: 0
  bool with_ties = false;
};
// DISTINCT (empty `on`: all columns of the child) or DISTINCT ON.
struct LogicalDistinct {
  ExprList on;
};
enum class LogicalSetOp : uint8_t { kUnion, kIntersect, kExcept };
struct LogicalSetOperation {
  uint32_t table_index = 0;
  LogicalSetOp op = LogicalSetOp::kUnion;
  bool all = false;
  std::vector<LogicalType> types;
  // Which bindings of each child feed the result columns, in order.
  std::vector<expr::ColumnBinding> left, right;
};
struct LogicalWindow {
  uint32_t table_index = 0;
  ExprList calls;
};
// children: [definition, body]. References in the body are LogicalCteScan of the same cte_id.
struct LogicalCte {
  uint32_t cte_id = 0;
  std::string name;
  bool recursive = false;  // definition = SetOperation(union, base, step with a CteScan of itself)
  bool materialized = true;                  // false: the optimizer may inline
  std::vector<expr::ColumnBinding> columns;  // of the definition, in output order
  std::vector<LogicalType> types;
};
struct LogicalCteScan {
  uint32_t table_index = 0;
  uint32_t cte_id = 0;
  std::vector<LogicalType> types;
};
// child 0 yields one value per table column in table order (defaults and casts applied), named by
// `source`.
struct LogicalInsert {
  std::shared_ptr<const catalog::TableEntry> table;
  std::vector<expr::ColumnBinding> source;
  // CHECK conditions over {table_index, ordinal} of the row to be stored; parallel to names.
  uint32_t table_index = 0;
  ExprList checks;
  std::vector<std::string> check_names;
  ExprList returning;            // over {table_index, ordinal}; empty: none
  uint32_t returning_index = 0;  // element i is output column {returning_index, i}
};
// child 0 yields the row id, all old columns and the values to set.
struct LogicalUpdate {
  std::shared_ptr<const catalog::TableEntry> table;
  uint32_t table_index = 0;  // {table_index, ordinal} = stored row after the change
  expr::ColumnBinding row_id;
  std::vector<uint32_t> set_columns;             // ordinals
  std::vector<expr::ColumnBinding> values;       // parallel to set_columns
  std::vector<expr::ColumnBinding> old_columns;  // all columns in table order
  ExprList checks;
  std::vector<std::string> check_names;
  ExprList returning;
  uint32_t returning_index = 0;
};
struct LogicalDelete {
  std::shared_ptr<const catalog::TableEntry> table;
  uint32_t table_index = 0;
  expr::ColumnBinding row_id;
  std::vector<expr::ColumnBinding> old_columns;
  ExprList returning;
  uint32_t returning_index = 0;
};

struct LogicalNode {
  using Payload =
      std::variant<LogicalSingleRow, LogicalEmpty, LogicalScan, LogicalValues, LogicalTableFunction,
                   LogicalProjection, LogicalFilter, LogicalJoin, LogicalAggregate, LogicalSort,
                   LogicalLimit, LogicalDistinct, LogicalSetOperation, LogicalWindow, LogicalCte,
                   LogicalCteScan, LogicalInsert, LogicalUpdate, LogicalDelete>;
  Payload payload;
  std::vector<LogicalPtr> children;
  double estimated_rows = -1;  // < 0: not estimated yet

  template <typename T>
  T* As() {
    return std::get_if<T>(&payload);
  }
  template <typename T>
  const T* As() const {
    return std::get_if<T>(&payload);
  }
};

template <typename T>
LogicalPtr MakeLogical(T payload) {
  auto node = std::make_unique<LogicalNode>();
  node->payload = std::move(payload);
  return node;
}

// What a SELECT (or a RETURNING clause) shows to the client: bindings of the root in order.
struct OutputColumn {
  std::string name;
  LogicalType type;
  expr::ColumnBinding binding;
  Oid table;  // plain column references only
  ColumnId column;
};

// A privilege the statement needs; collected at bind, checked at execution start (item 10 of the
// security design): checking late lets plans be cached across GRANT and REVOKE.
struct RequiredPrivilege {
  Oid object;
  uint32_t privileges = 0;        // catalog::Privilege bits
  std::vector<uint32_t> columns;  // ordinals; empty: the whole relation
  Oid as_role;                    // 0: the current role; a view's owner for what the view reads
  std::string object_name;        // for the error message
  char object_kind = 'r';         // 'r' table, 'v' view, 'S' sequence, 'n' schema, 'd' database
};

// A bound query or data modification, ready for the optimizer.
struct BoundQuery {
  LogicalPtr plan;
  std::vector<OutputColumn> output;
  std::vector<LogicalType> parameter_types;  // by number - 1; kUnknown where anything will do
  std::vector<RequiredPrivilege> privileges;
  std::vector<Oid> relations;     // read or written, for locking against concurrent DDL
  uint32_t next_table_index = 1;  // the optimizer continues the numbering
  bool read_only = true;
};

}  // namespace driftdb::sql

#endif  // DRIFTDB_SQL_PLAN_LOGICAL_PLAN_H_
