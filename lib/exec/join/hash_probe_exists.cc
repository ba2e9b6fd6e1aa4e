// HashProbe for the types that ask whether there is a partner: semi, anti, mark.
#include <algorithm>

#include "base/check.h"
#include "base/status_macros.h"
#include "exec/join/hash_probe.h"

namespace driftdb::exec {

namespace {

const uint16_t* ExistsPositions(const Chunk& chunk) {
  return chunk.selection() == nullptr ? RowIdentity() : chunk.selection()->rows();
}

}  // namespace

Status HashProbe::FindFirstMatches(HashProbeLocal* local, const Chunk& input) {
  const bool dense = state_->table.dense();
  if (dense && plan_.residual == nullptr) {
    for (size_t c = 0; c < local->candidates; ++c) SetBit(local->found, local->positions[c]);
    return OkStatus();
  }
  const size_t row_bytes = plan_.layout.row_bytes();
  size_t active = local->candidates;
  std::copy_n(RowIdentity(), active, local->active);
  while (active > 0) {
    // One pair per candidate that still has rows.
    size_t n = 0;
    size_t left = 0;
    for (size_t i = 0; i < active; ++i) {
      const uint16_t c = local->active[i];
      const uint8_t*& row = local->begin[c];
      if (!dense) {
        while (row != local->end[c] && RowLayout::Hash(row) != local->hashes[c]) row += row_bytes;
      }
      if (row == local->end[c]) continue;
      local->pair_positions[n] = local->positions[c];
      local->pair_candidates[n] = c;
      local->pair_rows[n++] = row;
      row += row_bytes;
      local->active[left++] = c;
    }
    local->pairs = n;
    DRIFTDB_RETURN_IF_ERROR(MatchPairs(local, input));
    DRIFTDB_RETURN_IF_ERROR(FilterResidual(local, input));
    for (size_t i = 0; i < local->pairs; ++i) SetBit(local->found, local->pair_positions[i]);
    active = 0;
    for (size_t i = 0; i < left; ++i) {
      const uint16_t c = local->active[i];
      local->active[active] = c;
      active += BitIsSet(local->found, local->positions[c]) ? 0 : 1;
    }
  }
  return OkStatus();
}

// Whether some build row (of all, or of those with a NULL key) satisfies the residual condition for
// the probe row at `position`.
Result<bool> HashProbe::AnyPasses(HashProbeLocal* local, const Chunk& input, size_t position,
                                  bool only_null_rows) {
  size_t n = 0;
  bool any = false;
  const auto flush = [&]() -> Status {
    local->pairs = n;
    n = 0;
    DRIFTDB_RETURN_IF_ERROR(state_->context->CheckCancel());
    DRIFTDB_RETURN_IF_ERROR(FilterResidual(local, input));
    any |= local->pairs > 0;
    return OkStatus();
  };
  const size_t row_bytes = plan_.layout.row_bytes();
  const auto scan = [&](const uint8_t* row, uint64_t rows) -> Status {
    for (uint64_t r = 0; r < rows && !any; ++r, row += row_bytes) {
      local->pair_positions[n] = static_cast<uint16_t>(position);
      local->pair_rows[n++] = row;
      if (n == kVectorRows) DRIFTDB_RETURN_IF_ERROR(flush());
    }
    return OkStatus();
  };
  for (const auto& store : state_->null_stores) {
    for (const RowStore::Page& page : store->pages()) {
      DRIFTDB_RETURN_IF_ERROR(scan(page.bytes.get(), page.rows));
    }
  }
  if (!only_null_rows) {
    DRIFTDB_RETURN_IF_ERROR(scan(state_->table.rows(), state_->table.row_count()));
  }
  if (n > 0 && !any) DRIFTDB_RETURN_IF_ERROR(flush());
  return any;
}

// x IN (build) for an x without partner: unknown when x or some build key is NULL and the build is
// not empty; with a residual condition the build is what passes it.
Result<bool> HashProbe::IsUnknown(HashProbeLocal* local, const Chunk& input, size_t position) {
  const bool null_key = local->keys[0].IsNull(position);
  if (plan_.residual == nullptr) {
    return null_key ? !state_->build_empty() : state_->has_null_key;
  }
  if (!null_key && !state_->has_null_key) return false;
  return AnyPasses(local, input, position, !null_key);
}

Status HashProbe::EmitExistence(HashProbeLocal* local, const Chunk& input, Chunk* output) {
  if (plan_.options.type == sql::PhysicalJoinType::kMark) return EmitMark(local, input, output);
  const bool wanted = plan_.options.type == sql::PhysicalJoinType::kSemi;
  const uint16_t* positions = ExistsPositions(input);
  size_t count = 0;
  for (size_t i = 0; i < input.size(); ++i) {
    local->chosen[count] = positions[i];
    count += BitIsSet(local->found, positions[i]) == wanted ? 1 : 0;
  }
  if (plan_.options.null_aware && !wanted) {
    size_t known = 0;
    for (size_t i = 0; i < count; ++i) {
      DRIFTDB_ASSIGN_OR_RETURN(const bool unknown, IsUnknown(local, input, local->chosen[i]));
      local->chosen[known] = local->chosen[i];
      known += unknown ? 0 : 1;
    }
    count = known;
  }
  if (count == 0) return OkStatus();
  EmitAtPositions(input, local->chosen, nullptr, count, output);
  return OkStatus();
}

Status HashProbe::EmitMark(HashProbeLocal* local, const Chunk& input, Chunk* output) {
  const std::vector<uint32_t>& slots = plan_.options.output;
  const uint32_t mark_slot = static_cast<uint32_t>(plan_.left_width + plan_.right_width);
  output->columns().resize(slots.size());
  output->set_row_count(input.row_count());
  output->set_selection(input.shared_selection());
  const uint16_t* positions = ExistsPositions(input);
  for (size_t o = 0; o < slots.size(); ++o) {
    Vector& out = output->column(o);
    if (slots[o] < plan_.left_width) {
      out = input.column(slots[o]);
      continue;
    }
    DRIFTDB_DCHECK(slots[o] == mark_slot);
    out.set_type(TypeId::kBoolean);
    out.AllocateFlat(kVectorRows);
    auto* marks = out.data<uint8_t>();
    for (size_t i = 0; i < input.size(); ++i) {
      const uint16_t at = positions[i];
      marks[at] = BitIsSet(local->found, at) ? 1 : 0;
      if (marks[at] != 0 || !plan_.options.null_aware) continue;
      DRIFTDB_ASSIGN_OR_RETURN(const bool unknown, IsUnknown(local, input, at));
      if (unknown) out.SetNull(at);
    }
  }
  (void)mark_slot;
  return OkStatus();
}

}  // namespace driftdb::exec
