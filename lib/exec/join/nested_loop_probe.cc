// The probing operator of a nested loop join.
// The side with fewer rows (left chunk or whole right side) is looped over row by row, its row
// being constants, and the condition is evaluated for a block of the other side at once. Matching
// pairs gather in a buffer of kVectorRows and go out together.
#include <algorithm>
#include <atomic>

#include "base/check.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "exec/join/nested_loop_state.h"
#include "exec/row/key_hash.h"
#include "expr/evaluator.h"

namespace driftdb::exec {

namespace {

struct NestedLoopLocal : LocalState {
  expr::CompiledExpr condition;
  Chunk chunk;  // left ++ right, what the condition sees
  std::shared_ptr<Selection> matches = std::make_shared<Selection>();
  std::shared_ptr<Selection> open = std::make_shared<Selection>();

  bool resuming = false;
  bool by_right_row = false;
  size_t at_left = 0;   // index among the alive left rows
  size_t at_chunk = 0;  // right chunk
  size_t at_right = 0;  // row in it (by_right_row)
  size_t taken = 0;     // of matches, already in the buffer
  bool block_ready = false;

  size_t pairs = 0;
  uint16_t pair_left[kVectorRows];
  uint32_t pair_right[kVectorRows];
  uint64_t found[kValidityWords];
};

class NestedLoopProbe : public Operator {
 public:
  explicit NestedLoopProbe(NestedLoopState* state) : state_(state), options_(state->options) {}
  Result<std::unique_ptr<LocalState>> MakeLocal() override;
  Result<OperatorResult> Execute(LocalState* local, Chunk* input, Chunk* output) override;

 private:
  void Begin(NestedLoopLocal* local, const Chunk& input) const;
  bool AtEnd(const NestedLoopLocal& local, const Chunk& input) const;
  void NextBlock(NestedLoopLocal* local, const Chunk& input) const;
  // Evaluates the condition for the current block; matches are left positions (by_right_row) or
  // right rows.
  Status EvaluateBlock(NestedLoopLocal* local, const Chunk& input);
  Status TakeMatches(NestedLoopLocal* local, const Chunk& input);
  Status NotePair(NestedLoopLocal* local, uint16_t left, uint32_t right);
  Status FindExistence(NestedLoopLocal* local, const Chunk& input);
  void EmitPairs(NestedLoopLocal* local, const Chunk& input, Chunk* output) const;
  void EmitLeft(NestedLoopLocal* local, const Chunk& input, bool wanted, Chunk* output) const;
  void EmitMark(NestedLoopLocal* local, const Chunk& input, Chunk* output) const;
  void GatherRight(size_t column, const uint32_t* rows, size_t count, Vector* out) const;
  bool is_existence() const {
    return options_.type == sql::PhysicalJoinType::kSemi ||
           options_.type == sql::PhysicalJoinType::kAnti ||
           options_.type == sql::PhysicalJoinType::kMark;
  }

