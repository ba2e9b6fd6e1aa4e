// SegmentDecoder: values of one segment by encoding. Internal to storage/column; SegmentReader and
// the filters use it.
#ifndef DRIFTDB_STORAGE_COLUMN_SEGMENT_DECODER_H_
#define DRIFTDB_STORAGE_COLUMN_SEGMENT_DECODER_H_

#include "storage/column/segment_format.h"
#include "storage/column/segment_reader.h"

namespace driftdb::storage {

struct SegmentDecoder {
  const SegmentReader& reader;

  const SegmentMeta& meta() const { return reader.meta_; }
  SegmentVector VectorEntry(uint32_t vector) const;
  const char* VectorData(const SegmentVector& entry) const { return reader.data_ + entry.offset; }
  Status Damaged(const char* what) const;

  // kFor, kDelta, kBits, kRuns: all rows of a vector as they lie in a flat vector, room for
  // kVectorRows.
  Status DecodeFlat(uint32_t vector, uint8_t* to) const;
  // kDictionary: codes, checked against the dictionary's size; room for kVectorRows.
  Status DecodeCodes(uint32_t vector, uint32_t* codes) const;
  // kDictionary: the same unchecked, for tables padded to every possible code.
  void DecodeCodesUnchecked(uint32_t vector, uint32_t* codes) const;
  // One row of fixed width (not kConstant).
  Status DecodeOne(uint32_t vector, uint32_t row, uint8_t* to) const;
  uint32_t CodeOf(uint32_t vector, uint32_t row) const;

  // kStrings, kPackedStrings: the string where it lies. False when it must be decompressed, fetched
  // from value pieces, or refused: ReadStrings then.
  bool StringInPlace(uint32_t vector, uint32_t row, std::string_view* bytes) const;
  Status ReadStrings(uint32_t vector, const uint16_t* rows, size_t count, Vector* out) const;
  Status ReadConstant(uint32_t vector, const uint16_t* rows, size_t count, Vector* out) const;
  Status ReadDictionary(uint32_t vector, const uint16_t* rows, size_t count, Vector* out) const;
  Status ReadFixedSelected(uint32_t vector, const uint16_t* rows, size_t count, Vector* out) const;
  // Validity of the chosen rows of `vector` into `out`, a vector with own memory.
  void GatherValidity(uint32_t vector, const uint16_t* rows, size_t count, Vector* out) const;
  // The run that holds row `row` of the segment.
  uint32_t RunOf(uint32_t row) const;
  uint32_t RunEnd(uint32_t run) const { return LoadFixed<uint32_t>(reader.data_ + run * 4); }

 private:
  void DecodeFor(uint32_t vector, uint8_t* to) const;
  void DecodeDelta(uint32_t vector, uint8_t* to) const;
  void DecodeDeltaBlock(const char* block, const SegmentVector& entry, uint64_t* to) const;
  void DecodeForOne(const SegmentVector& entry, uint32_t row, uint8_t* to) const;
  void DecodeDeltaOne(const SegmentVector& entry, uint32_t row, uint8_t* to) const;
  Status DecodeRuns(uint32_t vector, uint8_t* to) const;
  Status LoadHeap(const SegmentVector& entry, uint32_t rows, Vector* out, const char** heap) const;
  Status FinishStrings(uint32_t vector, const uint16_t* rows, size_t count, Vector* out) const;
  Status ReadSymbols(const SegmentVector& entry, uint32_t all, const uint16_t* rows, size_t count,
                     Vector* out) const;
  Status LoadLarge(const SegmentVector& entry, uint32_t row, Vector* out, size_t to) const;
};

}  // namespace driftdb::storage

#endif  // DRIFTDB_STORAGE_COLUMN_SEGMENT_DECODER_H_
