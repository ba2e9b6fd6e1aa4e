// Strings that no dictionary fits: end offsets and bytes per vector, maybe compressed; long values
// in pieces.
#include <cstring>

#include <zstd.h>

#include "base/error.h"
#include "base/status_macros.h"
#include "storage/column/segment_builder.h"
#include "storage/column/symbol_table.h"

namespace driftdb::storage {

namespace {

constexpr uint64_t kStringsInlineBytesMax = 1536 * 1024;
constexpr uint32_t kStringsShortLimit = 512;

// Values above this many bytes leave the vector, so that it stays far below the segment limit
// (C19).
uint32_t StringsInlineLimit(const StringRef* strings, uint32_t count) {
  uint64_t bytes = 0;
  for (uint32_t i = 0; i < count; ++i) {
    bytes += strings[i].size() > kInlineValueBytesMax ? 0 : strings[i].size();
  }
  return bytes > kStringsInlineBytesMax ? kStringsShortLimit : kInlineValueBytesMax;
}

void StringsAppendToPieces(std::string_view value, std::vector<std::string>* pieces) {
  while (!value.empty()) {
    if (pieces->empty() || pieces->back().size() == kValuePieceBytesMax) pieces->emplace_back();
    std::string& piece = pieces->back();
    const size_t part = std::min<size_t>(kValuePieceBytesMax - piece.size(), value.size());
    piece.append(value.substr(0, part));
    value.remove_prefix(part);
  }
}

struct StringsVector {
  std::string heap;
  std::vector<uint32_t> ends;
  std::vector<SegmentLargeValue> large;
};

void StringsCollect(const StringRef* strings, uint32_t count, uint64_t* value_bytes,
                    std::vector<std::string>* pieces, StringsVector* to) {
  to->heap.clear();
  to->ends.clear();
  to->large.clear();
  const uint32_t limit = StringsInlineLimit(strings, count);
  for (uint32_t i = 0; i < count; ++i) {
    if (strings[i].size() > limit) {
      to->large.push_back({i, 0, *value_bytes, strings[i].size()});
      StringsAppendToPieces(strings[i].view(), pieces);
      *value_bytes += strings[i].size();
    } else {
      to->heap.append(strings[i].view());
    }
    to->ends.push_back(static_cast<uint32_t>(to->heap.size()));
  }
}

constexpr size_t kStringsSampleBytes = 32 * 1024;

// Strings from places all over the column.
std::vector<std::string_view> StringsSample(const ColumnRows& rows) {
  std::vector<std::string_view> sample;
  uint64_t all = 0;
  for (const StringRef& text : rows.strings) all += std::min<uint64_t>(text.size(), 512);
  const uint64_t step = std::max<uint64_t>(1, all / kStringsSampleBytes);
  for (uint64_t i = 0; i < rows.count; i += step) {
    sample.push_back(rows.strings[i].view().substr(0, 512));
  }
  return sample;
}

// The directory and the data, as the header names them.
void StringsAddSections(const std::vector<SegmentVector>& vectors, uint64_t value_bytes,
                        const std::string& data, PayloadBuilder* to) {
  to->header().value_bytes = value_bytes;
  to->header().vectors_offset = to->BeginSection();
  to->bytes().append(reinterpret_cast<const char*>(vectors.data()),
                     vectors.size() * sizeof(SegmentVector));
  to->header().data_offset = to->BeginSection();
  to->header().data_bytes = static_cast<uint32_t>(data.size());
  to->bytes().append(data);
}

// Replaces heap and ends by codes if those are fewer.
void StringsToCodes(const SymbolTable& table, StringsVector* vector) {
  std::string codes;
  std::vector<uint32_t> ends;
  uint32_t from = 0;
  for (const uint32_t end : vector->ends) {
    table.Encode(std::string_view(vector->heap).substr(from, end - from), &codes);
    ends.push_back(static_cast<uint32_t>(codes.size()));
    from = end;
  }
  if (codes.size() >= vector->heap.size()) return;
  vector->heap = std::move(codes);
  vector->ends = std::move(ends);
}

}  // namespace

SymbolTable TrainSymbols(const ColumnRows& rows, double* ratio) {
  const std::vector<std::string_view> sample = StringsSample(rows);
  SymbolTable table = SymbolTable::Train(sample);
  uint64_t bytes = 0;
  std::string codes;
  for (const std::string_view text : sample) {
    bytes += text.size();
    table.Encode(text, &codes);
  }
  // Of a small sample the table knows too much.
  *ratio = bytes < 4096 ? 1 : static_cast<double>(codes.size()) / static_cast<double>(bytes);
  return table;
}

void EncodeSymbolStrings(const ColumnRows& rows, const SymbolTable& table, SegmentSpan span,
                         PayloadBuilder* to, std::vector<std::string>* pieces) {
  std::vector<SegmentVector> vectors;
  std::string data;
  StringsVector vector;
  uint64_t value_bytes = 0;
  for (uint32_t v = span.first_vector; v < span.last_vector; ++v) {
    StringsCollect(rows.strings.data() + v * kVectorRows, rows.RowsOf(v), &value_bytes, pieces,
                   &vector);
    data.resize((data.size() + 7) & ~size_t{7});
    SegmentVector entry{};
    entry.offset = static_cast<uint32_t>(data.size());
    entry.large_count = static_cast<uint16_t>(vector.large.size());
    entry.raw_bytes = static_cast<uint32_t>(vector.heap.size());
    StringsToCodes(table, &vector);
    entry.width = vector.heap.size() <= 0xffff ? 2 : 4;
    data.append(reinterpret_cast<const char*>(vector.large.data()),
                vector.large.size() * sizeof(SegmentLargeValue));
    for (const uint32_t at : vector.ends) {
      data.append(reinterpret_cast<const char*>(&at), entry.width);
    }
    data.append(vector.heap);
    entry.bytes = static_cast<uint32_t>(data.size()) - entry.offset;
    vectors.push_back(entry);
  }
  to->header().heap_offset = to->BeginSection();
  to->header().heap_bytes = static_cast<uint32_t>(kSymbolTableBytes);
  table.AppendTo(&to->bytes());
  StringsAddSections(vectors, value_bytes, data, to);
}

VectorSizes SizeStrings(const ColumnRows& rows) {
  VectorSizes sizes;
  for (uint32_t v = 0; v < rows.vector_count(); ++v) {
    const StringRef* strings = rows.strings.data() + v * kVectorRows;
    const uint32_t count = rows.RowsOf(v);
    const uint32_t limit = StringsInlineLimit(strings, count);
    uint64_t bytes = sizeof(SegmentVector) + 64;
    uint64_t heap = 0;
    for (uint32_t i = 0; i < count; ++i) {
      if (strings[i].size() > limit) {
        bytes += sizeof(SegmentLargeValue);
      } else {
        heap += strings[i].size();
      }
    }
    sizes.bytes.push_back(bytes + heap + count * (heap <= 0xffff ? 2 : 4));
  }
  return sizes;
}

bool StringsCompress(const ColumnRows& rows, int zstd_level, double ratio_max) {
  const uint32_t v = rows.vector_count() / 2;
  std::string sample;
  for (uint32_t i = 0; i < rows.RowsOf(v) && sample.size() < 65536; ++i) {
    const StringRef& value = rows.strings[v * kVectorRows + i];
    if (value.size() <= kInlineValueBytesMax) sample.append(value.view());
  }
  if (sample.size() < 256) return false;
  std::string packed(ZSTD_compressBound(sample.size()), '\0');
  const size_t size =
      ZSTD_compress(packed.data(), packed.size(), sample.data(), sample.size(), zstd_level);
  return ZSTD_isError(size) == 0 &&
         static_cast<double>(size) <= ratio_max * static_cast<double>(sample.size());
}

Status EncodeStrings(const ColumnRows& rows, SegmentSpan span, int zstd_level, PayloadBuilder* to,
                     std::vector<std::string>* pieces) {
  std::vector<SegmentVector> vectors;
  std::string data;
  StringsVector vector;
  uint64_t value_bytes = 0;
  for (uint32_t v = span.first_vector; v < span.last_vector; ++v) {
    const StringRef* strings = rows.strings.data() + v * kVectorRows;
    const uint32_t count = rows.RowsOf(v);
    StringsCollect(strings, count, &value_bytes, pieces, &vector);
    data.resize((data.size() + 7) & ~size_t{7});
    SegmentVector entry{};
    entry.offset = static_cast<uint32_t>(data.size());
    entry.width = vector.heap.size() <= 0xffff ? 2 : 4;
    entry.large_count = static_cast<uint16_t>(vector.large.size());
    entry.raw_bytes = static_cast<uint32_t>(vector.heap.size());
    // Wide things first: large values need 8-byte alignment, end offsets their own width.
    data.append(reinterpret_cast<const char*>(vector.large.data()),
                vector.large.size() * sizeof(SegmentLargeValue));
    for (const uint32_t end : vector.ends) {
      data.append(reinterpret_cast<const char*>(&end), entry.width);
    }
    const size_t at = data.size();
    if (zstd_level != 0 && !vector.heap.empty()) {
      data.resize(at + ZSTD_compressBound(vector.heap.size()));
      const size_t size = ZSTD_compress(data.data() + at, data.size() - at, vector.heap.data(),
                                        vector.heap.size(), zstd_level);
      if (ZSTD_isError(size) != 0) {
        return InternalError("zstd cannot compress {} bytes: {}", vector.heap.size(),
                             ZSTD_getErrorName(size));
      }
      data.resize(at + size);
      // Not smaller: kept as it is, which equal sizes tell the reader.
      if (size >= vector.heap.size()) {
        data.resize(at);
        data.append(vector.heap);
      }
    } else {
      data.append(vector.heap);
    }
    entry.bytes = static_cast<uint32_t>(data.size()) - entry.offset;
    vectors.push_back(entry);
  }
  StringsAddSections(vectors, value_bytes, data, to);
  return OkStatus();
}

}  // namespace driftdb::storage