  NestedLoopState* const state_;
  const NestedLoopJoinOptions& options_;
};

Result<std::unique_ptr<LocalState>> NestedLoopProbe::MakeLocal() {
  auto local = std::make_unique<NestedLoopLocal>();
  for (const LogicalType& type : options_.left_types) local->chunk.columns().emplace_back(type);
  for (const LogicalType& type : options_.right_types) local->chunk.columns().emplace_back(type);
  if (state_->condition != nullptr) {
    DRIFTDB_ASSIGN_OR_RETURN(
        local->condition, expr::CompiledExpr::Compile(*state_->condition, state_->context->eval));
  }
  return local;
}

void NestedLoopProbe::Begin(NestedLoopLocal* local, const Chunk& input) const {
  local->resuming = true;
  local->by_right_row = state_->rows->row_count() < input.size();
  local->at_left = local->at_chunk = local->at_right = 0;
  local->block_ready = false;
  local->pairs = 0;
  std::fill_n(local->found, kValidityWords, uint64_t{0});
}

bool NestedLoopProbe::AtEnd(const NestedLoopLocal& local, const Chunk& input) const {
  if (state_->rows->row_count() == 0) return true;
  return local.by_right_row ? local.at_chunk == state_->rows->chunk_count()
                            : local.at_left == input.size();
}

void NestedLoopProbe::NextBlock(NestedLoopLocal* local, const Chunk& input) const {
  local->block_ready = false;
  if (local->by_right_row) {
    if (++local->at_right == state_->rows->chunk(local->at_chunk).row_count()) {
      local->at_right = 0;
      ++local->at_chunk;
    }
  } else if (++local->at_chunk == state_->rows->chunk_count()) {
    local->at_chunk = 0;
    ++local->at_left;
  }
}

Status NestedLoopProbe::EvaluateBlock(NestedLoopLocal* local, const Chunk& input) {
  local->block_ready = true;
  local->taken = 0;
  const Chunk& right = state_->rows->chunk(local->at_chunk);
  Chunk& chunk = local->chunk;
  const bool existence = is_existence();
  if (local->by_right_row && existence) {
    // Only rows that are still open.
    if (local->open.use_count() > 1) local->open = std::make_shared<Selection>();
    local->open->set_size(0);
    for (size_t i = 0; i < input.size(); ++i) {
      if (!BitIsSet(local->found, input.row(i))) local->open->Append(input.row(i));
    }
    chunk.set_selection(local->open);
  } else {
    chunk.set_selection(local->by_right_row ? input.shared_selection() : nullptr);
  }
  chunk.set_row_count(local->by_right_row ? input.row_count() : right.row_count());
  Selection& matches = *local->matches;
  if (state_->condition == nullptr) {
    matches.set_size(0);
    for (size_t i = 0; i < chunk.size(); ++i) matches.Append(chunk.row(i));
    return OkStatus();
  }
  const size_t left_row = local->by_right_row ? 0 : input.row(local->at_left);
  for (const uint32_t slot : state_->condition_slots) {
    const bool is_left = slot < state_->left_width;
    Vector& to = chunk.column(slot);
    const Vector& from = is_left ? input.column(slot) : right.column(slot - state_->left_width);
    if (is_left == local->by_right_row) {
      to.Refer(from);
    } else {
      to.SetConstant(from.GetValue(is_left ? left_row : local->at_right));
    }
  }
  return local->condition.Filter(chunk, &matches);
}

Status NestedLoopProbe::NotePair(NestedLoopLocal* local, uint16_t left, uint32_t right) {
  using sql::PhysicalJoinType;
  if (state_->emits_build_rows()) {
    std::atomic_ref<uint8_t>(state_->matched[right]).store(1, std::memory_order_relaxed);
  }
  if (options_.type == PhysicalJoinType::kSingle && BitIsSet(local->found, left)) {
    return Error(sqlstate::kCardinalityViolation,
                 "more than one row returned by a subquery used as an expression");
  }
  SetBit(local->found, left);
  return OkStatus();
}

// Moves matches of the block to the pair buffer until one of them is exhausted.
Status NestedLoopProbe::TakeMatches(NestedLoopLocal* local, const Chunk& input) {
  const Selection& matches = *local->matches;
  const auto base = static_cast<uint32_t>(state_->first_row[local->at_chunk]);
  for (; local->taken < matches.size() && local->pairs < kVectorRows; ++local->taken) {
    const uint16_t match = matches[local->taken];
    const auto left =
        local->by_right_row ? match : static_cast<uint16_t>(input.row(local->at_left));
    const auto right =
        base + (local->by_right_row ? static_cast<uint32_t>(local->at_right) : match);
    DRIFTDB_RETURN_IF_ERROR(NotePair(local, left, right));
    local->pair_left[local->pairs] = left;
    local->pair_right[local->pairs++] = right;
  }
  return OkStatus();
}

Status NestedLoopProbe::FindExistence(NestedLoopLocal* local, const Chunk& input) {
  while (!AtEnd(*local, input)) {
    DRIFTDB_RETURN_IF_ERROR(state_->context->CheckCancel());
    DRIFTDB_RETURN_IF_ERROR(EvaluateBlock(local, input));
    const Selection& matches = *local->matches;
    if (local->by_right_row) {
      for (size_t i = 0; i < matches.size(); ++i) SetBit(local->found, matches[i]);
      if (local->open->size() == matches.size()) return OkStatus();  // nothing is open any more
    } else if (matches.size() > 0) {
      SetBit(local->found, input.row(local->at_left));
      local->at_chunk = state_->rows->chunk_count() - 1;  // on to the next left row
    }
    NextBlock(local, input);
  }
  return OkStatus();
}

Result<OperatorResult> NestedLoopProbe::Execute(LocalState* local_state, Chunk* input,
                                                Chunk* output) {
  using sql::PhysicalJoinType;
  auto* local = static_cast<NestedLoopLocal*>(local_state);
  output->set_row_count(0);
  output->set_selection(nullptr);
  if (!local->resuming) Begin(local, *input);
  if (is_existence()) {
    local->resuming = false;
    DRIFTDB_RETURN_IF_ERROR(FindExistence(local, *input));
    if (options_.type == PhysicalJoinType::kMark) {
      EmitMark(local, *input, output);
    } else {
      EmitLeft(local, *input, options_.type == PhysicalJoinType::kSemi, output);
    }
    return OperatorResult::kNeedInput;
  }
  const bool silent = options_.type == PhysicalJoinType::kRightSemi ||
                      options_.type == PhysicalJoinType::kRightAnti;
  while (!AtEnd(*local, *input)) {
    if (!local->block_ready) {
      DRIFTDB_RETURN_IF_ERROR(state_->context->CheckCancel());
      DRIFTDB_RETURN_IF_ERROR(EvaluateBlock(local, *input));
    }
    DRIFTDB_RETURN_IF_ERROR(TakeMatches(local, *input));
    if (local->taken == local->matches->size()) NextBlock(local, *input);
    if (silent) {
      local->pairs = 0;
    } else if (local->pairs == kVectorRows) {
      EmitPairs(local, *input, output);
      local->pairs = 0;
      return OperatorResult::kHaveMore;
    }
  }
  if (local->pairs > 0) {
    EmitPairs(local, *input, output);
    local->pairs = 0;
    return OperatorResult::kHaveMore;
  }
  local->resuming = false;
  if (options_.type == PhysicalJoinType::kLeft || options_.type == PhysicalJoinType::kFull ||
      options_.type == PhysicalJoinType::kSingle) {
    EmitLeft(local, *input, false, output);
  }
  return OperatorResult::kNeedInput;
}

void NestedLoopProbe::GatherRight(size_t column, const uint32_t* rows, size_t count,
                                  Vector* out) const {
  out->set_type(options_.right_types[column]);
  out->AllocateFlat(kVectorRows);
  const size_t width = out->type().width();
  size_t c = 0;
  for (size_t i = 0; i < count; ++i) {
    // Neighbours mostly lie in one chunk.
    if (rows[i] < state_->first_row[c] || rows[i] >= state_->first_row[c + 1]) {
      const auto after =
          std::upper_bound(state_->first_row.begin(), state_->first_row.end(), rows[i]);
      c = static_cast<size_t>(after - state_->first_row.begin()) - 1;
    }
    const Vector& from = state_->rows->chunk(c).column(column);
    const size_t at = rows[i] - state_->first_row[c];
    std::memcpy(out->mutable_raw_data() + i * width, from.raw_data() + at * width, width);
    if (from.IsNull(at)) out->SetNull(i);
  }
  if (out->type().physical() == PhysicalType::kString) out->Hold(state_->rows);
}

void NestedLoopProbe::EmitPairs(NestedLoopLocal* local, const Chunk& input, Chunk* output) const {
  output->columns().resize(options_.output.size());
  output->set_row_count(local->pairs);
  for (size_t o = 0; o < options_.output.size(); ++o) {
    const uint32_t slot = options_.output[o];
    Vector& out = output->column(o);
    if (slot < state_->left_width) {
      out.set_type(options_.left_types[slot]);
      out.Slice(input.column(slot), local->pair_left, local->pairs);
    } else {
      GatherRight(slot - state_->left_width, local->pair_right, local->pairs, &out);
    }
  }
}

// Left rows that have (or have not) found a partner; right columns are NULL.
void NestedLoopProbe::EmitLeft(NestedLoopLocal* local, const Chunk& input, bool wanted,
                               Chunk* output) const {
  auto selection = std::make_shared<Selection>();
  for (size_t i = 0; i < input.size(); ++i) {
    if (BitIsSet(local->found, input.row(i)) == wanted) selection->Append(input.row(i));
  }
  if (selection->size() == 0) return;
  output->columns().resize(options_.output.size());
  output->set_row_count(input.row_count());
  for (size_t o = 0; o < options_.output.size(); ++o) {
    const uint32_t slot = options_.output[o];
    if (slot < state_->left_width) {
      output->column(o) = input.column(slot);
    } else {
      output->column(o) = Vector(options_.right_types[slot - state_->left_width]);
      output->column(o).SetConstantNull();
    }
  }
  output->set_selection(std::move(selection));
}

void NestedLoopProbe::EmitMark(NestedLoopLocal* local, const Chunk& input, Chunk* output) const {
  output->columns().resize(options_.output.size());
  output->set_row_count(input.row_count());
  output->set_selection(input.shared_selection());
  for (size_t o = 0; o < options_.output.size(); ++o) {
    const uint32_t slot = options_.output[o];
    Vector& out = output->column(o);
    if (slot < state_->left_width) {
      out = input.column(slot);
      continue;
    }
    out.set_type(TypeId::kBoolean);
    out.AllocateFlat(kVectorRows);
    for (size_t i = 0; i < input.size(); ++i) {
      const size_t at = input.row(i);
      out.data<uint8_t>()[at] = BitIsSet(local->found, at) ? 1 : 0;
    }
  }
}

}  // namespace

std::unique_ptr<Operator> MakeNestedLoopProbe(NestedLoopState* state) {
  return std::make_unique<NestedLoopProbe>(state);
}

}  // namespace driftdb::exec
