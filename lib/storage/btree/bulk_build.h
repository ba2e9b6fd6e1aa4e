// BulkIndexBuilder: an unsorted stream of (key, row id) in, one sorted run out, within a memory
// budget. Shape: entries collect in a buffer of up to `memory_bytes`; a full buffer is sorted on
// the first eight key bytes (radix sort) and written as a sorted run of unreferenced extents;
// Finish merges the runs. Several builders may work in parallel on parts of a table; MergeRuns
// joins their results, or each is attached as a run of its own. Threads: one owner per builder.
// Errors: 23505 from a unique build (`duplicate_key()` has the key, for the caller's message);
// 53200 when not even the smallest buffer fits; 54000; the store's.
#ifndef DRIFTDB_STORAGE_BTREE_BULK_BUILD_H_
#define DRIFTDB_STORAGE_BTREE_BULK_BUILD_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/memory.h"
#include "base/status.h"
#include "storage/btree/entry.h"
#include "storage/btree/run_descriptor.h"
#include "storage/page/extent_store.h"

namespace driftdb::storage {

struct BulkBuildOptions {
  size_t memory_bytes = size_t{64} << 20;  // buffer; halved until the accountant grants it
  bool unique = false;                     // pages get fingerprints
  // Not null: equal keys are 23505, unless this encoder finds a NULL column in them.
  const KeyEncoder* reject_duplicates = nullptr;
  bool filter = false;  // the run gets a Bloom filter; not for what becomes the base
};

class BulkIndexBuilder {
 public:
  BulkIndexBuilder(ExtentStore* store, MemoryAccountant* memory, const BulkBuildOptions& options);
  ~BulkIndexBuilder();
  BulkIndexBuilder(const BulkIndexBuilder&) = delete;
  BulkIndexBuilder& operator=(const BulkIndexBuilder&) = delete;

  Status Add(std::string_view key, RowId rid);
  Status AddBatch(const KeyBatch& keys, const RowId* rids);
  // Hand the result to Index::AttachRun, or ReleaseRun it.
  Result<RunDescriptor> Finish();
  const std::string& duplicate_key() const;
  // Runs spilled so far.
  size_t spilled_runs() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Merges sorted runs (oldest first) into one and frees them; for parallel builds.
Result<RunDescriptor> MergeRuns(ExtentStore* store, MemoryAccountant* memory,
                                std::vector<RunDescriptor> runs, const BulkBuildOptions& options,
                                std::string* duplicate_key);
// Frees the extents of a run that was never attached.
void ReleaseRun(ExtentStore* store, const RunDescriptor& run);

}  // namespace driftdb::storage

#endif  // DRIFTDB_STORAGE_BTREE_BULK_BUILD_H_
