// HashProbe: the probing operator of a hash join.
// A chunk's way: keys, candidates (position, byte range of the table), then either
//   pairs   batches of up to kVectorRows (position, row) pairs, key match, residual, output; the
//           types that need every match
//   rounds  one row per unresolved position and round, until it matches or its range ends; semi,
//           anti and mark, which stop at the first match
#ifndef DRIFTDB_EXEC_JOIN_HASH_PROBE_H_
#define DRIFTDB_EXEC_JOIN_HASH_PROBE_H_

#include <memory>
#include <vector>

#include "exec/join/hash_join_state.h"
#include "exec/row/expression_columns.h"
#include "exec/row/key_hash.h"
#include "expr/evaluator.h"

namespace driftdb::exec {

struct HashProbeLocal : LocalState {
  ExpressionColumns keys;
  KeyHasher hasher;
  expr::CompiledExpr residual;
  Chunk residual_chunk;
  Selection residual_selection;

  bool resuming = false;  // the current input has been looked up already
  bool pairs_done = false;
  size_t candidates = 0;
  size_t at_candidate = 0;
  const uint8_t* at_row = nullptr;  // next row of at_candidate; null: its first
  size_t pairs = 0;

  uint64_t found[kValidityWords];  // by position
  uint64_t hashes[kVectorRows];    // by candidate
  int64_t integers[kVectorRows];   // by position, one integer key
  uint16_t valid[kVectorRows];
  uint16_t positions[kVectorRows];  // by candidate
  const uint8_t* begin[kVectorRows];
  const uint8_t* end[kVectorRows];
  uint16_t pair_positions[kVectorRows];
  uint16_t pair_candidates[kVectorRows];
  const uint8_t* pair_rows[kVectorRows];
  uint16_t chosen[kVectorRows];
  uint16_t active[kVectorRows];
};

class HashProbe : public Operator {
 public:
  explicit HashProbe(HashJoinState* state) : state_(state), plan_(state->plan) {}
  Status Prepare(QueryContext* context) override;
  Result<std::unique_ptr<LocalState>> MakeLocal() override;
  Result<OperatorResult> Execute(LocalState* local, Chunk* input, Chunk* output) override;

 private:
  Status FindCandidates(HashProbeLocal* local, const Chunk& input);
  void FindDenseCandidates(HashProbeLocal* local, const uint16_t* positions, size_t rows);
  void FindHashCandidates(HashProbeLocal* local, const uint16_t* positions, size_t rows);
  // Next batch of pairs that match by key and residual.
  Status NextPairs(HashProbeLocal* local, const Chunk& input);
  void CollectPairs(HashProbeLocal* local);
  bool KeyEqual(const HashProbeLocal& local, size_t candidate, const uint8_t* row) const;
  Status MatchPairs(HashProbeLocal* local, const Chunk& input);
  Status FilterResidual(HashProbeLocal* local, const Chunk& input);
  void SetLeftColumns(const Chunk& input, const uint16_t* positions, size_t rows,
                      const std::vector<uint32_t>& slots, Chunk* out) const;
  Status NotePairs(HashProbeLocal* local);
  void EmitPairs(HashProbeLocal* local, const Chunk& input, Chunk* output) const;
  void EmitAtPositions(const Chunk& input, const uint16_t* positions, const uint8_t* const* rows,
                       size_t count, Chunk* output) const;
  bool EmitOuterAtOnce(HashProbeLocal* local, const Chunk& input, Chunk* output) const;
  void EmitUnmatched(HashProbeLocal* local, const Chunk& input, Chunk* output) const;

  // Rounds.
  Status FindFirstMatches(HashProbeLocal* local, const Chunk& input);
  Status EmitExistence(HashProbeLocal* local, const Chunk& input, Chunk* output);
  Result<bool> IsUnknown(HashProbeLocal* local, const Chunk& input, size_t position);
  Result<bool> AnyPasses(HashProbeLocal* local, const Chunk& input, size_t position,
                         bool only_null_rows);
  Status EmitMark(HashProbeLocal* local, const Chunk& input, Chunk* output);

  HashJoinState* const state_;
  const JoinPlan& plan_;
  bool integer_key_ = false;
};

}  // namespace driftdb::exec

#endif  // DRIFTDB_EXEC_JOIN_HASH_PROBE_H_
