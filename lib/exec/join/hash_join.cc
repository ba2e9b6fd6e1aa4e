#include "exec/join/hash_join.h"

#include <algorithm>
#include <atomic>

#include "base/check.h"
#include "base/status_macros.h"
#include "exec/join/hash_join_state.h"
#include "exec/row/expression_columns.h"
#include "exec/row/key_hash.h"

namespace driftdb::exec {

namespace {

bool JoinIsIntegerKey(const LogicalType& type) {
  const PhysicalType physical = type.physical();
  return physical == PhysicalType::kBool || physical == PhysicalType::kInt16 ||
         physical == PhysicalType::kInt32 || physical == PhysicalType::kInt64;
}

struct JoinBuildLocal : LocalState {
  ExpressionColumns columns;
  KeyHasher hasher;
  std::unique_ptr<RowStore> rows;
  std::unique_ptr<RowStore> null_rows;
  JoinKeyBounds bounds;
  bool has_null_key = false;
  uint64_t hashes[kVectorRows];
  uint16_t valid[kVectorRows];
  uint16_t invalid[kVectorRows];
  uint8_t* targets[kVectorRows];
};

template <typename T>
void JoinBoundsOf(const VectorView& view, const uint16_t* positions, size_t rows,
                  JoinKeyBounds* bounds) {
  const T* values = reinterpret_cast<const T*>(view.data);
  JoinKeyBounds seen;
  for (size_t i = 0; i < rows; ++i) {
    const int64_t value = values[view.position(positions[i])];
    seen.min = std::min(seen.min, value);
    seen.max = std::max(seen.max, value);
  }
  bounds->Merge(seen);
}

void JoinUpdateBounds(const LogicalType& type, const VectorView& view, const uint16_t* positions,
                      size_t rows, JoinKeyBounds* bounds) {
  switch (type.width()) {
    case 1:
      return JoinBoundsOf<uint8_t>(view, positions, rows, bounds);
    case 2:
      return JoinBoundsOf<int16_t>(view, positions, rows, bounds);
    case 4:
      return JoinBoundsOf<int32_t>(view, positions, rows, bounds);
    default:
      return JoinBoundsOf<int64_t>(view, positions, rows, bounds);
  }
}

class HashJoinBuild : public Sink {
 public:
  explicit HashJoinBuild(HashJoinState* state) : state_(state) {}
  Status Prepare(QueryContext* context) override {
    state_->context = context;
    return OkStatus();
  }
  Result<std::unique_ptr<LocalState>> MakeLocal() override;
  Result<SinkResult> Consume(LocalState* local, Chunk* chunk) override;
  Status Combine(LocalState* local) override;
  Status Finish(QueryContext* context) override;

 private:
  Status Store(JoinBuildLocal* local, RowStore* store, const Chunk& chunk,
               const uint16_t* positions, size_t rows);
  HashJoinState* const state_;
};

Result<std::unique_ptr<LocalState>> HashJoinBuild::MakeLocal() {
  auto local = std::make_unique<JoinBuildLocal>();
  const JoinPlan& plan = state_->plan;
  DRIFTDB_ASSIGN_OR_RETURN(local->columns,
                           ExpressionColumns::Make(plan.kept, state_->context->eval));
  const size_t bytes = plan.layout.row_bytes();
  local->rows = std::make_unique<RowStore>(bytes, state_->context->memory, "hash join");
  local->null_rows = std::make_unique<RowStore>(bytes, state_->context->memory, "hash join");
  return local;
}

Status HashJoinBuild::Store(JoinBuildLocal* local, RowStore* store, const Chunk& chunk,
                            const uint16_t* positions, size_t rows) {
  const RowLayout& layout = state_->plan.layout;
  DRIFTDB_RETURN_IF_ERROR(store->Allocate(rows, local->targets));
  for (size_t i = 0; i < rows; ++i) {
    RowLayout::SetHash(local->targets[i], local->hashes[i]);
    layout.InitRow(local->targets[i]);
  }
  for (size_t f = 0; f < layout.field_count(); ++f) {
    layout.Scatter(f, local->columns[f].View(chunk.row_count()), positions, rows, local->targets,
                   store->heap());
  }
  return layout.has_strings() ? store->Account() : OkStatus();
}

Result<SinkResult> HashJoinBuild::Consume(LocalState* local_state, Chunk* chunk) {
  auto* local = static_cast<JoinBuildLocal*>(local_state);
  const JoinPlan& plan = state_->plan;
  DRIFTDB_RETURN_IF_ERROR(local->columns.Evaluate(*chunk));
  const uint16_t* positions =
      chunk->selection() == nullptr ? RowIdentity() : chunk->selection()->rows();
  size_t rows = chunk->size();
  size_t nulls = 0;
  for (size_t k = 0; k < plan.key_count; ++k) {
    if (plan.null_safe(k)) continue;
    const VectorView view = local->columns[k].View(chunk->row_count());
    if (view.all_valid()) continue;
    size_t valid = 0;
    for (size_t i = 0; i < rows; ++i) {
      const uint16_t at = positions[i];
      if (view.valid(at)) {
        local->valid[valid++] = at;
      } else {
        local->invalid[nulls++] = at;
      }
    }
    rows = valid;
    positions = local->valid;
  }
  if (nulls > 0) {
    local->has_null_key = true;
    if (plan.keeps_null_rows()) {
      std::sort(local->invalid, local->invalid + nulls);
      std::fill_n(local->hashes, nulls, uint64_t{0});
      DRIFTDB_RETURN_IF_ERROR(Store(local, local->null_rows.get(), *chunk, local->invalid, nulls));
    }
  }
  if (rows == 0) return SinkResult::kMore;
  local->hasher.Hash(local->columns.pointers(), plan.key_count, chunk->row_count(), positions, rows,
                     local->hashes);
  if (plan.key_count == 1 && !plan.null_safe_any && JoinIsIntegerKey(plan.layout.type(0))) {
    JoinUpdateBounds(plan.layout.type(0), local->columns[0].View(chunk->row_count()), positions,
                     rows, &local->bounds);
  }
  DRIFTDB_RETURN_IF_ERROR(Store(local, local->rows.get(), *chunk, positions, rows));
  return SinkResult::kMore;
}

Status HashJoinBuild::Combine(LocalState* local_state) {
  auto* local = static_cast<JoinBuildLocal*>(local_state);
  platform::MutexLock lock(&state_->mutex);
  state_->stores.push_back(std::move(local->rows));
  state_->null_stores.push_back(std::move(local->null_rows));
  state_->bounds.Merge(local->bounds);
  state_->has_null_key |= local->has_null_key;
  return OkStatus();
}

Status HashJoinBuild::Finish(QueryContext* context) {
  std::vector<RowStore*> stores;
  state_->heaps = std::make_shared<std::vector<std::shared_ptr<const void>>>();
  for (auto& store : state_->stores) {
    stores.push_back(store.get());
    state_->heaps->push_back(store->heap_holder());
  }
  for (auto& store : state_->null_stores) state_->heaps->push_back(store->heap_holder());
  DRIFTDB_RETURN_IF_ERROR(state_->table.Build(context, stores, state_->bounds));
  state_->built = true;
  if (state_->plan.emits_build_rows()) {
    state_->unmatched.AddBlock(state_->table.rows(), state_->plan.layout.row_bytes(),
                               state_->table.row_count());
    for (auto& store : state_->null_stores) state_->unmatched.AddPages(*store);
  }
  if (NodeCounters* counters = context->counter(state_->plan.options.node_id);
      counters != nullptr) {
    counters->bytes.store(state_->table.MemoryBytes(), std::memory_order_relaxed);
  }
  return PublishJoinFilters(state_);
}

struct JoinUnmatchedLocal : LocalState {
  RowSliceReader reader;
  const uint8_t* rows[kVectorRows];
};

// Build rows that found no partner (right semi: that found one), after the probe phase.
class HashJoinUnmatched : public Source {
 public:
  explicit HashJoinUnmatched(HashJoinState* state) : state_(state) {}
  Status Prepare(QueryContext* context) override {
    state_->unmatched.Rewind();
    return OkStatus();
  }
  size_t max_threads() const override { return std::max<size_t>(1, state_->unmatched.size()); }
  Result<std::unique_ptr<LocalState>> MakeLocal() override {
    return std::make_unique<JoinUnmatchedLocal>();
  }
  Result<bool> Next(LocalState* local, Chunk* chunk) override;

