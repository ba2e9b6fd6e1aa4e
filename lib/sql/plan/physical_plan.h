// Physical plan: what exec runs. Made by the optimizer from a logical plan, immutable afterwards,
// so one plan may be executed by many threads and cached. Shape: a tree of PhysicalNode.
// Expressions refer to slots (expr::ExprKind::kSlot) of the child's output; a join's expressions
// see left slots first, then right slots. `types` are the node's output columns in order.
// Parameters: kParameter i < parameter count are the client's; i >= parameter count is the result
// of init plan (i - parameter count): an uncorrelated scalar subquery that exec runs first (0 rows:
// NULL; more than 1: 21000).
#ifndef DRIFTDB_SQL_PLAN_PHYSICAL_PLAN_H_
#define DRIFTDB_SQL_PLAN_PHYSICAL_PLAN_H_

#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "catalog/entries.h"
#include "expr/expr.h"
#include "sql/plan/logical_plan.h"

namespace driftdb::sql {

struct PhysicalNode;
using PhysicalPtr = std::unique_ptr<PhysicalNode>;

struct PhysicalSingleRow {};
struct PhysicalEmpty {};

// Scan of a whole table, in parallel morsels. Slots 0..columns.size() are what filters see; only
// the first `output_count` go on. kRowIdColumn yields the row id as int64.
struct PhysicalTableScan {
  std::shared_ptr<const catalog::TableEntry> table;
  std::string alias;
  std::vector<uint32_t> columns;
  size_t output_count = 0;
  ExprList filters;      // conjuncts; exec pushes `column op constant` ones into the storage scan
  uint32_t scan_id = 0;  // target of join filters (PhysicalHashJoin::filters)
};

// Ordered access through an index: rows whose first `equal.size()` key columns equal the values and
// whose next key column lies in [lower, upper]. Bounds are expressions over parameters and
// constants. Output in key order when `ordered`; the same columns/filters rules as
// PhysicalTableScan.
struct PhysicalIndexScan {
  std::shared_ptr<const catalog::TableEntry> table;
  std::shared_ptr<const catalog::IndexEntry> index;
  std::string alias;
  std::vector<uint32_t> columns;
  size_t output_count = 0;
  ExprList filters;
  ExprList equal;
  ExprPtr lower, upper;  // null: unbounded
  bool lower_inclusive = true, upper_inclusive = true;
  bool backward = false;
};

struct PhysicalValues {
  std::vector<ExprList> rows;
};
// Without child: the arguments are constants or parameters. With child (lateral): the function runs
// for each input row, arguments are over its slots, output = child's columns, then the function's.
struct PhysicalTableFunction {
  std::string function;
  ExprList arguments;
};
struct PhysicalFilter {
  ExprList conjuncts;
};
struct PhysicalProjection {
  ExprList expressions;
};

// Which side's rows survive how. The build side is always child 1. kRightSemi/kRightAnti emit build
// rows.
enum class PhysicalJoinType : uint8_t {
  kInner,
  kLeft,
  kRight,
  kFull,
  kSemi,
  kAnti,
  kRightSemi,
  kRightAnti,
  kMark,
  kSingle,
};

// A join filter: the values of build key `key` restrict column slot `column` of scan `scan_id` (in
// the probe pipeline or anywhere else the equivalence class reaches).
struct JoinFilterTarget {
  uint32_t key = 0;
  uint32_t scan_id = 0;
  uint32_t column = 0;  // position in PhysicalTableScan::columns
};

struct PhysicalHashJoin {
  PhysicalJoinType type = PhysicalJoinType::kInner;
  ExprList left_keys, right_keys;  // parallel, same types; over the respective child's slots
  std::vector<bool> null_safe;     // IS NOT DISTINCT FROM keys; parallel to the keys
  ExprList residual;               // conjuncts over left ++ right slots
  bool null_aware = false;         // kAnti/kMark of NOT IN / IN with NULL semantics (single key)
  std::vector<uint32_t>
      output;  // slots of left ++ right (++ mark column at left+right) in output order
  std::vector<JoinFilterTarget> filters;
  bool build_unique = false;  // the build keys are known to be unique
};
// Any condition; child 1 is materialised. Same output rule.
struct PhysicalNestedLoopJoin {
  PhysicalJoinType type = PhysicalJoinType::kInner;
  ExprList conditions;
  std::vector<uint32_t> output;
};
// For each left row, probe an index of a table: inner, left, semi, anti.
struct PhysicalIndexJoin {
  PhysicalJoinType type = PhysicalJoinType::kInner;
  std::shared_ptr<const catalog::TableEntry> table;
  std::shared_ptr<const catalog::IndexEntry> index;
  ExprList keys;                  // over left slots; equal to the first key columns of the index
  std::vector<uint32_t> columns;  // of the table, become right slots
  ExprList residual;              // over left ++ right
  std::vector<uint32_t> output;
};

enum class AggregateStrategy : uint8_t {
  kHash,
  kPerfect,    // group keys have small known ranges: array of states
  kStreaming,  // input is clustered by the group keys
};
// Output: groups, then aggregates, then one int32 per grouping call.
struct PhysicalAggregate {
  AggregateStrategy strategy = AggregateStrategy::kHash;
  ExprList groups;
  ExprList aggregates;
  std::vector<std::vector<uint32_t>> grouping_sets;
  std::vector<std::vector<uint32_t>> grouping_calls;
  double estimated_groups = 0;
  // groups[key_groups..] are determined by the ones before: exec need not hash or compare them.
  uint32_t key_groups = UINT32_MAX;
};

struct PhysicalSort {
  std::vector<expr::SortKey> keys;  // over slots
};
struct PhysicalTopN {
  std::vector<expr::SortKey> keys;
  ExprPtr limit, offset;
  bool with_ties = false;
};
struct PhysicalLimit {
  ExprPtr limit, offset;
};
// DISTINCT ON keys keeps the first row per key in input order; plain DISTINCT is an aggregate.
struct PhysicalDistinctOn {
  ExprList keys;
};
// kUnion: concatenation (UNION without ALL gets an aggregate above). Children yield equal types.
struct PhysicalSetOperation {
  LogicalSetOp op = LogicalSetOp::kUnion;
  bool all = false;
};
struct PhysicalWindow {
  ExprList calls;  // output: child columns, then one per call
};
// children: [definition, body]; the definition is materialised once, body's CteScans read it.
struct PhysicalCte {
  uint32_t cte_id = 0;
  std::string name;
  bool recursive = false;  // children: [base, step, body]
  bool union_all = true;   // recursive: UNION ALL or UNION
};
struct PhysicalCteScan {
  uint32_t cte_id = 0;
  std::string name;
};

// Child yields every table column in table order.
struct PhysicalInsert {
  std::shared_ptr<const catalog::TableEntry> table;
  ExprList checks;  // over the table's columns as slots
  std::vector<std::string> check_names;
  ExprList returning;
};
// Child yields: row id, old columns in table order, then the set values.
struct PhysicalUpdate {
  std::shared_ptr<const catalog::TableEntry> table;
  std::vector<uint32_t> set_columns;
  ExprList checks;  // over the changed row
  std::vector<std::string> check_names;
  ExprList returning;
  // READ COMMITTED re-evaluation of a row that changed under us: over the table's columns as slots;
  // only set when the child is a plain filtered scan of the table (else a changed row is retried as
  // a whole statement).
  bool can_recheck = false;
  ExprList recheck_filters;
  ExprList recheck_values;  // parallel to set_columns
};
// Child yields: row id, old columns in table order.
struct PhysicalDelete {
  std::shared_ptr<const catalog::TableEntry> table;
  ExprList returning;
  bool can_recheck = false;
  ExprList recheck_filters;
};

struct PhysicalNode {
  using Payload =
      std::variant<PhysicalSingleRow, PhysicalEmpty, PhysicalTableScan, PhysicalIndexScan,
                   PhysicalValues, PhysicalTableFunction, PhysicalFilter, PhysicalProjection,
                   PhysicalHashJoin, PhysicalNestedLoopJoin, PhysicalIndexJoin, PhysicalAggregate,
                   PhysicalSort, PhysicalTopN, PhysicalLimit, PhysicalDistinctOn,
                   PhysicalSetOperation, PhysicalWindow, PhysicalCte, PhysicalCteScan,
                   PhysicalInsert, PhysicalUpdate, PhysicalDelete>;
  Payload payload;
  std::vector<PhysicalPtr> children;
  std::vector<LogicalType> types;
  double estimated_rows = 0;
  double estimated_cost = 0;
  uint32_t node_id = 0;  // dense within the plan, for counters of EXPLAIN ANALYZE

  template <typename T>
  T* As() {
    return std::get_if<T>(&payload);
  }
  template <typename T>
  const T* As() const {
    return std::get_if<T>(&payload);
  }
};

// A complete executable query.
struct PhysicalPlan {
  PhysicalPtr root;
  std::vector<PhysicalPtr> init_plans;
  std::vector<OutputColumn> output;  // one per column of root
  std::vector<LogicalType> parameter_types;
  std::vector<RequiredPrivilege> privileges;
  std::vector<Oid> relations;
  uint64_t catalog_version = 0;
  uint32_t node_count = 0;
  bool read_only = true;
  double planning_us = 0;
};

}  // namespace driftdb::sql

#endif  // DRIFTDB_SQL_PLAN_PHYSICAL_PLAN_H_
