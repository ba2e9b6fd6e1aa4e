// RowSorter: sorts rows by index.
// Shape: each row gets a 64-bit word into which as many leading keys are packed as fit, each by the
// range of values that really occurs (a date and an order number take 35 bits); words are sorted by
// radix, and only rows with equal words are compared field by field, from the first key that is not
// wholly in the word.
// Threads: Sort by one thread, using the task pool. Errors: 53200, 57014.
#ifndef DRIFTDB_EXEC_SORT_ROW_SORTER_H_
#define DRIFTDB_EXEC_SORT_ROW_SORTER_H_

#include <vector>

#include "base/memory.h"
#include "exec/query_context.h"
#include "exec/row/row_order.h"
#include "exec/row/row_store.h"

namespace driftdb::exec {

struct SortEntry {
  uint64_t word;
  uint8_t* row;
};

class RowSorter {
 public:
  RowSorter(const RowLayout* layout, const RowOrder* order) : layout_(layout), order_(order) {}
  // Fills `sorted` with pointers to all rows of the stores in order.
  Status Sort(QueryContext* context, const std::vector<RowStore*>& stores,
              std::vector<uint8_t*>* sorted);

 private:
  // What occurs of one key.
  struct KeyRange {
    bool has_null = false;
    bool any = false;  // some value is not NULL
    uint64_t min = UINT64_MAX;
    uint64_t max = 0;
    void Merge(const KeyRange& other);
  };
  // A key's share of the word.
  struct KeyPart {
    size_t key = 0;
    bool has_null = false;
    uint64_t min = 0;
    unsigned bits = 0;   // of the value
    unsigned drop = 0;   // low bits that found no room
    unsigned shift = 0;  // of the part's lowest bit
  };
  void FindRanges(const RowStore::Page& page, std::vector<KeyRange>* ranges) const;
  void PlanWord(const std::vector<KeyRange>& ranges);
  void MakeEntries(const RowStore::Page& page, SortEntry* to) const;
  Status SortEntries(QueryContext* context, std::vector<SortEntry>* entries);
  void SortBucket(SortEntry* entries, SortEntry* scratch, size_t count, unsigned bits) const;

  const RowLayout* layout_;
  const RowOrder* order_;
  std::vector<KeyPart> parts_;
  unsigned word_bits_ = 0;
  size_t exact_keys_ = 0;  // keys wholly in the word
};

}  // namespace driftdb::exec

#endif  // DRIFTDB_EXEC_SORT_ROW_SORTER_H_