 private:
  HashJoinState* const state_;
};

Result<bool> HashJoinUnmatched::Next(LocalState* local_state, Chunk* chunk) {
  auto* local = static_cast<JoinUnmatchedLocal*>(local_state);
  const JoinPlan& plan = state_->plan;
  const bool wanted = plan.options.type == sql::PhysicalJoinType::kRightSemi;
  size_t count = 0;
  while (count == 0) {
    const size_t rows = local->reader.Next(&state_->unmatched);
    if (rows == 0) return false;
    DRIFTDB_RETURN_IF_ERROR(state_->context->CheckCancel());
    for (size_t i = 0; i < rows; ++i) {
      const uint8_t* row = local->reader.rows()[i];
      local->rows[count] = row;
      count += (row[plan.layout.flag_offset()] != 0) == wanted ? 1 : 0;
    }
  }
  chunk->columns().resize(plan.options.output.size());
  chunk->set_selection(nullptr);
  chunk->set_row_count(count);
  for (size_t o = 0; o < plan.options.output.size(); ++o) {
    const uint32_t slot = plan.options.output[o];
    Vector& out = chunk->column(o);
    if (slot < plan.left_width) {
      out = Vector(plan.options.left_types[slot]);
      out.SetConstantNull();
      continue;
    }
    const uint32_t field = plan.right_fields[slot - plan.left_width];
    plan.layout.Gather(field, local->rows, count, &out);
    if (out.type().physical() == PhysicalType::kString) out.Hold(state_->heaps);
  }
  return true;
}

}  // namespace

struct HashJoin::Impl {
  explicit Impl(HashJoinOptions options)
      : state(std::move(options)), build(&state), unmatched(&state), probe(MakeHashProbe(&state)) {}
  HashJoinState state;
  HashJoinBuild build;
  HashJoinUnmatched unmatched;
  std::unique_ptr<Operator> probe;
};

HashJoin::HashJoin(HashJoinOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}
HashJoin::~HashJoin() = default;
Sink* HashJoin::build_sink() { return &impl_->build; }
Operator* HashJoin::probe() { return impl_->probe.get(); }
Source* HashJoin::unmatched() {
  return impl_->state.plan.emits_build_rows() ? &impl_->unmatched : nullptr;
}

bool HashJoin::result_is_empty() const {
  using sql::PhysicalJoinType;
  if (!impl_->state.build_empty()) return false;
  switch (impl_->state.plan.options.type) {
    case PhysicalJoinType::kInner:
    case PhysicalJoinType::kRight:
    case PhysicalJoinType::kSemi:
    case PhysicalJoinType::kRightSemi:
    case PhysicalJoinType::kRightAnti:
      return impl_->state.built;
    default:
      return false;
  }
}

}  // namespace driftdb::exec
