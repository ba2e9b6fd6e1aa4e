// SegmentReader: reads, filters and probes one segment.
// Shape: vectors are numbered from 0 within the segment; rows of a vector from 0; rows of ReadOne
// within the segment. Invariants: SEG-1 Open checks every offset, count and width of the header and
// the vector directory against the payload's size; what only a full pass could check (codes, string
// offsets) is checked when used. So bytes from disk never lead outside the payload: DataLoss, or
// values that are wrong but defined. Threads: safe to share after Open. Scratch objects are one
// thread's. Ownership: output vectors hold the payload's pin (zero copy) or own their bytes.
// Errors: DataLoss; those of the extent store for value extents.
#ifndef DRIFTDB_STORAGE_COLUMN_SEGMENT_READER_H_
#define DRIFTDB_STORAGE_COLUMN_SEGMENT_READER_H_

#include <memory>
#include <vector>

#include "platform/mutex.h"
#include "storage/column/column_predicate.h"
#include "storage/column/segment.h"
#include "storage/page/extent_store.h"

namespace driftdb::storage {

enum class ZoneDecision : uint8_t {
  kNone,  // no row can satisfy
  kSome,
  kAll,  // every row satisfies
};
// What a zone map alone says. kAll only where no row is NULL (or the predicate accepts NULL).
ZoneDecision CheckZone(const ColumnPredicate& predicate, const ZoneMap& zone,
                       PhysicalType physical);

class SegmentReader;

// A predicate translated into one segment's code domain; made by SegmentReader::Prepare, immutable.
class SegmentPredicate {
 public:
  ~SegmentPredicate();
  SegmentPredicate(SegmentPredicate&&) noexcept;
  SegmentPredicate& operator=(SegmentPredicate&&) noexcept;
  // For the whole segment, after looking at its entries, not only at its zone map.
  ZoneDecision decision() const;

 private:
  friend class SegmentReader;
  friend struct SegmentFilter;
  struct State;
  explicit SegmentPredicate(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Decode buffers of one thread; about 8 KiB and a vector.
struct SegmentScratch {
  alignas(64) uint32_t codes[kVectorRows];
  Vector decoded;
};

class SegmentReader {
 public:
  // `store` is used for value extents only and may be null for segments without any. `meta` is
  // copied.
  static Result<std::shared_ptr<const SegmentReader>> Open(const SegmentMeta& meta,
                                                           LogicalType type, PinnedBytes payload,
                                                           ExtentStore* store);
  // Pins the payload and opens it.
  static Result<std::shared_ptr<const SegmentReader>> Open(const SegmentMeta& meta,
                                                           LogicalType type, ExtentStore* store);
  ~SegmentReader();

  const SegmentMeta& meta() const { return meta_; }
  uint32_t vector_count() const { return meta_.vector_count(); }
  uint32_t RowsOf(uint32_t vector) const {
    const uint32_t from = vector * static_cast<uint32_t>(kVectorRows);
    const uint32_t left = meta_.row_count - from;
    return left < kVectorRows ? left : static_cast<uint32_t>(kVectorRows);
  }
  ZoneMap VectorZone(uint32_t vector) const;
  // Same for all vectors read from this segment as dictionary vectors; 0 when it has no dictionary.
  uint64_t dictionary_id() const { return dictionary_id_; }
  uint32_t dictionary_size() const { return entry_count_; }

  // Row r of `out` is row r of the vector: dictionary, constant or flat, whatever is cheapest.
  Status Read(uint32_t vector, Vector* out) const;
  // Row i of `out` is row rows[i] (ascending) of the vector: late materialisation.
  Status ReadSelected(uint32_t vector, const uint16_t* rows, size_t count, Vector* out) const;
  // Stores one row into row `to` of `out`, an own flat vector (see Vector::AllocateFlat); strings
  // are copied.
  Status ReadOne(uint32_t row, Vector* out, size_t to) const;

  Result<SegmentPredicate> Prepare(const ColumnPredicate& predicate) const;
  // By zone map and segment-wide translation.
  ZoneDecision Check(const SegmentPredicate& predicate, uint32_t vector) const;
  // Clears the bits of the vector's rows that do not satisfy; bits already clear stay clear.
  Status Filter(uint32_t vector, const SegmentPredicate& predicate, SegmentScratch* scratch,
                uint64_t* bits) const;

 private:
  friend struct SegmentFilter;
  friend struct SegmentDecoder;
  friend struct SegmentValidator;
  SegmentReader(const SegmentMeta& meta, LogicalType type, PinnedBytes payload, ExtentStore* store)
      : meta_(meta), type_(type), payload_(std::move(payload)), store_(store) {}
  // Null: no row of the vector is NULL.
  const uint64_t* ValidityOf(uint32_t vector) const;
  Result<std::shared_ptr<const Vector>> Entries() const;

  SegmentMeta meta_;
  LogicalType type_;
  PinnedBytes payload_;
  ExtentStore* store_;
  uint64_t dictionary_id_ = 0;
  uint64_t value_bytes_ = 0;
  uint32_t entry_count_ = 0;  // dictionary entries, runs, 1 for a constant
  uint32_t code_bits_ = 0;
  uint32_t heap_bytes_ = 0;
  bool narrow_zones_ = true;
  bool all_null_ = false;
  const char* zones_ = nullptr;
  const uint64_t* validity_ = nullptr;  // null: no NULLs, or all
  const char* vectors_ = nullptr;       // SegmentVector each
  const char* data_ = nullptr;
  const char* entries_ = nullptr;
  const char* heap_ = nullptr;
  // Entries as a vector, built at the first use.
  mutable platform::Mutex mutex_;
  mutable std::shared_ptr<const Vector> entry_vector_ DRIFTDB_GUARDED_BY(mutex_);
};

}  // namespace driftdb::storage

#endif  // DRIFTDB_STORAGE_COLUMN_SEGMENT_READER_H_
