// Materialize: the rows of one pipeline kept for any number of readers (CTEs, recursion, cursors).
// Shape: sink() ends the producing pipeline; every MakeSource() gives an independent reader of all
// rows, which is parallel itself. Order: with one producing worker, input order; readers with one
// thread keep it.
// Threads: as in operator.h. Lifetime: sources must not outlive the object.
#ifndef DRIFTDB_EXEC_MATERIALIZE_MATERIALIZE_H_
#define DRIFTDB_EXEC_MATERIALIZE_MATERIALIZE_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "exec/materialize/chunk_collection.h"
#include "exec/operator.h"

namespace driftdb::exec {

struct MaterializeOptions {
  std::vector<LogicalType> types;
  bool parallel = true;  // false: keep the order of the input
  uint32_t node_id = UINT32_MAX;
};

class Materialize {
 public:
  explicit Materialize(MaterializeOptions options);
  ~Materialize();
  Materialize(const Materialize&) = delete;
  Materialize& operator=(const Materialize&) = delete;

  Sink* sink();
  std::unique_ptr<Source> MakeSource();
  // The rows, after the sink's Finish. Recursive CTEs swap it between rounds.
  ChunkCollection& rows();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Reads a collection that somebody else owns; parallel over its chunks.
std::unique_ptr<Source> MakeCollectionSource(const ChunkCollection* rows);

}  // namespace driftdb::exec

#endif  // DRIFTDB_EXEC_MATERIALIZE_MATERIALIZE_H_
