#include "exec/join/hash_probe.h"

#include <algorithm>
#include <array>
#include <atomic>

#include "base/check.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/status_macros.h"

namespace driftdb::exec {

namespace {

template <typename T>
void ProbeIntegers(const VectorView& view, const uint16_t* positions, size_t rows, int64_t* to) {
  const T* values = reinterpret_cast<const T*>(view.data);
  if (view.index == nullptr) {
    for (size_t i = 0; i < rows; ++i) to[positions[i]] = values[positions[i]];
  } else {
    for (size_t i = 0; i < rows; ++i) to[positions[i]] = values[view.index[positions[i]]];
  }
}

const uint16_t* ProbePositions(const Chunk& chunk) {
  return chunk.selection() == nullptr ? RowIdentity() : chunk.selection()->rows();
}

}  // namespace

std::unique_ptr<Operator> MakeHashProbe(HashJoinState* state) {
  return std::make_unique<HashProbe>(state);
}

Status HashProbe::Prepare(QueryContext* context) {
  DRIFTDB_DCHECK(state_->built);  // the build pipeline comes first
  const PhysicalType type = plan_.layout.type(0).physical();
  integer_key_ = plan_.key_count == 1 && !plan_.null_safe_any &&
                 (type == PhysicalType::kBool || type == PhysicalType::kInt16 ||
                  type == PhysicalType::kInt32 || type == PhysicalType::kInt64);
  return OkStatus();
}

Result<std::unique_ptr<LocalState>> HashProbe::MakeLocal() {
  auto local = std::make_unique<HashProbeLocal>();
  DRIFTDB_ASSIGN_OR_RETURN(local->keys,
                           ExpressionColumns::Make(plan_.options.left_keys, state_->context->eval));
  if (plan_.residual != nullptr) {
    DRIFTDB_ASSIGN_OR_RETURN(local->residual,
                             expr::CompiledExpr::Compile(*plan_.residual, state_->context->eval));
    for (const LogicalType& type : plan_.options.left_types) {
      local->residual_chunk.columns().emplace_back(type);
    }
    for (const LogicalType& type : plan_.options.right_types) {
      local->residual_chunk.columns().emplace_back(type);
    }
  }
  return local;
}

Result<OperatorResult> HashProbe::Execute(LocalState* local_state, Chunk* input, Chunk* output) {
  auto* local = static_cast<HashProbeLocal*>(local_state);
  using sql::PhysicalJoinType;
  const PhysicalJoinType type = plan_.options.type;
  output->set_row_count(0);
  output->set_selection(nullptr);
  if (!local->resuming) DRIFTDB_RETURN_IF_ERROR(FindCandidates(local, *input));
  if (plan_.first_match_only()) {
    DRIFTDB_RETURN_IF_ERROR(FindFirstMatches(local, *input));
    DRIFTDB_RETURN_IF_ERROR(EmitExistence(local, *input, output));
    return OperatorResult::kNeedInput;
  }
  const bool outer = type == PhysicalJoinType::kLeft || type == PhysicalJoinType::kFull ||
                     type == PhysicalJoinType::kSingle;
  const bool first = !local->resuming;
  local->resuming = true;
  while (!local->pairs_done) {
    DRIFTDB_RETURN_IF_ERROR(NextPairs(local, *input));
    local->pairs_done = local->at_candidate == local->candidates;
    if (local->pairs == 0) continue;
    DRIFTDB_RETURN_IF_ERROR(NotePairs(local));
    if (type == PhysicalJoinType::kRightSemi || type == PhysicalJoinType::kRightAnti) continue;
    if (outer && first && local->pairs_done && EmitOuterAtOnce(local, *input, output)) {
      local->resuming = false;
      return OperatorResult::kNeedInput;
    }
    EmitPairs(local, *input, output);
    if (local->pairs_done && !outer) break;
    return OperatorResult::kHaveMore;
  }
  if (outer) EmitUnmatched(local, *input, output);
  local->resuming = false;
  return OperatorResult::kNeedInput;
}

Status HashProbe::FindCandidates(HashProbeLocal* local, const Chunk& input) {
  DRIFTDB_RETURN_IF_ERROR(local->keys.Evaluate(input));
  const uint16_t* positions = ProbePositions(input);
  size_t rows = input.size();
  local->pairs_done = false;
  local->at_candidate = 0;
  local->at_row = nullptr;
  local->candidates = 0;
  std::fill_n(local->found, kValidityWords, uint64_t{0});
  if (state_->table.row_count() == 0) return OkStatus();
  for (size_t k = 0; k < plan_.key_count; ++k) {
    if (plan_.null_safe(k)) continue;
    const VectorView view = local->keys[k].View(input.row_count());
    if (view.all_valid()) continue;
    size_t valid = 0;
    for (size_t i = 0; i < rows; ++i) {
      const uint16_t at = positions[i];
      local->valid[valid] = at;
      valid += view.valid(at) ? 1 : 0;
    }
    positions = local->valid;
    rows = valid;
  }
  if (integer_key_) {
    const VectorView view = local->keys[0].View(input.row_count());
    switch (plan_.layout.type(0).width()) {
      case 1:
        ProbeIntegers<uint8_t>(view, positions, rows, local->integers);
        break;
      case 2:
        ProbeIntegers<int16_t>(view, positions, rows, local->integers);
        break;
      case 4:
        ProbeIntegers<int32_t>(view, positions, rows, local->integers);
        break;
      default:
        ProbeIntegers<int64_t>(view, positions, rows, local->integers);
    }
  }
  if (state_->table.dense()) {
    FindDenseCandidates(local, positions, rows);
    return OkStatus();
  }
  if (integer_key_) {
    for (size_t i = 0; i < rows; ++i) {
      local->hashes[i] = HashInt64(static_cast<uint64_t>(local->integers[positions[i]]));
    }
  } else {
    local->hasher.Hash(local->keys.pointers(), plan_.key_count, input.row_count(), positions, rows,
                       local->hashes);
  }
  FindHashCandidates(local, positions, rows);
  return OkStatus();
}

void HashProbe::FindDenseCandidates(HashProbeLocal* local, const uint16_t* positions, size_t rows) {
  const JoinTable& table = state_->table;
  if (table.large()) {
    for (size_t i = 0; i < rows; ++i) {
      __builtin_prefetch(table.DenseAddress(local->integers[positions[i]]));
    }
  }
  size_t count = 0;
  for (size_t i = 0; i < rows; ++i) {
    const uint16_t at = positions[i];
    local->positions[count] = at;
    count += table.FindDense(local->integers[at], &local->begin[count], &local->end[count]) ? 1 : 0;
  }
  local->candidates = count;
}

void HashProbe::FindHashCandidates(HashProbeLocal* local, const uint16_t* positions, size_t rows) {
  const JoinTable& table = state_->table;
  if (table.large()) {
    for (size_t i = 0; i < rows; ++i) __builtin_prefetch(table.Entry(local->hashes[i]));
  }
  size_t count = 0;
  for (size_t i = 0; i < rows; ++i) {
    const uint64_t hash = local->hashes[i];
    local->positions[count] = positions[i];
    const bool hit = table.FindHash(hash, &local->begin[count], &local->end[count]);
    local->hashes[count] = hash;
    count += hit ? 1 : 0;
  }
  local->candidates = count;
  if (table.large()) {
    for (size_t i = 0; i < count; ++i) __builtin_prefetch(local->begin[i]);
  }
}

bool HashProbe::KeyEqual(const HashProbeLocal& local, size_t candidate, const uint8_t* row) const {
  if (RowLayout::Hash(row) != local.hashes[candidate]) return false;
  // The hash of one integer is a bijection, and NULL keys are not in the table.
  return true;
}

// Enumerates the candidates' rows into pairs until a batch is full.
void HashProbe::CollectPairs(HashProbeLocal* local) {
  const size_t row_bytes = plan_.layout.row_bytes();
  const bool dense = state_->table.dense();
  size_t n = 0;
  size_t c = local->at_candidate;
  const uint8_t* row = local->at_row;
  for (; c < local->candidates; ++c, row = nullptr) {
    if (row == nullptr) row = local->begin[c];
    for (; row != local->end[c]; row += row_bytes) {
      if (n == kVectorRows) {
        local->at_candidate = c;
        local->at_row = row;
        local->pairs = n;
        return;
      }
      local->pair_positions[n] = local->positions[c];
      local->pair_rows[n] = row;
      n += dense || KeyEqual(*local, c, row) ? 1 : 0;
    }
  }
  local->at_candidate = c;
  local->at_row = nullptr;
  local->pairs = n;
}

// Keeps the pairs whose keys are equal. REQUIRES: equal hashes.
Status HashProbe::MatchPairs(HashProbeLocal* local, const Chunk& input) {
  if (integer_key_ || local->pairs == 0) return OkStatus();
  size_t n = local->pairs;
  std::copy_n(RowIdentity(), n, local->chosen);
  for (size_t k = 0; k < plan_.key_count && n > 0; ++k) {
    n = plan_.layout.Match(k, local->keys[k].View(input.row_count()), local->pair_positions,
                           local->pair_rows, plan_.null_safe(k), local->chosen, n, nullptr,
                           nullptr);
  }
  if (n == local->pairs) return OkStatus();
  for (size_t i = 0; i < n; ++i) {
    local->pair_positions[i] = local->pair_positions[local->chosen[i]];
    local->pair_rows[i] = local->pair_rows[local->chosen[i]];
    local->pair_candidates[i] = local->pair_candidates[local->chosen[i]];
  }
  local->pairs = n;
  return OkStatus();
}

void HashProbe::SetLeftColumns(const Chunk& input, const uint16_t* positions, size_t rows,
                               const std::vector<uint32_t>& slots, Chunk* out) const {
  // Flat columns share one array of codes.
  std::shared_ptr<std::array<uint32_t, kVectorRows>> codes;
  for (const uint32_t slot : slots) {
    if (slot >= plan_.left_width) continue;
    const Vector& from = input.column(slot);
    Vector& to = out->column(slot);
    if (from.kind() != VectorKind::kFlat) {
      to.Slice(from, positions, rows);
      continue;
    }
    if (codes == nullptr) {
      codes = std::make_shared<std::array<uint32_t, kVectorRows>>();
      for (size_t i = 0; i < rows; ++i) (*codes)[i] = positions[i];
    }
    to.ReferDictionary(codes->data(), codes, std::make_shared<Vector>(from), kVectorRows, 0);
  }
}

Status HashProbe::FilterResidual(HashProbeLocal* local, const Chunk& input) {
  const size_t n = local->pairs;
  if (plan_.residual == nullptr || n == 0) return OkStatus();
  Chunk& chunk = local->residual_chunk;
  SetLeftColumns(input, local->pair_positions, n, plan_.residual_slots, &chunk);
  for (const uint32_t slot : plan_.residual_slots) {
    if (slot < plan_.left_width) continue;
    plan_.layout.Gather(plan_.right_fields[slot - plan_.left_width], local->pair_rows, n,
                        &chunk.column(slot));
  }
  chunk.set_row_count(n);
  DRIFTDB_RETURN_IF_ERROR(local->residual.Filter(chunk, &local->residual_selection));
  const Selection& kept = local->residual_selection;
  for (size_t i = 0; i < kept.size(); ++i) {
    local->pair_positions[i] = local->pair_positions[kept[i]];
    local->pair_rows[i] = local->pair_rows[kept[i]];
    local->pair_candidates[i] = local->pair_candidates[kept[i]];
  }
  local->pairs = kept.size();
  return OkStatus();
}

Status HashProbe::NextPairs(HashProbeLocal* local, const Chunk& input) {
  CollectPairs(local);
  DRIFTDB_RETURN_IF_ERROR(MatchPairs(local, input));
  return FilterResidual(local, input);
}

// Remembers which rows of either side have partners.
Status HashProbe::NotePairs(HashProbeLocal* local) {
  using sql::PhysicalJoinType;
  const PhysicalJoinType type = plan_.options.type;
  if (plan_.emits_build_rows()) {
    for (size_t i = 0; i < local->pairs; ++i) {
      // Other workers may set the same flag; rows of the table belong to this join alone.
      std::atomic_ref<uint8_t> flag(
          const_cast<uint8_t*>(local->pair_rows[i])[plan_.layout.flag_offset()]);
      if (flag.load(std::memory_order_relaxed) == 0) flag.store(1, std::memory_order_relaxed);
    }
  }
  if (type == PhysicalJoinType::kSingle) {
    for (size_t i = 0; i < local->pairs; ++i) {
      if (BitIsSet(local->found, local->pair_positions[i])) {
        return Error(sqlstate::kCardinalityViolation,
                     "more than one row returned by a subquery used as an expression");
      }
      SetBit(local->found, local->pair_positions[i]);
    }
  } else if (type == PhysicalJoinType::kLeft || type == PhysicalJoinType::kFull) {
    for (size_t i = 0; i < local->pairs; ++i) SetBit(local->found, local->pair_positions[i]);
  }
  return OkStatus();
}

// Output at the input's positions: its columns go on as they are.
void HashProbe::EmitAtPositions(const Chunk& input, const uint16_t* positions,
                                const uint8_t* const* rows, size_t count, Chunk* output) const {
  const std::vector<uint32_t>& slots = plan_.options.output;
  output->columns().resize(slots.size());
  output->set_row_count(input.row_count());
  for (size_t o = 0; o < slots.size(); ++o) {
    Vector& out = output->column(o);
    if (slots[o] < plan_.left_width) {
      out = input.column(slots[o]);
      continue;
    }
    const uint32_t field = plan_.right_fields[slots[o] - plan_.left_width];
    out.set_type(plan_.layout.type(field));
    out.AllocateFlat(kVectorRows);
    plan_.layout.GatherAt(field, rows, positions, count, &out);
    if (out.type().physical() == PhysicalType::kString) out.Hold(state_->heaps);
  }
  if (count == input.row_count()) return;
  if (count == input.size() && input.selection() != nullptr) {
    // Every alive row: the input's selection serves.
    output->set_selection(input.shared_selection());
    return;
  }
  auto selection = std::make_shared<Selection>();
  std::copy_n(positions, count, selection->rows());
  selection->set_size(count);
  output->set_selection(std::move(selection));
}

void HashProbe::EmitPairs(HashProbeLocal* local, const Chunk& input, Chunk* output) const {
  const size_t n = local->pairs;
  bool ascending = true;
  for (size_t i = 1; i < n; ++i) {
    ascending &= local->pair_positions[i] > local->pair_positions[i - 1];
  }
  if (ascending) {
    EmitAtPositions(input, local->pair_positions, local->pair_rows, n, output);
    return;
  }
  const std::vector<uint32_t>& slots = plan_.options.output;
  output->columns().resize(slots.size());
  output->set_row_count(n);
  std::shared_ptr<std::array<uint32_t, kVectorRows>> codes;
  for (size_t o = 0; o < slots.size(); ++o) {
    Vector& out = output->column(o);
    if (slots[o] < plan_.left_width) {
      const Vector& from = input.column(slots[o]);
      out.set_type(from.type());
      if (from.kind() != VectorKind::kFlat) {
        out.Slice(from, local->pair_positions, n);
        continue;
      }
      if (codes == nullptr) {
        codes = std::make_shared<std::array<uint32_t, kVectorRows>>();
        for (size_t i = 0; i < n; ++i) (*codes)[i] = local->pair_positions[i];
      }
      out.ReferDictionary(codes->data(), codes, std::make_shared<Vector>(from), kVectorRows, 0);
      continue;
    }
    plan_.layout.Gather(plan_.right_fields[slots[o] - plan_.left_width], local->pair_rows, n, &out);
    if (out.type().physical() == PhysicalType::kString) out.Hold(state_->heaps);
  }
}

// When all partners of a chunk came in one batch, at most one per row, the unmatched rows go out
// with them.
bool HashProbe::EmitOuterAtOnce(HashProbeLocal* local, const Chunk& input, Chunk* output) const {
  for (size_t i = 1; i < local->pairs; ++i) {
    if (local->pair_positions[i] <= local->pair_positions[i - 1]) return false;
  }
  const size_t rows = input.size();
  // From the back, in place: pair i moves to a place >= i.
  size_t pair = local->pairs;
  const uint16_t* positions = ProbePositions(input);
  for (size_t i = rows; i-- > 0;) {
    const bool has = pair > 0 && local->pair_positions[pair - 1] == positions[i];
    const uint8_t* row = has ? local->pair_rows[--pair] : nullptr;
    local->pair_rows[i] = row;
  }
  EmitAtPositions(input, positions, local->pair_rows, rows, output);
  return true;
}

void HashProbe::EmitUnmatched(HashProbeLocal* local, const Chunk& input, Chunk* output) const {
  const uint16_t* positions = ProbePositions(input);
  size_t count = 0;
  for (size_t i = 0; i < input.size(); ++i) {
    local->chosen[count] = positions[i];
    count += BitIsSet(local->found, positions[i]) ? 0 : 1;
  }
  if (count == 0) {
    output->set_row_count(0);
    output->set_selection(nullptr);
    return;
  }
  const std::vector<uint32_t>& slots = plan_.options.output;
  output->columns().resize(slots.size());
  output->set_row_count(input.row_count());
  for (size_t o = 0; o < slots.size(); ++o) {
    Vector& out = output->column(o);
    if (slots[o] < plan_.left_width) {
      out = input.column(slots[o]);
    } else {
      out = Vector(plan_.options.right_types[slots[o] - plan_.left_width]);
      out.SetConstantNull();
    }
  }
  if (count == input.row_count()) return;
  auto selection = std::make_shared<Selection>();
  std::copy_n(local->chosen, count, selection->rows());
  selection->set_size(count);
  output->set_selection(std::move(selection));
}

}  // namespace driftdb::exec
