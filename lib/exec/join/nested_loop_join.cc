#include "exec/join/nested_loop_join.h"

#include <algorithm>
#include <atomic>

#include "base/check.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "exec/join/nested_loop_state.h"

namespace driftdb::exec {

NestedLoopState::NestedLoopState(NestedLoopJoinOptions given) : options(std::move(given)) {
  left_width = options.left_types.size();
  right_width = options.right_types.size();
  if (options.conditions.empty()) return;
  std::vector<expr::ExprPtr> conjuncts;
  for (const expr::Expr* conjunct : options.conditions) conjuncts.push_back(conjunct->Clone());
  condition = expr::MakeAnd(std::move(conjuncts));
  expr::Walk(*condition, [&](const expr::Expr& node) {
    if (node.kind == expr::ExprKind::kSlot) condition_slots.push_back(node.slot);
    return true;
  });
  std::sort(condition_slots.begin(), condition_slots.end());
  condition_slots.erase(std::unique(condition_slots.begin(), condition_slots.end()),
                        condition_slots.end());
}

bool NestedLoopState::emits_build_rows() const {
  using sql::PhysicalJoinType;
  return options.type == PhysicalJoinType::kRight || options.type == PhysicalJoinType::kFull ||
         options.type == PhysicalJoinType::kRightSemi ||
         options.type == PhysicalJoinType::kRightAnti;
}

namespace {

struct NestedBuildLocal : LocalState {
  ChunkCollection rows;
};

class NestedLoopBuild : public Sink {
 public:
  explicit NestedLoopBuild(NestedLoopState* state) : state_(state) {}
  Status Prepare(QueryContext* context) override {
    state_->context = context;
    *state_->rows =
        ChunkCollection(state_->options.right_types, context->memory, "nested loop join");
    return OkStatus();
  }
  Result<std::unique_ptr<LocalState>> MakeLocal() override {
    auto local = std::make_unique<NestedBuildLocal>();
    local->rows =
        ChunkCollection(state_->options.right_types, state_->context->memory, "nested loop join");
    return local;
  }
  Result<SinkResult> Consume(LocalState* local, Chunk* chunk) override {
    DRIFTDB_RETURN_IF_ERROR(static_cast<NestedBuildLocal*>(local)->rows.Append(*chunk));
    return SinkResult::kMore;
  }
  Status Combine(LocalState* local) override {
    platform::MutexLock lock(&state_->mutex);
    state_->rows->MergeFrom(&static_cast<NestedBuildLocal*>(local)->rows);
    return OkStatus();
  }
  Status Finish(QueryContext* context) override {
    state_->first_row.assign(1, 0);
    for (size_t c = 0; c < state_->rows->chunk_count(); ++c) {
      state_->first_row.push_back(state_->first_row.back() + state_->rows->chunk(c).row_count());
    }
    if (state_->rows->row_count() >= UINT32_MAX) {
      return Error(sqlstate::kProgramLimitExceeded, "nested loop join over {} rows",
                   state_->rows->row_count());
    }
    if (state_->emits_build_rows()) state_->matched.assign(state_->rows->row_count(), 0);
    return OkStatus();
  }

 private:
  NestedLoopState* const state_;
};

class NestedLoopUnmatched : public Source {
 public:
  explicit NestedLoopUnmatched(NestedLoopState* state) : state_(state) {}
  Status Prepare(QueryContext* context) override {
    next_.store(0);
    return OkStatus();
  }
  size_t max_threads() const override { return std::max<size_t>(1, state_->rows->chunk_count()); }
  Result<std::unique_ptr<LocalState>> MakeLocal() override {
    return std::make_unique<LocalState>();
  }
  Result<bool> Next(LocalState* local, Chunk* chunk) override;

 private:
  NestedLoopState* const state_;
  std::atomic<size_t> next_{0};
};

Result<bool> NestedLoopUnmatched::Next(LocalState* local, Chunk* chunk) {
  const NestedLoopJoinOptions& options = state_->options;
  const uint8_t wanted = options.type == sql::PhysicalJoinType::kRightSemi ? 1 : 0;
  while (true) {
    const size_t c = next_.fetch_add(1, std::memory_order_relaxed);
    if (c >= state_->rows->chunk_count()) return false;
    const Chunk& from = state_->rows->chunk(c);
    auto selection = std::make_shared<Selection>();
    const uint8_t* flags = state_->matched.data() + state_->first_row[c];
    for (size_t i = 0; i < from.row_count(); ++i) {
      if (flags[i] == wanted) selection->Append(i);
    }
    if (selection->size() == 0) continue;
    chunk->columns().resize(options.output.size());
    for (size_t o = 0; o < options.output.size(); ++o) {
      const uint32_t slot = options.output[o];
      if (slot < state_->left_width) {
        chunk->column(o) = Vector(options.left_types[slot]);
        chunk->column(o).SetConstantNull();
      } else {
        chunk->column(o) = from.column(slot - state_->left_width);
      }
    }
    chunk->set_row_count(from.row_count());
    chunk->set_selection(std::move(selection));
    return true;
  }
}

}  // namespace

struct NestedLoopJoin::Impl {
  explicit Impl(NestedLoopJoinOptions options)
      : state(std::move(options)),
        build(&state),
        unmatched(&state),
        probe(MakeNestedLoopProbe(&state)) {}
  NestedLoopState state;
  NestedLoopBuild build;
  NestedLoopUnmatched unmatched;
  std::unique_ptr<Operator> probe;
};

NestedLoopJoin::NestedLoopJoin(NestedLoopJoinOptions options)
    : impl_(std::make_unique<Impl>(std::move(options))) {}
NestedLoopJoin::~NestedLoopJoin() = default;
Sink* NestedLoopJoin::build_sink() { return &impl_->build; }
Operator* NestedLoopJoin::probe() { return impl_->probe.get(); }
Source* NestedLoopJoin::unmatched() {
  return impl_->state.emits_build_rows() ? &impl_->unmatched : nullptr;
}

}  // namespace driftdb::exec
