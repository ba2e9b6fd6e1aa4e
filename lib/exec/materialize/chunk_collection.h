// ChunkCollection: rows kept in columnar form, append only.
// Shape: full chunks of kVectorRows flat rows without selection (the last one may be shorter);
// strings are copied into the chunks, so nothing of the input is kept alive (EX-3).
// Threads: append by one owner; afterwards shared read-only by any number of readers.
// Errors: 53200.
#ifndef DRIFTDB_EXEC_MATERIALIZE_CHUNK_COLLECTION_H_
#define DRIFTDB_EXEC_MATERIALIZE_CHUNK_COLLECTION_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "base/memory.h"
#include "base/status.h"
#include "types/chunk.h"

namespace driftdb::exec {

class ChunkCollection {
 public:
  ChunkCollection() = default;
  // `memory` may be null (not accounted). `what` names the consumer in 53200 errors.
  ChunkCollection(std::vector<LogicalType> types, MemoryAccountant* memory, const char* what);

  const std::vector<LogicalType>& types() const { return types_; }
  // Copies the alive rows of `chunk`.
  Status Append(const Chunk& chunk);
  // Takes all chunks of `other` (same types); `other` is left empty.
  void MergeFrom(ChunkCollection* other);
  void Clear();

  uint64_t row_count() const { return row_count_; }
  size_t chunk_count() const { return chunks_.size(); }
  const Chunk& chunk(size_t i) const { return *chunks_[i]; }
  // Makes the columns of *out refer to chunk i; nothing is copied.
  void Refer(size_t i, Chunk* out) const;
  size_t MemoryBytes() const;

 private:
  Status Account();

  std::vector<LogicalType> types_;
  std::vector<std::unique_ptr<Chunk>> chunks_;
  uint64_t row_count_ = 0;
  MemoryAccountant* memory_ = nullptr;
  const char* what_ = "";
  size_t full_bytes_ = 0;                        // of all chunks but the last
  std::vector<MemoryReservation> reservations_;  // own first, then those of merged collections
};

}  // namespace driftdb::exec

#endif  // DRIFTDB_EXEC_MATERIALIZE_CHUNK_COLLECTION_H_
