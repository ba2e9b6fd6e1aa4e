#include "exec/compile/plan_compiler.h"

#include "base/error.h"
#include "base/status_macros.h"
#include "exec/aggregate/aggregate.h"
#include "exec/basic/filter_operator.h"
#include "exec/basic/value_sources.h"
#include "exec/join/hash_join.h"
#include "exec/join/index_join.h"
#include "exec/join/nested_loop_join.h"
#include "exec/materialize/materialize.h"
#include "exec/scan/index_scan_source.h"
#include "exec/scan/table_scan_source.h"
#include "exec/setop/distinct_on.h"
#include "exec/setop/row_number.h"
#include "exec/setop/set_operation.h"
#include "exec/sort/sort.h"

namespace driftdb::exec {

PlanCompiler::~PlanCompiler() {
  // Consumers before producers: a source may refer to what an earlier breaker owns.
  while (!owned_.empty()) owned_.pop_back();
}

Fragment PlanCompiler::FromSource(Source* source, uint32_t node_id) {
  Fragment fragment;
  Phase phase;
  phase.source = source;
  phase.source_node = node_id;
  fragment.phases.push_back(std::move(phase));
  return fragment;
}

void PlanCompiler::AddOperator(Fragment* fragment, Operator* op, uint32_t node_id) {
  for (Phase& phase : fragment->phases) phase.steps.push_back({op, node_id});
}

void PlanCompiler::CloseWith(Fragment fragment, Sink* sink) {
  ExecutionStep step;
  step.pipeline.phases = std::move(fragment.phases);
  step.pipeline.sink = sink;
  steps_.push_back(std::move(step));
}

std::vector<const expr::Expr*> PlanCompiler::Refs(const std::vector<expr::ExprPtr>& expressions) {
  std::vector<const expr::Expr*> refs;
  for (const expr::ExprPtr& expression : expressions) refs.push_back(expression.get());
  return refs;
}

Status PlanCompiler::RunSteps() {
  for (ExecutionStep& step : steps_) {
    if (step.action) {
      DRIFTDB_RETURN_IF_ERROR(step.action());
    } else {
      DRIFTDB_RETURN_IF_ERROR(RunPipeline(context_, step.pipeline));
    }
  }
  steps_.clear();
  return OkStatus();
}

void PlanCompiler::AddFilter(uint32_t scan_id, uint32_t column,
                             std::shared_ptr<const storage::ColumnPredicate> predicate) {
  const auto it = scans_.find(scan_id);
  if (it != scans_.end()) it->second->AddFilter(column, std::move(predicate));
}

Result<Fragment> PlanCompiler::Build(const sql::PhysicalNode& node) {
  if (node.As<sql::PhysicalHashJoin>() != nullptr) return BuildHashJoin(node);
  if (node.As<sql::PhysicalNestedLoopJoin>() != nullptr) return BuildNestedLoop(node);
  if (node.As<sql::PhysicalIndexJoin>() != nullptr) return BuildIndexJoin(node);
  if (node.As<sql::PhysicalAggregate>() != nullptr) return BuildAggregate(node);
  if (node.As<sql::PhysicalSort>() != nullptr) return BuildSort(node);
  if (node.As<sql::PhysicalTopN>() != nullptr) return BuildTopN(node);
  if (node.As<sql::PhysicalSetOperation>() != nullptr) return BuildSetOperation(node);
  if (const auto* cte = node.As<sql::PhysicalCte>()) {
    return cte->recursive ? BuildRecursiveCte(node) : BuildCte(node);
  }
  if (node.As<sql::PhysicalCteScan>() != nullptr) return BuildCteScan(node);
  if (node.As<sql::PhysicalInsert>() != nullptr || node.As<sql::PhysicalUpdate>() != nullptr ||
      node.As<sql::PhysicalDelete>() != nullptr) {
    return BuildDml(node);
  }
  if (node.As<sql::PhysicalFilter>() != nullptr || node.As<sql::PhysicalProjection>() != nullptr ||
      node.As<sql::PhysicalLimit>() != nullptr || node.As<sql::PhysicalDistinctOn>() != nullptr ||
      node.As<sql::PhysicalWindow>() != nullptr) {
    return BuildStreaming(node);
  }
  return BuildLeaf(node);
}

Result<Fragment> PlanCompiler::BuildLeaf(const sql::PhysicalNode& node) {
  if (const auto* scan = node.As<sql::PhysicalTableScan>()) {
    auto* source = Own<TableScanSource>(scan, node.node_id);
    scans_[scan->scan_id] = source;
    return FromSource(source, node.node_id);
  }
  if (const auto* scan = node.As<sql::PhysicalIndexScan>()) {
    Fragment fragment = FromSource(Own<IndexScanSource>(scan, node.node_id), node.node_id);
    fragment.ordered = true;
    return fragment;
  }
  if (node.As<sql::PhysicalSingleRow>() != nullptr) {
    return FromSource(Own<SingleRowSource>(), node.node_id);
  }
  if (node.As<sql::PhysicalEmpty>() != nullptr) return FromSource(Own<EmptySource>(), node.node_id);
  if (const auto* values = node.As<sql::PhysicalValues>()) {
    return FromSource(Own<ValuesSource>(values, node.types), node.node_id);
  }
  if (const auto* function = node.As<sql::PhysicalTableFunction>()) {
    if (!node.children.empty()) {
      DRIFTDB_ASSIGN_OR_RETURN(Fragment input, Build(*node.children[0]));
      AddOperator(&input, Own<SeriesOperator>(function, node.types.back()), node.node_id);
      return input;
    }
    return FromSource(Own<SeriesSource>(function, node.types[0]), node.node_id);
  }
  return InternalError("physical plan node {} of an unknown kind", node.node_id);
}

Result<Fragment> PlanCompiler::BuildStreaming(const sql::PhysicalNode& node) {
  DRIFTDB_ASSIGN_OR_RETURN(Fragment fragment, Build(*node.children[0]));
  if (const auto* filter = node.As<sql::PhysicalFilter>()) {
    AddOperator(&fragment, Own<FilterOperator>(Refs(filter->conjuncts)), node.node_id);
  } else if (const auto* projection = node.As<sql::PhysicalProjection>()) {
    AddOperator(&fragment, Own<ProjectionOperator>(Refs(projection->expressions)), node.node_id);
  } else if (const auto* limit = node.As<sql::PhysicalLimit>()) {
    AddOperator(&fragment, Own<LimitOperator>(limit->limit.get(), limit->offset.get()),
                node.node_id);
  } else if (const auto* window = node.As<sql::PhysicalWindow>()) {
    for (const expr::ExprPtr& call : window->calls) {
      if (call->window->function != expr::WindowFunction::kRowNumber) {
        return Error(sqlstate::kFeatureNotSupported, "window functions are not supported")
            .At(call->position);
      }
      AddOperator(&fragment, Own<RowNumber>(Refs(call->window->partition_by)), node.node_id);
    }
  } else {
    const auto* distinct = node.As<sql::PhysicalDistinctOn>();
    DistinctOnOptions options;
    options.types = node.children[0]->types;
    options.keys = Refs(distinct->keys);
    options.node_id = node.node_id;
    AddOperator(&fragment, Own<DistinctOn>(std::move(options)), node.node_id);
  }
  return fragment;
}

Result<Fragment> PlanCompiler::BuildHashJoin(const sql::PhysicalNode& node) {
  const auto* plan = node.As<sql::PhysicalHashJoin>();
  HashJoinOptions options;
  options.type = plan->type;
  options.left_types = node.children[0]->types;
  options.right_types = node.children[1]->types;
  options.left_keys = Refs(plan->left_keys);
  options.right_keys = Refs(plan->right_keys);
  options.null_safe = plan->null_safe;
  options.residual = Refs(plan->residual);
  options.null_aware = plan->null_aware;
  options.output = plan->output;
  options.filters = plan->filters;
  options.filter_sink = this;
  options.build_unique = plan->build_unique;
  options.node_id = node.node_id;
  auto* join = Own<HashJoin>(std::move(options));
  DRIFTDB_ASSIGN_OR_RETURN(Fragment build, Build(*node.children[1]));
  CloseWith(std::move(build), join->build_sink());
  DRIFTDB_ASSIGN_OR_RETURN(Fragment probe, Build(*node.children[0]));
  AddOperator(&probe, join->probe(), node.node_id);
  if (Source* unmatched = join->unmatched(); unmatched != nullptr) {
    Phase phase;
    phase.source = unmatched;
    phase.source_node = node.node_id;
    probe.phases.push_back(std::move(phase));
    probe.ordered = false;
  }
  return probe;
}

Result<Fragment> PlanCompiler::BuildNestedLoop(const sql::PhysicalNode& node) {
  const auto* plan = node.As<sql::PhysicalNestedLoopJoin>();
  NestedLoopJoinOptions options;
  options.type = plan->type;
  options.left_types = node.children[0]->types;
  options.right_types = node.children[1]->types;
  options.conditions = Refs(plan->conditions);
  options.output = plan->output;
  options.node_id = node.node_id;
  auto* join = Own<NestedLoopJoin>(std::move(options));
  DRIFTDB_ASSIGN_OR_RETURN(Fragment build, Build(*node.children[1]));
  CloseWith(std::move(build), join->build_sink());
  DRIFTDB_ASSIGN_OR_RETURN(Fragment probe, Build(*node.children[0]));
  AddOperator(&probe, join->probe(), node.node_id);
  if (Source* unmatched = join->unmatched(); unmatched != nullptr) {
    Phase phase;
    phase.source = unmatched;
    phase.source_node = node.node_id;
    probe.phases.push_back(std::move(phase));
  }
  return probe;
}

Result<Fragment> PlanCompiler::BuildIndexJoin(const sql::PhysicalNode& node) {
  const auto* plan = node.As<sql::PhysicalIndexJoin>();
  DRIFTDB_ASSIGN_OR_RETURN(Fragment probe, Build(*node.children[0]));
  AddOperator(&probe, Own<IndexJoinOperator>(plan, node.children[0]->types), node.node_id);
  return probe;
}

Result<Fragment> PlanCompiler::BuildAggregate(const sql::PhysicalNode& node) {
  const auto* plan = node.As<sql::PhysicalAggregate>();
  AggregateOptions options;
  options.strategy = plan->strategy;
  options.input_types = node.children[0]->types;
  options.groups = Refs(plan->groups);
  options.aggregates = Refs(plan->aggregates);
  options.grouping_sets = plan->grouping_sets;
  options.grouping_calls = plan->grouping_calls;
  options.estimated_groups = plan->estimated_groups;
  options.node_id = node.node_id;
  auto* aggregate = Own<Aggregate>(std::move(options));
  DRIFTDB_ASSIGN_OR_RETURN(Fragment child, Build(*node.children[0]));
  CloseWith(std::move(child), aggregate->sink());
  return FromSource(aggregate->source(), node.node_id);
}

namespace {

std::vector<SortKeyRef> PlanSortKeys(const std::vector<expr::SortKey>& keys) {
  std::vector<SortKeyRef> refs;
  for (const expr::SortKey& key : keys) {
    refs.push_back({key.expr.get(), key.descending, key.nulls_first});
  }
  return refs;
}

}  // namespace

Result<Fragment> PlanCompiler::BuildSort(const sql::PhysicalNode& node) {
  const auto* plan = node.As<sql::PhysicalSort>();
  SortOptions options;
  options.types = node.children[0]->types;
  options.keys = PlanSortKeys(plan->keys);
  options.node_id = node.node_id;
  auto* sort = Own<Sort>(std::move(options));
  DRIFTDB_ASSIGN_OR_RETURN(Fragment child, Build(*node.children[0]));
  CloseWith(std::move(child), sort->sink());
  Fragment fragment = FromSource(sort->source(), node.node_id);
  fragment.ordered = true;
  return fragment;
}

Result<Fragment> PlanCompiler::BuildTopN(const sql::PhysicalNode& node) {
  const auto* plan = node.As<sql::PhysicalTopN>();
  TopNOptions options;
  options.types = node.children[0]->types;
  options.keys = PlanSortKeys(plan->keys);
  options.with_ties = plan->with_ties;
  options.node_id = node.node_id;
  auto* top = Own<TopN>(std::move(options));
  DRIFTDB_ASSIGN_OR_RETURN(Fragment child, Build(*node.children[0]));
  ExecutionStep limits;
  limits.action = [this, plan, top]() -> Status {
    DRIFTDB_ASSIGN_OR_RETURN(const uint64_t offset,
                             EvaluateRowCount(plan->offset.get(), context_, false, 0));
    DRIFTDB_ASSIGN_OR_RETURN(const uint64_t limit,
                             EvaluateRowCount(plan->limit.get(), context_, true, UINT64_MAX));
    top->set_limits(limit, offset);
    return OkStatus();
  };
  steps_.push_back(std::move(limits));
  CloseWith(std::move(child), top->sink());
  Fragment fragment = FromSource(top->source(), node.node_id);
  fragment.ordered = true;
  return fragment;
}

Result<Fragment> PlanCompiler::BuildSetOperation(const sql::PhysicalNode& node) {
  const auto* plan = node.As<sql::PhysicalSetOperation>();
  if (plan->op == sql::LogicalSetOp::kUnion) {
    Fragment all;
    for (const sql::PhysicalPtr& child : node.children) {
      DRIFTDB_ASSIGN_OR_RETURN(Fragment fragment, Build(*child));
      for (Phase& phase : fragment.phases) all.phases.push_back(std::move(phase));
    }
    return all;
  }
  SetOperationOptions options;
  options.op = plan->op;
  options.all = plan->all;
  options.types = node.types;
  options.node_id = node.node_id;
  auto* operation = Own<SetOperation>(std::move(options));
  DRIFTDB_ASSIGN_OR_RETURN(Fragment left, Build(*node.children[0]));
  CloseWith(std::move(left), operation->left_sink());
  DRIFTDB_ASSIGN_OR_RETURN(Fragment right, Build(*node.children[1]));
  CloseWith(std::move(right), operation->right_sink());
  return FromSource(operation->source(), node.node_id);
}

const ChunkCollection* PlanCompiler::FindCte(uint32_t cte_id) const {
  const auto it = ctes_.find(cte_id);
  if (it != ctes_.end()) return it->second;
  return outer_ == nullptr ? nullptr : outer_->FindCte(cte_id);
}

Result<Fragment> PlanCompiler::BuildCte(const sql::PhysicalNode& node) {
  const auto* plan = node.As<sql::PhysicalCte>();
  MaterializeOptions options;
  options.types = node.children[0]->types;
  options.node_id = node.node_id;
  auto* rows = Own<Materialize>(std::move(options));
  DRIFTDB_ASSIGN_OR_RETURN(Fragment definition, Build(*node.children[0]));
  CloseWith(std::move(definition), rows->sink());
  ctes_[plan->cte_id] = &rows->rows();
  return Build(*node.children[1]);
}

Result<Fragment> PlanCompiler::BuildCteScan(const sql::PhysicalNode& node) {
  const auto* plan = node.As<sql::PhysicalCteScan>();
  if (const auto lazy = lazy_ctes_.find(plan->cte_id); lazy != lazy_ctes_.end()) {
    return FromSource(lazy->second, node.node_id);
  }
  const ChunkCollection* rows = FindCte(plan->cte_id);
  DRIFTDB_CHECK_OR_RETURN(rows != nullptr, "CTE {} is read before it is made", plan->cte_id);
  std::shared_ptr<Source> source = MakeCollectionSource(rows);
  Source* raw = source.get();
  owned_.push_back(std::move(source));
  return FromSource(raw, node.node_id);
}

Result<Fragment> PlanCompiler::BuildDml(const sql::PhysicalNode& node) {
  if (const auto* insert = node.As<sql::PhysicalInsert>()) {
    dml_ = Own<InsertSink>(insert);
  } else if (const auto* update = node.As<sql::PhysicalUpdate>()) {
    dml_ = Own<UpdateSink>(update);
  } else {
    dml_ = Own<DeleteSink>(node.As<sql::PhysicalDelete>());
  }
  DRIFTDB_ASSIGN_OR_RETURN(Fragment child, Build(*node.children[0]));
  CloseWith(std::move(child), dml_);
  return FromSource(Own<ChunkListSource>(&dml_->returned()), node.node_id);
}

}  // namespace driftdb::exec
