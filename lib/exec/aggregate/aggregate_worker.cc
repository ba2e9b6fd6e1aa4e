#include "exec/aggregate/aggregate_worker.h"

#include <algorithm>

#include "base/check.h"
#include "base/status_macros.h"

namespace driftdb::exec {

namespace {

// A worker's table of about the size of the L2 cache; when it does not reduce its input, it starts
// over instead of growing, and the merge finds the duplicates.
constexpr size_t kAggregateLocalGroups = 32 << 10;
// Where the optimizer knows that there are not many more groups than that, the table may grow to them
// all: rows that look random at first meet their group later, and nothing is left to merge.
constexpr double kAggregateKnownGroups = 512 << 10;

const uint16_t* AggregatePositions(const Chunk& chunk) {
  return chunk.selection() == nullptr ? RowIdentity() : chunk.selection()->rows();
}

expr::RowSet AggregateRowSet(const uint16_t* positions, size_t rows) {
  return {positions == RowIdentity() ? nullptr : positions, rows};
}

// `chunk`'s columns with the rows that pass `filter`.
Status AggregateFilterChunk(const Chunk& chunk, expr::CompiledExpr* filter,
                            std::shared_ptr<Selection>* selection, Chunk* out) {
  *out = chunk;
  if (*selection == nullptr || selection->use_count() > 1) {
    *selection = std::make_shared<Selection>();
  }
  DRIFTDB_RETURN_IF_ERROR(filter->Filter(chunk, selection->get()));
  out->set_selection(*selection);
  return OkStatus();
}

}  // namespace

Result<std::unique_ptr<AggregateWorker>> AggregateWorker::Make(const AggregatePlan* plan,
                                                               QueryContext* context,
                                                               double groups) {
  std::unique_ptr<AggregateWorker> worker(new AggregateWorker());
  worker->plan_ = plan;
  worker->context_ = context;
  DRIFTDB_ASSIGN_OR_RETURN(worker->shared_, ExpressionColumns::Make(plan->shared, context->eval));
  GroupTableOptions options;
  options.layout = &plan->layout;
  options.key_count = plan->key_count;
  options.state_template = plan->state_template.data();
  options.state_bytes = plan->state_template.size();
  options.memory = context->memory;
  options.expected_groups = static_cast<size_t>(std::clamp(groups, 0.0, 1048576.0));
  worker->local_groups_ = kAggregateLocalGroups;
  if (groups < kAggregateKnownGroups) {
    worker->local_groups_ = std::max(worker->local_groups_, options.expected_groups * 2);
  }
  worker->groups_ = std::make_unique<GroupTable>(options);
  worker->args_.resize(plan->shared.size());
  worker->arg_scratch_.resize(plan->shared.size());
  for (size_t g = 0; g < plan->group_count; ++g) {
    worker->null_keys_.emplace_back(plan->layout.type(g));
    worker->null_keys_.back().SetConstantNull();
  }
  worker->set_number_ = Vector(TypeId::kInt32);
  worker->keys_.resize(plan->key_count);
  worker->filtered_.resize(plan->calls.size());
  for (size_t c = 0; c < plan->calls.size(); ++c) {
    const AggregateCallPlan& call = plan->calls[c];
    if (!call.plain || call.filter == nullptr) continue;
    DRIFTDB_ASSIGN_OR_RETURN(worker->filtered_[c].filter,
                             expr::CompiledExpr::Compile(*call.filter, context->eval));
    DRIFTDB_ASSIGN_OR_RETURN(worker->filtered_[c].columns,
                             ExpressionColumns::Make(call.args, context->eval));
  }
  for (const AggregateSideSet& side : plan->sides) {
    Side at;
    if (side.ordered) {
      at.store =
          std::make_unique<RowStore>(side.layout.row_bytes(), context->memory, "ordered aggregate");
    } else {
      GroupTableOptions table = options;
      table.layout = &side.layout;
      table.key_count = side.layout.field_count();
      table.state_template = nullptr;
      table.state_bytes = 0;
      table.what = "distinct aggregate";
      table.expected_groups = 0;
      at.table = std::make_unique<GroupTable>(table);
    }
    if (side.filter != nullptr) {
      DRIFTDB_ASSIGN_OR_RETURN(at.filter, expr::CompiledExpr::Compile(*side.filter, context->eval));
    }
    DRIFTDB_ASSIGN_OR_RETURN(at.columns, ExpressionColumns::Make(side.exprs, context->eval));
    worker->sides_.push_back(std::move(at));
  }
  return worker;
}

void AggregateWorker::SetKeys(size_t set) {
  for (size_t g = 0; g < plan_->group_count; ++g) {
    keys_[g] = plan_->sets[set][g] ? &shared_[g] : &null_keys_[g];
  }
  if (plan_->grouping_sets) {
    set_number_.SetConstant(Value::Int32(static_cast<int32_t>(set)));
    keys_[plan_->group_count] = &set_number_;
  }
}

void AggregateWorker::MakeArgs(size_t row_count) {
  for (size_t a = plan_->group_count; a < plan_->shared.size(); ++a) {
    args_[a] = expr::MakeKernelArg(shared_[a], row_count, &arg_scratch_[a]);
  }
}

Status AggregateWorker::Consume(const Chunk& chunk) {
  if (chunk.size() == 0) return OkStatus();
  DRIFTDB_RETURN_IF_ERROR(shared_.Evaluate(chunk));
  MakeArgs(chunk.row_count());
  for (size_t set = 0; set < plan_->sets.size(); ++set) {
    DRIFTDB_RETURN_IF_ERROR(ConsumeSet(chunk, set));
  }
  for (size_t side = 0; side < sides_.size(); ++side) {
    DRIFTDB_RETURN_IF_ERROR(ConsumeSide(chunk, side));
  }
  rows_since_reset_ += chunk.size() * plan_->sets.size();
  if (context_->threads > 1 && groups_->indexed_count() > local_groups_) {
    if (rows_since_reset_ < groups_->indexed_count() * 2) {
      groups_->ResetIndex();
      was_reset_ = true;
      rows_since_reset_ = 0;
    }
  }
  return groups_->rows().Account();
}

Status AggregateWorker::ConsumeSet(const Chunk& chunk, size_t set) {
  const uint16_t* positions = AggregatePositions(chunk);
  const size_t rows = chunk.size();
  SetKeys(set);
  if (!plan_->has_filters) {
    DRIFTDB_ASSIGN_OR_RETURN(
        const bool few, groups_->FindFew(keys_.data(), chunk.row_count(), positions, rows, &few_));
    if (few) return UpdateFew(chunk);
  }
  if (plan_->key_count == 0) {
    // One group: found once per chunk, updated as a whole.
    DRIFTDB_RETURN_IF_ERROR(
        groups_->FindOrCreate(nullptr, chunk.row_count(), positions, 1, group_rows_));
    std::fill_n(group_rows_ + 1, rows - 1, group_rows_[0]);
  } else {
    DRIFTDB_RETURN_IF_ERROR(
        groups_->FindOrCreate(keys_.data(), chunk.row_count(), positions, rows, group_rows_));
  }
  return UpdateAll(chunk, rows);
}

Status AggregateWorker::UpdateAll(const Chunk& chunk, size_t rows) {
  const uint16_t* positions = AggregatePositions(chunk);
  for (size_t c = 0; c < plan_->calls.size(); ++c) {
    const AggregateCallPlan& call = plan_->calls[c];
    if (!call.plain) continue;
    if (call.filter != nullptr) {
      DRIFTDB_RETURN_IF_ERROR(UpdateFiltered(c, chunk, positions, rows));
      continue;
    }
    expr::AggregateInput input;
    input.args = args_.data() + call.first_arg;
    input.arg_count = call.args.size();
    input.rows = AggregateRowSet(positions, rows);
    input.arena = groups_->rows().heap();
    if (plan_->key_count == 0) {
      DRIFTDB_RETURN_IF_ERROR(
          call.bound.kernels.update_one(input, group_rows_[0] + call.state_offset));
    } else {
      DRIFTDB_RETURN_IF_ERROR(
          call.bound.kernels.update_groups(input, group_rows_, call.state_offset));
    }
  }
  return OkStatus();
}

Status AggregateWorker::UpdateFew(const Chunk& chunk) {
  const bool whole = few_.count == 1;
  for (const AggregateCallPlan& call : plan_->calls) {
    if (!call.plain) continue;
    expr::AggregateInput input;
    input.args = args_.data() + call.first_arg;
    input.arg_count = call.args.size();
    input.arena = groups_->rows().heap();
    for (size_t b = 0; b < few_.count; ++b) {
      input.rows = whole
                       ? AggregateRowSet(AggregatePositions(chunk), chunk.size())
                       : expr::RowSet{few_.rows + few_.begin[b], few_.begin[b + 1] - few_.begin[b]};
      DRIFTDB_RETURN_IF_ERROR(
          call.bound.kernels.update_one(input, few_.group[b] + call.state_offset));
    }
  }
  return OkStatus();
}

// FILTER decides before the arguments are evaluated: they may fail for the other rows.
Status AggregateWorker::UpdateFiltered(size_t c, const Chunk& chunk, const uint16_t* positions,
                                       size_t rows) {
  const AggregateCallPlan& call = plan_->calls[c];
  Filtered& filtered = filtered_[c];
  Chunk passing;
  DRIFTDB_RETURN_IF_ERROR(
      AggregateFilterChunk(chunk, &filtered.filter, &filtered.selection, &passing));
  if (passing.size() == 0) return OkStatus();
  DRIFTDB_RETURN_IF_ERROR(filtered.columns.Evaluate(passing));
  std::vector<expr::KernelArg> args(call.args.size());
  std::vector<Vector> scratch(call.args.size());
  for (size_t a = 0; a < args.size(); ++a) {
    args[a] = expr::MakeKernelArg(filtered.columns[a], chunk.row_count(), &scratch[a]);
  }
  const Selection& selection = *passing.selection();
  size_t kept = 0;
  for (size_t k = 0; k < rows && kept < selection.size(); ++k) {
    if (positions[k] == selection[kept]) filtered_rows_[kept++] = group_rows_[k];
  }
  expr::AggregateInput input;
  input.args = args.data();
  input.arg_count = args.size();
  input.rows = {selection.rows(), selection.size()};
  input.arena = groups_->rows().heap();
  return call.bound.kernels.update_groups(input, filtered_rows_, call.state_offset);
}

Status AggregateWorker::ConsumeSide(const Chunk& chunk, size_t s) {
  const AggregateSideSet& plan = plan_->sides[s];
  Side& side = sides_[s];
  Chunk filtered;
  const Chunk* input = &chunk;
  if (plan.filter != nullptr) {
    DRIFTDB_RETURN_IF_ERROR(AggregateFilterChunk(chunk, &side.filter, &side.selection, &filtered));
    input = &filtered;
  }
  const size_t rows = input->size();
  if (rows == 0) return OkStatus();
  DRIFTDB_RETURN_IF_ERROR(side.columns.Evaluate(*input));
  const uint16_t* positions = AggregatePositions(*input);
  std::vector<Vector*> keys(plan.layout.field_count());
  for (size_t e = 0; e < plan.exprs.size(); ++e) keys[plan_->key_count + e] = &side.columns[e];
  for (size_t set = 0; set < plan_->sets.size(); ++set) {
    SetKeys(set);
    std::copy(keys_.begin(), keys_.end(), keys.begin());
    if (plan.ordered) {
      hasher_.Hash(keys.data(), plan_->key_count, chunk.row_count(), positions, rows, hashes_);
      DRIFTDB_RETURN_IF_ERROR(side.store->Allocate(rows, filtered_rows_));
      for (size_t k = 0; k < rows; ++k) {
        RowLayout::SetHash(filtered_rows_[k], hashes_[k]);
        plan.layout.InitRow(filtered_rows_[k]);
      }
      for (size_t f = 0; f < keys.size(); ++f) {
        plan.layout.Scatter(f, keys[f]->View(chunk.row_count()), positions, rows, filtered_rows_,
                            side.store->heap());
      }
      DRIFTDB_RETURN_IF_ERROR(side.store->Account());
      continue;
    }
    DRIFTDB_RETURN_IF_ERROR(
        side.table->FindOrCreate(keys.data(), chunk.row_count(), positions, rows, filtered_rows_));
    side.rows_since_reset += rows;
    if (context_->threads > 1 && side.table->indexed_count() > kAggregateLocalGroups &&
        side.rows_since_reset < side.table->indexed_count() * 2) {
      side.table->ResetIndex();
      side.was_reset = true;
      side.rows_since_reset = 0;
    }
  }
  return OkStatus();
}

Status AggregateWorker::Update(Vector* const* keys, Vector* const* args, size_t rows,
                               const std::vector<size_t>& calls) {
  DRIFTDB_RETURN_IF_ERROR(groups_->FindOrCreate(keys, rows, RowIdentity(),
                                                plan_->key_count == 0 ? 1 : rows, group_rows_));
  if (plan_->key_count == 0) std::fill_n(group_rows_ + 1, rows - 1, group_rows_[0]);
  for (const size_t c : calls) {
    const AggregateCallPlan& call = plan_->calls[c];
    std::vector<expr::KernelArg> views(call.args.size());
    std::vector<Vector> scratch(call.args.size());
    for (size_t a = 0; a < views.size(); ++a) {
      views[a] = expr::MakeKernelArg(*args[a], rows, &scratch[a]);
    }
    expr::AggregateInput input;
    input.args = views.data();
    input.arg_count = views.size();
    input.rows = {nullptr, rows};
    input.arena = groups_->rows().heap();
    DRIFTDB_RETURN_IF_ERROR(
        call.bound.kernels.update_groups(input, group_rows_, call.state_offset));
  }
  return groups_->rows().Account();
}

}  // namespace driftdb::exec
