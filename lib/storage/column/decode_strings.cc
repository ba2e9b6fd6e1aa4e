// Strings outside of dictionaries: end offsets, bytes (maybe compressed), long values in pieces.
#include <algorithm>
#include <cstring>

#include <zstd.h>

#include "base/error.h"
#include "base/status_macros.h"
#include "storage/column/segment_decoder.h"
#include "storage/column/symbol_table.h"

namespace driftdb::storage {

// Points `heap` at the vector's raw bytes, in the payload or decompressed into `out`'s heap.
Status SegmentDecoder::LoadHeap(const SegmentVector& entry, uint32_t rows, Vector* out,
                                const char** heap) const {
  const size_t fixed = entry.large_count * sizeof(SegmentLargeValue) + size_t{rows} * entry.width;
  const char* stored = VectorData(entry) + fixed;
  const size_t stored_bytes = entry.bytes - fixed;
  if (stored_bytes == entry.raw_bytes) {
    *heap = stored;
    out->Hold(reader.payload_.pin());
    return OkStatus();
  }
  char* raw = out->AllocateString(entry.raw_bytes);
  const size_t size = ZSTD_decompress(raw, entry.raw_bytes, stored, stored_bytes);
  if (ZSTD_isError(size) != 0 || size != entry.raw_bytes) return Damaged("compressed strings");
  *heap = raw;
  return OkStatus();
}

// The long value of row `row`, if it is one, into row `to` of `out`.
Status SegmentDecoder::LoadLarge(const SegmentVector& entry, uint32_t row, Vector* out,
                                 size_t to) const {
  const char* table = VectorData(entry);
  uint32_t low = 0;
  uint32_t high = entry.large_count;
  while (low < high) {
    const uint32_t middle = (low + high) / 2;
    if (LoadFixed<SegmentLargeValue>(table + middle * sizeof(SegmentLargeValue)).row < row) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  if (low == entry.large_count) return OkStatus();
  const auto value = LoadFixed<SegmentLargeValue>(table + low * sizeof(SegmentLargeValue));
  if (value.row != row) return OkStatus();
  if (value.size > kValueBytesMax || value.position > reader.value_bytes_ ||
      value.size > reader.value_bytes_ - value.position || reader.store_ == nullptr) {
    return Damaged("place of a long value");
  }
  uint64_t piece = value.position / kValuePieceBytesMax;
  uint64_t offset = value.position % kValuePieceBytesMax;
  if (offset + value.size <= kValuePieceBytesMax) {
    DRIFTDB_ASSIGN_OR_RETURN(PinnedBytes bytes, reader.store_->Pin(meta().value_extents[piece]));
    out->data<StringRef>()[to] = StringRef(bytes.view().substr(offset, value.size));
    out->Hold(bytes.pin());
    return OkStatus();
  }
  char* joined = out->AllocateString(value.size);
  for (uint64_t done = 0; done < value.size; ++piece, offset = 0) {
    DRIFTDB_ASSIGN_OR_RETURN(PinnedBytes bytes, reader.store_->Pin(meta().value_extents[piece]));
    const uint64_t part = std::min<uint64_t>(bytes.size() - offset, value.size - done);
    std::memcpy(joined + done, bytes.data() + offset, part);
    done += part;
  }
  out->data<StringRef>()[to] = StringRef(std::string_view(joined, value.size));
  return OkStatus();
}

bool SegmentDecoder::StringInPlace(uint32_t vector, uint32_t row, std::string_view* bytes) const {
  const SegmentVector entry = VectorEntry(vector);
  const size_t fixed = size_t{reader.RowsOf(vector)} * entry.width;
  if (entry.large_count > 0 || entry.bytes - fixed != entry.raw_bytes) return false;
  const char* ends = VectorData(entry);
  const auto end_of = [&](uint32_t i) -> uint32_t {
    return entry.width == 2 ? LoadFixed<uint16_t>(ends + i * 2) : LoadFixed<uint32_t>(ends + i * 4);
  };
  const uint32_t from = row == 0 ? 0 : end_of(row - 1);
  const uint32_t end = end_of(row);
  if (from > end || end > entry.raw_bytes) return false;
  *bytes = {ends + fixed + from, end - from};
  return true;
}

// Strings as codes of the segment's symbol table. Ends are those of the codes.
Status SegmentDecoder::ReadSymbols(const SegmentVector& entry, uint32_t all, const uint16_t* rows,
                                   size_t count, Vector* out) const {
  const char* ends = VectorData(entry) + entry.large_count * sizeof(SegmentLargeValue);
  const char* codes = ends + size_t{all} * entry.width;
  const auto stored = static_cast<uint32_t>(VectorData(entry) + entry.bytes - codes);
  const auto end_of = [&](uint32_t row) -> uint32_t {
    return entry.width == 2 ? LoadFixed<uint16_t>(ends + row * 2)
                            : LoadFixed<uint32_t>(ends + row * 4);
  };
  const auto range_of = [&](uint32_t row, uint32_t* from, uint32_t* end) {
    *from = row == 0 ? 0 : end_of(row - 1);
    *end = end_of(row);
    return *from <= *end && *end <= stored;
  };
  uint32_t from = 0, end = 0;
  uint64_t room = entry.raw_bytes;
  if (rows != nullptr) {
    uint64_t chosen = 0;
    for (size_t i = 0; i < count; ++i) {
      if (!range_of(rows[i], &from, &end)) return Damaged("string ends");
      chosen += uint64_t{end - from} * kSymbolBytesMax;
    }
    room = std::min(room, chosen);
  }
  auto* to = out->data<StringRef>();
  char* text = out->AllocateString(room + kSymbolBytesMax);
  const char* limit = text + room;
  const size_t wanted = rows == nullptr ? all : count;
  for (size_t i = 0; i < wanted; ++i) {
    const uint32_t row = rows == nullptr ? static_cast<uint32_t>(i) : rows[i];
    if (!range_of(row, &from, &end)) return Damaged("string ends");
    char* done = DecodeSymbols(reader.heap_, codes + from, end - from, text, limit);
    if (done == nullptr) return Damaged("codes of symbols");
    to[i] = StringRef(std::string_view(text, static_cast<size_t>(done - text)));
    text = done;
  }
  return OkStatus();
}

Status SegmentDecoder::ReadStrings(uint32_t vector, const uint16_t* rows, size_t count,
                                   Vector* out) const {
  const SegmentVector entry = VectorEntry(vector);
  const uint32_t all = reader.RowsOf(vector);
  out->AllocateFlat(rows == nullptr ? kVectorRows : std::max<size_t>(count, 1));
  const size_t fixed = entry.large_count * sizeof(SegmentLargeValue) + size_t{all} * entry.width;
  if (meta().encoding == SegmentEncoding::kSymbolStrings &&
      entry.bytes - fixed != entry.raw_bytes) {
    DRIFTDB_RETURN_IF_ERROR(ReadSymbols(entry, all, rows, count, out));
    return FinishStrings(vector, rows, count, out);
  }
  const char* heap = nullptr;
  DRIFTDB_RETURN_IF_ERROR(LoadHeap(entry, all, out, &heap));
  const char* ends = VectorData(entry) + entry.large_count * sizeof(SegmentLargeValue);
  auto* to = out->data<StringRef>();
  const auto end_of = [&](uint32_t row) -> uint32_t {
    return entry.width == 2 ? LoadFixed<uint16_t>(ends + row * 2)
                            : LoadFixed<uint32_t>(ends + row * 4);
  };
  bool good = true;
  if (rows == nullptr) {
    uint32_t from = 0;
    for (uint32_t i = 0; i < all && good; ++i) {
      const uint32_t end = end_of(i);
      good = from <= end && end <= entry.raw_bytes;
      if (good) to[i] = StringRef(std::string_view(heap + from, end - from));
      from = end;
    }
  } else {
    for (size_t i = 0; i < count && good; ++i) {
      const uint32_t from = rows[i] == 0 ? 0 : end_of(rows[i] - 1u);
      const uint32_t end = end_of(rows[i]);
      good = from <= end && end <= entry.raw_bytes;
      if (good) to[i] = StringRef(std::string_view(heap + from, end - from));
    }
  }
  if (!good) return Damaged("string ends");
  return FinishStrings(vector, rows, count, out);
}

// Long values and validity.
Status SegmentDecoder::FinishStrings(uint32_t vector, const uint16_t* rows, size_t count,
                                     Vector* out) const {
  const SegmentVector entry = VectorEntry(vector);
  if (entry.large_count > 0) {
    for (size_t i = 0; i < count; ++i) {
      DRIFTDB_RETURN_IF_ERROR(
          LoadLarge(entry, rows == nullptr ? static_cast<uint32_t>(i) : rows[i], out, i));
    }
  }
  const uint64_t* bits = reader.ValidityOf(vector);
  if (rows != nullptr) {
    GatherValidity(vector, rows, count, out);
  } else if (bits != nullptr) {
    out->ReferValidity(bits, reader.payload_.pin());
  }
  return OkStatus();
}

}  // namespace driftdb::storage
