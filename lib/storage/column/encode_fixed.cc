// Encoders of fixed-width values.
#include <cstring>

#include "base/check.h"
#include "storage/column/kernels.h"
#include "storage/column/segment_builder.h"

namespace driftdb::storage {

namespace {

struct EncodeRange {
  int64_t min = 0;
  int64_t max = 0;
};

EncodeRange EncodeRangeOf(const int64_t* values, size_t count) {
  EncodeRange range{values[0], values[0]};
  for (size_t i = 1; i < count; ++i) {
    range.min = values[i] < range.min ? values[i] : range.min;
    range.max = values[i] > range.max ? values[i] : range.max;
  }
  return range;
}

uint32_t EncodeBlocksOf(uint32_t rows) {
  return (rows + kBlockValues - 1) / static_cast<uint32_t>(kBlockValues);
}

// One delta block of `count` <= 1,024 rows: its step and the largest delta - step.
struct DeltaShape {
  int64_t step = 0;
  uint64_t delta_max = 0;
  EncodeRange first;
};

DeltaShape DeltaShapeOf(const int64_t* values, size_t count) {
  DeltaShape shape;
  shape.first = EncodeRangeOf(values, std::min(count, kDeltaLanes));
  if (count <= kDeltaLanes) return shape;
  int64_t least = INT64_MAX;
  int64_t most = INT64_MIN;
  for (size_t i = kDeltaLanes; i < count; ++i) {
    const auto delta = static_cast<int64_t>(static_cast<uint64_t>(values[i]) -
                                            static_cast<uint64_t>(values[i - kDeltaLanes]));
    least = delta < least ? delta : least;
    most = delta > most ? delta : most;
  }
  shape.step = least;
  shape.delta_max = static_cast<uint64_t>(most) - static_cast<uint64_t>(least);
  return shape;
}

struct DeltaPlan {
  unsigned width = 0;
  unsigned first_width = 2;
  int64_t base = 0;
  bool possible = true;
};

DeltaPlan DeltaPlanOf(const int64_t* values, uint32_t rows) {
  DeltaPlan plan;
  EncodeRange first{INT64_MAX, INT64_MIN};
  uint64_t delta_max = 0;
  for (uint32_t from = 0; from < rows; from += kBlockValues) {
    const DeltaShape shape =
        DeltaShapeOf(values + from, std::min<size_t>(kBlockValues, rows - from));
    delta_max = std::max(delta_max, shape.delta_max);
    first.min = std::min(first.min, shape.first.min);
    first.max = std::max(first.max, shape.first.max);
  }
  plan.base = first.min;
  plan.width = BitsFor(delta_max);
  plan.possible = plan.width <= 32;
  const uint64_t range = static_cast<uint64_t>(first.max) - static_cast<uint64_t>(first.min);
  plan.first_width = range <= 0xffff ? 2 : range <= 0xffffffff ? 4 : 8;
  return plan;
}

void EncodeDeltaBlock(const int64_t* values, size_t count, const DeltaPlan& plan,
                      std::string* out) {
  const DeltaShape shape = DeltaShapeOf(values, count);
  out->append(reinterpret_cast<const char*>(&shape.step), 8);
  for (size_t lane = 0; lane < kDeltaLanes; ++lane) {
    const uint64_t offset =
        lane < count ? static_cast<uint64_t>(values[lane]) - static_cast<uint64_t>(plan.base) : 0;
    out->append(reinterpret_cast<const char*>(&offset), plan.first_width);
  }
  uint32_t codes[kBlockValues] = {};
  for (size_t i = kDeltaLanes; i < count; ++i) {
    codes[i] = static_cast<uint32_t>(static_cast<uint64_t>(values[i]) -
                                     static_cast<uint64_t>(values[i - kDeltaLanes]) -
                                     static_cast<uint64_t>(shape.step));
  }
  const size_t at = out->size();
  out->resize(at + PackedBlockBytes(plan.width));
  uint32_t packed[kBlockValues];
  PackBlock32(codes, plan.width, packed);
  std::memcpy(out->data() + at, packed, PackedBlockBytes(plan.width));
}

void EncodeForBlock(const int64_t* values, size_t count, int64_t base, unsigned width,
                    std::string* out) {
  const size_t at = out->size();
  out->resize(at + PackedBlockBytes(width));
  if (width <= 32) {
    uint32_t codes[kBlockValues] = {};
    for (size_t i = 0; i < count; ++i) {
      codes[i] =
          static_cast<uint32_t>(static_cast<uint64_t>(values[i]) - static_cast<uint64_t>(base));
    }
    uint32_t packed[kBlockValues];
    PackBlock32(codes, width, packed);
    std::memcpy(out->data() + at, packed, PackedBlockBytes(width));
    return;
  }
  uint64_t codes[kBlockValues] = {};
  for (size_t i = 0; i < count; ++i) {
    codes[i] = static_cast<uint64_t>(values[i]) - static_cast<uint64_t>(base);
  }
  uint64_t packed[kBlockValues];
  PackBlock64(codes, width, packed);
  std::memcpy(out->data() + at, packed, PackedBlockBytes(width));
}

}  // namespace

uint64_t VectorSizes::total() const {
  uint64_t sum = 0;
  for (const uint64_t b : bytes) sum += b;
  return sum;
}

VectorSizes SizeFor(const ColumnRows& rows) {
  VectorSizes sizes;
  for (uint32_t v = 0; v < rows.vector_count(); ++v) {
    const EncodeRange range = EncodeRangeOf(rows.integers.data() + v * kVectorRows, rows.RowsOf(v));
    const unsigned width =
        BitsFor(static_cast<uint64_t>(range.max) - static_cast<uint64_t>(range.min));
    sizes.bytes.push_back(sizeof(SegmentVector) +
                          EncodeBlocksOf(rows.RowsOf(v)) * PackedBlockBytes(width));
  }
  return sizes;
}

VectorSizes SizeDelta(const ColumnRows& rows) {
  VectorSizes sizes;
  for (uint32_t v = 0; v < rows.vector_count() && sizes.possible; ++v) {
    const DeltaPlan plan = DeltaPlanOf(rows.integers.data() + v * kVectorRows, rows.RowsOf(v));
    sizes.possible = plan.possible;
    sizes.bytes.push_back(sizeof(SegmentVector) +
                          EncodeBlocksOf(rows.RowsOf(v)) *
                              DeltaBlockBytes(plan.width, plan.first_width));
  }
  return sizes;
}

bool ColumnRows::SameFixed(uint32_t a, uint32_t b) const {
  if (!integers.empty()) return integers[a] == integers[b];
  if (!floats.empty()) return floats[a] == floats[b];
  return wides[a] == wides[b];
}

uint32_t CountRuns(const ColumnRows& rows) {
  uint32_t runs = 1;
  if (!rows.integers.empty()) {
    for (uint32_t i = 1; i < rows.count; ++i) runs += rows.integers[i] != rows.integers[i - 1];
  } else if (!rows.floats.empty()) {
    for (uint32_t i = 1; i < rows.count; ++i) runs += rows.floats[i] != rows.floats[i - 1];
  } else {
    for (uint32_t i = 1; i < rows.count; ++i) runs += rows.wides[i] != rows.wides[i - 1];
  }
  return runs;
}

void ColumnRows::StoreFixedWidth(uint32_t from, uint32_t to, std::string* out) const {
  const size_t width = PhysicalWidth(physical);
  const size_t at = out->size();
  out->resize(at + (to - from) * width);
  char* bytes = out->data() + at;
  if (!integers.empty() && physical == PhysicalType::kInt128) {
    for (uint32_t i = from; i < to; ++i, bytes += 16) {
      const int128_t value = bias + integers[i];
      std::memcpy(bytes, &value, 16);
    }
  } else if (!integers.empty()) {
    for (uint32_t i = from; i < to; ++i, bytes += width) std::memcpy(bytes, &integers[i], width);
  } else if (!floats.empty()) {
    for (uint32_t i = from; i < to; ++i, bytes += width) std::memcpy(bytes, &floats[i], width);
  } else {
    std::memcpy(bytes, wides.data() + from, (to - from) * width);
  }
}

void EncodeFor(const ColumnRows& rows, SegmentSpan span, PayloadBuilder* to) {
  std::vector<SegmentVector> vectors;
  std::string data;
  for (uint32_t v = span.first_vector; v < span.last_vector; ++v) {
    const int64_t* values = rows.integers.data() + v * kVectorRows;
    const uint32_t count = rows.RowsOf(v);
    const EncodeRange range = EncodeRangeOf(values, count);
    const unsigned width =
        BitsFor(static_cast<uint64_t>(range.max) - static_cast<uint64_t>(range.min));
    SegmentVector entry{};
    entry.offset = static_cast<uint32_t>(data.size());
    entry.width = static_cast<uint8_t>(width);
    entry.base = rows.bias + range.min;
    for (uint32_t from = 0; from < count; from += kBlockValues) {
      EncodeForBlock(values + from, std::min<size_t>(kBlockValues, count - from), range.min, width,
                     &data);
    }
    entry.bytes = static_cast<uint32_t>(data.size()) - entry.offset;
    vectors.push_back(entry);
  }
  to->header().vectors_offset = to->BeginSection();
  to->bytes().append(reinterpret_cast<const char*>(vectors.data()),
                     vectors.size() * sizeof(SegmentVector));
  to->header().data_offset = to->BeginSection();
  to->header().data_bytes = static_cast<uint32_t>(data.size());
  to->bytes().append(data);
}

void EncodeDelta(const ColumnRows& rows, SegmentSpan span, PayloadBuilder* to) {
  std::vector<SegmentVector> vectors;
  std::string data;
  for (uint32_t v = span.first_vector; v < span.last_vector; ++v) {
    const int64_t* values = rows.integers.data() + v * kVectorRows;
    const uint32_t count = rows.RowsOf(v);
    const DeltaPlan plan = DeltaPlanOf(values, count);
    DRIFTDB_DCHECK(plan.possible);
    SegmentVector entry{};
    entry.offset = static_cast<uint32_t>(data.size());
    entry.width = static_cast<uint8_t>(plan.width);
    entry.first_width = static_cast<uint8_t>(plan.first_width);
    entry.base = rows.bias + plan.base;
    for (uint32_t from = 0; from < count; from += kBlockValues) {
      EncodeDeltaBlock(values + from, std::min<size_t>(kBlockValues, count - from), plan, &data);
    }
    entry.bytes = static_cast<uint32_t>(data.size()) - entry.offset;
    vectors.push_back(entry);
  }
  to->header().vectors_offset = to->BeginSection();
  to->bytes().append(reinterpret_cast<const char*>(vectors.data()),
                     vectors.size() * sizeof(SegmentVector));
  to->header().data_offset = to->BeginSection();
  to->header().data_bytes = static_cast<uint32_t>(data.size());
  to->bytes().append(data);
}

void EncodeRuns(const ColumnRows& rows, SegmentSpan span, PayloadBuilder* to) {
  const uint32_t first = span.first_vector * kVectorRows;
  const uint32_t last = std::min<uint32_t>(span.last_vector * kVectorRows, rows.count);
  std::string values;
  std::vector<uint32_t> ends;
  for (uint32_t i = first; i < last; ++i) {
    if (i + 1 == last || !rows.SameFixed(i, i + 1)) {
      rows.StoreFixedWidth(i, i + 1, &values);
      ends.push_back(i + 1 - first);
    }
  }
  to->header().entry_count = static_cast<uint32_t>(ends.size());
  to->header().entries_offset = to->BeginSection();
  to->header().entries_bytes = static_cast<uint32_t>(values.size());
  to->bytes().append(values);
  to->header().data_offset = to->BeginSection();
  to->header().data_bytes = static_cast<uint32_t>(ends.size() * 4);
  to->bytes().append(reinterpret_cast<const char*>(ends.data()), ends.size() * 4);
}

void EncodeBits(const ColumnRows& rows, SegmentSpan span, PayloadBuilder* to) {
  const uint32_t first = span.first_vector * kVectorRows;
  const uint32_t last = std::min<uint32_t>(span.last_vector * kVectorRows, rows.count);
  std::vector<uint64_t> bits((span.last_vector - span.first_vector) * kValidityWords);
  for (uint32_t i = first; i < last; ++i) {
    if (rows.integers[i] != 0) SetBit(bits.data(), i - first);
  }
  to->header().data_offset = to->BeginSection();
  to->header().data_bytes = static_cast<uint32_t>(bits.size() * 8);
  to->bytes().append(reinterpret_cast<const char*>(bits.data()), bits.size() * 8);
}

void EncodePlain(const ColumnRows& rows, SegmentSpan span, PayloadBuilder* to) {
  const uint32_t first = span.first_vector * kVectorRows;
  const uint32_t last = std::min<uint32_t>(span.last_vector * kVectorRows, rows.count);
  to->header().data_offset = to->BeginSection();
  to->header().data_bytes = (last - first) * static_cast<uint32_t>(PhysicalWidth(rows.physical));
  rows.StoreFixedWidth(first, last, &to->bytes());
}

void EncodeConstant(const ColumnRows& rows, SegmentSpan span, PayloadBuilder* to) {
  const uint32_t first = span.first_vector * kVectorRows;
  const uint32_t last = std::min<uint32_t>(span.last_vector * kVectorRows, rows.count);
  uint32_t row = first;
  while (row < last && !rows.valid(row)) ++row;
  if (row == last) return;  // all NULL: the flag says it
  to->header().entry_count = 1;
  to->header().entries_offset = to->BeginSection();
  if (rows.physical != PhysicalType::kString) {
    to->header().entries_bytes = static_cast<uint32_t>(PhysicalWidth(rows.physical));
    rows.StoreFixedWidth(row, row + 1, &to->bytes());
    return;
  }
  const std::string_view value = rows.strings[row].view();
  const auto end = static_cast<uint32_t>(value.size());
  to->header().entries_bytes = 4;
  to->bytes().append(reinterpret_cast<const char*>(&end), 4);
  to->header().heap_offset = to->BeginSection();
  to->header().heap_bytes = end;
  to->bytes().append(value);
}

}  // namespace driftdb::storage
