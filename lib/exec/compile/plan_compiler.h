// PlanCompiler: turns a physical plan into pipelines.
// Shape: Build returns a fragment: the phases that yield the node's rows, without a sink. A breaker
// closes its child's fragment with its sink, which becomes a step, and starts a fresh fragment from
// its source. Steps run in the order in which they were made, so everything a pipeline depends on
// has finished before it starts (EX-1). Build sides come before probe sides: their join filters
// reach the scans in time. Ownership: the compiler owns all operators; it outlives the run. The
// plan outlives the compiler. Errors: XX000 for plans it does not know.
#ifndef DRIFTDB_EXEC_COMPILE_PLAN_COMPILER_H_
#define DRIFTDB_EXEC_COMPILE_PLAN_COMPILER_H_

#include <functional>
#include <map>
#include <memory>
#include <unordered_map>
#include <vector>

#include "exec/dml/dml_sinks.h"
#include "exec/join/join_filter_sink.h"
#include "exec/materialize/chunk_collection.h"
#include "exec/pipeline.h"
#include "sql/plan/physical_plan.h"

namespace driftdb::exec {

class RecursiveCteSource;
class TableScanSource;

struct Fragment {
  std::vector<Phase> phases;
  // Rows are in a meaningful order: only one worker may run what follows.
  bool ordered = false;
};

// A pipeline to run to its end, or anything else to do at this point.
struct ExecutionStep {
  Pipeline pipeline;
  std::function<Status()> action;  // instead of the pipeline, when set
};

class PlanCompiler final : public JoinFilterSink {
 public:
  // `outer` lends its CTEs to the plans of recursive steps; may be null.
  PlanCompiler(QueryContext* context, PlanCompiler* outer) : context_(context), outer_(outer) {}
  ~PlanCompiler() override;

  Result<Fragment> Build(const sql::PhysicalNode& node);
  // Runs all steps made so far, once.
  Status RunSteps();
  // The data modification at the root of the plan, if any.
  const DmlSink* dml() const { return dml_; }

  void AddFilter(uint32_t scan_id, uint32_t column,
                 std::shared_ptr<const storage::ColumnPredicate> predicate) override;

 private:
  friend class RecursiveCteSource;  // compiles a round with the rows of the round before

  template <typename T, typename... Args>
  T* Own(Args&&... args) {
    auto object = std::make_shared<T>(std::forward<Args>(args)...);
    T* raw = object.get();
    owned_.push_back(std::move(object));
    return raw;
  }
  static Fragment FromSource(Source* source, uint32_t node_id);
  static void AddOperator(Fragment* fragment, Operator* op, uint32_t node_id);
  void CloseWith(Fragment fragment, Sink* sink);
  static std::vector<const expr::Expr*> Refs(const std::vector<expr::ExprPtr>& expressions);

  Result<Fragment> BuildLeaf(const sql::PhysicalNode& node);
  Result<Fragment> BuildStreaming(const sql::PhysicalNode& node);
  Result<Fragment> BuildHashJoin(const sql::PhysicalNode& node);
  Result<Fragment> BuildNestedLoop(const sql::PhysicalNode& node);
  Result<Fragment> BuildIndexJoin(const sql::PhysicalNode& node);
  Result<Fragment> BuildAggregate(const sql::PhysicalNode& node);
  Result<Fragment> BuildSort(const sql::PhysicalNode& node);
  Result<Fragment> BuildTopN(const sql::PhysicalNode& node);
  Result<Fragment> BuildSetOperation(const sql::PhysicalNode& node);
  Result<Fragment> BuildCte(const sql::PhysicalNode& node);
  Result<Fragment> BuildRecursiveCte(const sql::PhysicalNode& node);
  Result<Fragment> BuildCteScan(const sql::PhysicalNode& node);
  Result<Fragment> BuildDml(const sql::PhysicalNode& node);
  const ChunkCollection* FindCte(uint32_t cte_id) const;

  QueryContext* const context_;
  PlanCompiler* const outer_;
  std::vector<std::shared_ptr<void>> owned_;
  std::vector<ExecutionStep> steps_;
  std::unordered_map<uint32_t, TableScanSource*> scans_;
  std::map<uint32_t, const ChunkCollection*> ctes_;
  std::map<uint32_t, Source*> lazy_ctes_;  // of recursive CTEs that are read once
  DmlSink* dml_ = nullptr;
};

}  // namespace driftdb::exec

#endif  // DRIFTDB_EXEC_COMPILE_PLAN_COMPILER_H_
