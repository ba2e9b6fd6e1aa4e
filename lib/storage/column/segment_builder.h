// Shared by the encoders: the rows of one column as SegmentWriter collected them, and the assembly
// of a payload. Internal to storage/column.
#ifndef DRIFTDB_STORAGE_COLUMN_SEGMENT_BUILDER_H_
#define DRIFTDB_STORAGE_COLUMN_SEGMENT_BUILDER_H_

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "base/int128.h"
#include "storage/column/segment_format.h"
#include "storage/column/segment_writer.h"
#include "storage/column/symbol_table.h"

namespace driftdb::storage {

// Values of NULL rows repeat a neighbour, so that they cost nothing.
struct ColumnRows {
  LogicalType type;
  PhysicalType physical = PhysicalType::kInt32;
  uint32_t count = 0;
  uint32_t null_count = 0;
  std::vector<uint64_t> validity;  // all set when null_count == 0
  // One of these, by physical type:
  std::vector<int64_t> integers;  // bool, int16..int64; int128 when value - bias fits
  int128_t bias = 0;              // of integers, for int128
  std::vector<uint64_t> floats;   // bits of float or double
  std::vector<uint128_t> wides;   // int128, interval
  std::vector<StringRef> strings;
  std::vector<Vector> string_owners;  // what `strings` point into

  uint32_t vector_count() const { return (count + kVectorRows - 1) / kVectorRows; }
  uint32_t RowsOf(uint32_t vector) const {
    return std::min<uint32_t>(kVectorRows, count - vector * kVectorRows);
  }
  bool valid(uint32_t row) const { return null_count == 0 || BitIsSet(validity.data(), row); }
  // Appends the physical bytes of rows [from, to) to `out`; not for strings.
  void StoreFixedWidth(uint32_t from, uint32_t to, std::string* out) const;
  bool SameFixed(uint32_t a, uint32_t b) const;
};

// Sorted dictionary of a column; codes[row] indexes it.
struct ColumnDictionary {
  std::vector<uint32_t> first_rows;  // a row with each entry's value
  std::vector<uint32_t> codes;
  uint64_t heap_bytes = 0;  // of strings
  unsigned code_bits() const;
  // False when there are too many values for a dictionary to pay.
  bool Build(const ColumnRows& rows);
};

// Vectors [first, last) of a column, and what of them was decided.
struct SegmentSpan {
  uint32_t first_vector = 0;
  uint32_t last_vector = 0;
};

// Sections in the order they are added, each at a multiple of 64.
class PayloadBuilder {
 public:
  PayloadBuilder(SegmentEncoding encoding, PhysicalType physical, uint32_t row_count);
  SegmentHeader& header() { return header_; }
  // Starts a section and returns its offset.
  uint32_t BeginSection();
  std::string& bytes() { return bytes_; }
  std::string Finish();

 private:
  SegmentHeader header_;
  std::string bytes_;
};

inline unsigned BitsFor(uint64_t range) {
  return range == 0 ? 0 : 64 - static_cast<unsigned>(__builtin_clzll(range));
}

// Per-vector sizes of an encoding, for the choice and for cutting segments.
struct VectorSizes {
  std::vector<uint64_t> bytes;
  bool possible = true;
  uint64_t total() const;
};

VectorSizes SizeFor(const ColumnRows& rows);
VectorSizes SizeDelta(const ColumnRows& rows);
uint32_t CountRuns(const ColumnRows& rows);
VectorSizes SizeStrings(const ColumnRows& rows);

void EncodeFor(const ColumnRows& rows, SegmentSpan span, PayloadBuilder* to);
void EncodeDelta(const ColumnRows& rows, SegmentSpan span, PayloadBuilder* to);
void EncodeRuns(const ColumnRows& rows, SegmentSpan span, PayloadBuilder* to);
void EncodeBits(const ColumnRows& rows, SegmentSpan span, PayloadBuilder* to);
void EncodePlain(const ColumnRows& rows, SegmentSpan span, PayloadBuilder* to);
void EncodeConstant(const ColumnRows& rows, SegmentSpan span, PayloadBuilder* to);
void EncodeDictionary(const ColumnRows& rows, const ColumnDictionary& dictionary, SegmentSpan span,
                      PayloadBuilder* to);
// `zstd_level` 0: plain. Values above the inline limit go to `pieces`.
Status EncodeStrings(const ColumnRows& rows, SegmentSpan span, int zstd_level, PayloadBuilder* to,
                     std::vector<std::string>* pieces);
// A symbol table for the column; `ratio` becomes bytes of a sample as codes, per byte of it.
SymbolTable TrainSymbols(const ColumnRows& rows, double* ratio);
// Every string as codes of `table`; values above the limit as above.
void EncodeSymbolStrings(const ColumnRows& rows, const SymbolTable& table, SegmentSpan span,
                         PayloadBuilder* to, std::vector<std::string>* pieces);
// Whether compressing pays: tried on one vector.
bool StringsCompress(const ColumnRows& rows, int zstd_level, double ratio_max);

}  // namespace driftdb::storage

#endif  // DRIFTDB_STORAGE_COLUMN_SEGMENT_BUILDER_H_
