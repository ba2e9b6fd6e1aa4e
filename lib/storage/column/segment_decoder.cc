#include "storage/column/segment_decoder.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/error.h"
#include "base/status_macros.h"
#include "storage/column/kernels.h"

namespace driftdb::storage {

namespace {

alignas(64) constexpr uint32_t kDecoderZeroCodes[kVectorRows] = {};

using DecoderCodes = std::array<uint32_t, kVectorRows>;
using DecoderBits = std::array<uint64_t, kValidityWords>;

uint32_t DecoderBlocks(uint32_t rows) {
  return (rows + static_cast<uint32_t>(kBlockValues) - 1) / static_cast<uint32_t>(kBlockValues);
}

// Stores base + offset as the physical integer at `to`.
void DecoderStore(PhysicalType physical, int128_t base, uint64_t offset, bool is_signed,
                  uint8_t* to) {
  const uint128_t wide =
      is_signed ? static_cast<uint128_t>(static_cast<int128_t>(static_cast<int64_t>(offset)))
                : static_cast<uint128_t>(offset);
  const uint128_t value = static_cast<uint128_t>(base) + wide;
  std::memcpy(to, &value, PhysicalWidth(physical));
}

template <typename T>
void DecoderFill(const char* value, uint32_t from, uint32_t to, uint8_t* out) {
  T one;
  std::memcpy(&one, value, sizeof(T));
  std::fill(reinterpret_cast<T*>(out) + from, reinterpret_cast<T*>(out) + to, one);
}

template <typename T>
void DecoderGather(const uint8_t* from, const uint16_t* rows, size_t count, uint8_t* to) {
  const T* values = reinterpret_cast<const T*>(from);
  T* out = reinterpret_cast<T*>(to);
  for (size_t i = 0; i < count; ++i) out[i] = values[rows[i]];
}

void DecoderGatherWidth(size_t width, const uint8_t* from, const uint16_t* rows, size_t count,
                        uint8_t* to) {
  switch (width) {
    case 1:
      return DecoderGather<uint8_t>(from, rows, count, to);
    case 2:
      return DecoderGather<uint16_t>(from, rows, count, to);
    case 4:
      return DecoderGather<uint32_t>(from, rows, count, to);
    case 8:
      return DecoderGather<uint64_t>(from, rows, count, to);
    default:
      return DecoderGather<uint128_t>(from, rows, count, to);
  }
}

}  // namespace

SegmentVector SegmentDecoder::VectorEntry(uint32_t vector) const {
  return LoadFixed<SegmentVector>(reader.vectors_ + vector * sizeof(SegmentVector));
}

Status SegmentDecoder::Damaged(const char* what) const {
  return DataLossError("segment at granule {} (rows {}+{}) is damaged: {}", meta().extent.granule,
                       meta().first_row, meta().row_count, what);
}

void SegmentDecoder::DecodeFor(uint32_t vector, uint8_t* to) const {
  const SegmentVector entry = VectorEntry(vector);
  const ColumnKernels& kernels = Kernels();
  const size_t width = PhysicalWidth(meta().physical);
  const auto base = static_cast<uint64_t>(entry.base);
  alignas(64) uint32_t codes[kBlockValues];
  const uint32_t blocks = DecoderBlocks(reader.RowsOf(vector));
  for (uint32_t b = 0; b < blocks; ++b, to += kBlockValues * width) {
    const char* block = VectorData(entry) + b * PackedBlockBytes(entry.width);
    if (entry.width > 32) {
      alignas(64) uint64_t wide[kBlockValues];
      kernels.unpack64(reinterpret_cast<const uint64_t*>(block), entry.width, wide);
      if (width == 8) {
        auto* out = reinterpret_cast<uint64_t*>(to);
        for (size_t i = 0; i < kBlockValues; ++i) out[i] = wide[i] + base;
      } else {
        for (size_t i = 0; i < kBlockValues; ++i) {
          DecoderStore(meta().physical, entry.base, wide[i], false, to + i * width);
        }
      }
      continue;
    }
    const auto* words = reinterpret_cast<const uint32_t*>(block);
    if (width == 4) {
      auto* out = reinterpret_cast<uint32_t*>(to);
      kernels.unpack32(words, entry.width, out);
      kernels.add32(out, static_cast<uint32_t>(base), out);
      continue;
    }
    kernels.unpack32(words, entry.width, codes);
    if (width == 8) {
      kernels.add64(codes, base, reinterpret_cast<uint64_t*>(to));
    } else if (width == 2) {
      kernels.add16(codes, static_cast<uint16_t>(base), reinterpret_cast<uint16_t*>(to));
    } else {
      for (size_t i = 0; i < kBlockValues; ++i) {
        DecoderStore(meta().physical, entry.base, codes[i], false, to + i * width);
      }
    }
  }
}

// Offsets from the vector's base, as wrapped 64-bit numbers.
void SegmentDecoder::DecodeDeltaBlock(const char* block, const SegmentVector& entry,
                                      uint64_t* to) const {
  alignas(64) uint32_t codes[kBlockValues];
  alignas(64) uint64_t first[kDeltaLanes] = {};
  for (size_t lane = 0; lane < kDeltaLanes; ++lane) {
    std::memcpy(&first[lane], block + 8 + lane * entry.first_width, entry.first_width);
  }
  const char* packed = block + 8 + kDeltaLanes * entry.first_width;
  Kernels().unpack32(reinterpret_cast<const uint32_t*>(packed), entry.width, codes);
  Kernels().undelta(codes, first, LoadFixed<uint64_t>(block), to);
}

void SegmentDecoder::DecodeDelta(uint32_t vector, uint8_t* to) const {
  const SegmentVector entry = VectorEntry(vector);
  const size_t width = PhysicalWidth(meta().physical);
  const auto base = static_cast<uint64_t>(entry.base);
  const uint32_t blocks = DecoderBlocks(reader.RowsOf(vector));
  alignas(64) uint64_t values[kBlockValues];
  for (uint32_t b = 0; b < blocks; ++b, to += kBlockValues * width) {
    DecodeDeltaBlock(VectorData(entry) + b * DeltaBlockBytes(entry.width, entry.first_width), entry,
                     values);
    if (width == 8) {
      auto* out = reinterpret_cast<uint64_t*>(to);
      for (size_t i = 0; i < kBlockValues; ++i) out[i] = values[i] + base;
    } else if (width == 4) {
      auto* out = reinterpret_cast<uint32_t*>(to);
      for (size_t i = 0; i < kBlockValues; ++i) out[i] = static_cast<uint32_t>(values[i] + base);
    } else {
      for (size_t i = 0; i < kBlockValues; ++i) {
        DecoderStore(meta().physical, entry.base, values[i], true, to + i * width);
      }
    }
  }
}

uint32_t SegmentDecoder::RunOf(uint32_t row) const {
  uint32_t low = 0;
  uint32_t high = reader.entry_count_ - 1;
  while (low < high) {
    const uint32_t middle = (low + high) / 2;
    if (RunEnd(middle) > row) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

Status SegmentDecoder::DecodeRuns(uint32_t vector, uint8_t* to) const {
  const uint32_t first = vector * kVectorRows;
  const uint32_t rows = reader.RowsOf(vector);
  const size_t width = PhysicalWidth(meta().physical);
  uint32_t done = 0;
  for (uint32_t run = RunOf(first); done < rows; ++run) {
    if (run >= reader.entry_count_) return Damaged("run ends");
    const uint32_t end = RunEnd(run);
    if (end <= first + done) return Damaged("run ends");
    const uint32_t until = std::min(end - first, rows);
    const char* value = reader.entries_ + run * width;
    switch (width) {
      case 2:
        DecoderFill<uint16_t>(value, done, until, to);
        break;
      case 4:
        DecoderFill<uint32_t>(value, done, until, to);
        break;
      case 8:
        DecoderFill<uint64_t>(value, done, until, to);
        break;
      default:
        DecoderFill<uint128_t>(value, done, until, to);
        break;
    }
    done = until;
  }
  return OkStatus();
}

Status SegmentDecoder::DecodeFlat(uint32_t vector, uint8_t* to) const {
  switch (meta().encoding) {
    case SegmentEncoding::kFor:
      DecodeFor(vector, to);
      return OkStatus();
    case SegmentEncoding::kDelta:
      DecodeDelta(vector, to);
      return OkStatus();
    case SegmentEncoding::kRuns:
      return DecodeRuns(vector, to);
    case SegmentEncoding::kBits: {
      const char* bits = reader.data_ + vector * (kVectorRows / 8);
      for (size_t i = 0; i < kVectorRows; ++i) to[i] = (bits[i / 8] >> (i % 8)) & 1;
      return OkStatus();
    }
    default:
      return InternalError("encoding {} has no flat form", static_cast<int>(meta().encoding));
  }
}

void SegmentDecoder::DecodeCodesUnchecked(uint32_t vector, uint32_t* codes) const {
  const uint32_t blocks = DecoderBlocks(reader.RowsOf(vector));
  const size_t bytes = PackedBlockBytes(reader.code_bits_);
  const char* block = reader.data_ + vector * (kVectorRows / kBlockValues) * bytes;
  for (uint32_t b = 0; b < blocks; ++b, block += bytes) {
    Kernels().unpack32(reinterpret_cast<const uint32_t*>(block), reader.code_bits_,
                       codes + b * kBlockValues);
  }
}

Status SegmentDecoder::DecodeCodes(uint32_t vector, uint32_t* codes) const {
  DecodeCodesUnchecked(vector, codes);
  // Codes fill their width only when the entries are a power of two.
  if (reader.entry_count_ < uint64_t{1} << reader.code_bits_) {
    for (uint32_t b = 0; b < DecoderBlocks(reader.RowsOf(vector)); ++b) {
      if (Kernels().max32(codes + b * kBlockValues) >= reader.entry_count_) {
        return Damaged("dictionary code");
      }
    }
  }
  return OkStatus();
}

uint32_t SegmentDecoder::CodeOf(uint32_t vector, uint32_t row) const {
  const size_t at = vector * kVectorRows + row;
  const char* block = reader.data_ + at / kBlockValues * PackedBlockBytes(reader.code_bits_);
  return UnpackOne32(block, reader.code_bits_, at % kBlockValues);
}

void SegmentDecoder::DecodeForOne(const SegmentVector& entry, uint32_t row, uint8_t* to) const {
  const char* block = VectorData(entry) + row / kBlockValues * PackedBlockBytes(entry.width);
  const uint64_t code = entry.width <= 32 ? UnpackOne32(block, entry.width, row % kBlockValues)
                                          : UnpackOne64(block, entry.width, row % kBlockValues);
  const uint64_t value = static_cast<uint64_t>(entry.base) + code;
  switch (meta().physical) {
    case PhysicalType::kInt64:
      std::memcpy(to, &value, 8);
      return;
    case PhysicalType::kInt32:
      std::memcpy(to, &value, 4);
      return;
    default:
      DecoderStore(meta().physical, entry.base, code, false, to);
  }
}

void SegmentDecoder::DecodeDeltaOne(const SegmentVector& entry, uint32_t row, uint8_t* to) const {
  const char* block =
      VectorData(entry) + row / kBlockValues * DeltaBlockBytes(entry.width, entry.first_width);
  const uint32_t p = row % kBlockValues;
  uint64_t value = 0;
  std::memcpy(&value, block + 8 + p % kDeltaLanes * entry.first_width, entry.first_width);
  const char* packed = block + 8 + kDeltaLanes * entry.first_width;
  for (uint32_t at = p % kDeltaLanes + kDeltaLanes; at <= p; at += kDeltaLanes) {
    value += UnpackOne32(packed, entry.width, at);
  }
  value += LoadFixed<uint64_t>(block) * (p / kDeltaLanes);
  DecoderStore(meta().physical, entry.base, value, true, to);
}

Status SegmentDecoder::DecodeOne(uint32_t vector, uint32_t row, uint8_t* to) const {
  const size_t width = PhysicalWidth(meta().physical);
  switch (meta().encoding) {
    case SegmentEncoding::kFor:
      DecodeForOne(VectorEntry(vector), row, to);
      return OkStatus();
    case SegmentEncoding::kDelta:
      DecodeDeltaOne(VectorEntry(vector), row, to);
      return OkStatus();
    case SegmentEncoding::kPlain:
      std::memcpy(to, reader.data_ + (vector * kVectorRows + row) * width, width);
      return OkStatus();
    case SegmentEncoding::kRuns: {
      const uint32_t at = vector * static_cast<uint32_t>(kVectorRows) + row;
      const uint32_t run = RunOf(at);
      if (RunEnd(run) <= at) return Damaged("run ends");
      std::memcpy(to, reader.entries_ + run * width, width);
      return OkStatus();
    }
    case SegmentEncoding::kBits:
      *to =
          static_cast<uint8_t>(reader.data_[vector * (kVectorRows / 8) + row / 8] >> (row % 8)) & 1;
      return OkStatus();
    case SegmentEncoding::kDictionary: {
      const uint32_t code = CodeOf(vector, row);
      if (code >= reader.entry_count_) return Damaged("dictionary code");
      std::memcpy(to, reader.entries_ + code * width, width);
      return OkStatus();
    }
    default:
      return InternalError("encoding {} has no fixed width", static_cast<int>(meta().encoding));
  }
}

void SegmentDecoder::GatherValidity(uint32_t vector, const uint16_t* rows, size_t count,
                                    Vector* out) const {
  const uint64_t* bits = reader.ValidityOf(vector);
  if (bits == nullptr) return;
  for (size_t i = 0; i < count; ++i) {
    if (!BitIsSet(bits, rows[i])) out->SetNull(i);
  }
}

Status SegmentDecoder::ReadConstant(uint32_t vector, const uint16_t* rows, size_t count,
                                    Vector* out) const {
  if (reader.all_null_) {
    out->SetConstantNull();
    return OkStatus();
  }
  DRIFTDB_ASSIGN_OR_RETURN(std::shared_ptr<const Vector> entries, reader.Entries());
  const uint64_t* bits = reader.ValidityOf(vector);
  if (bits == nullptr) {
    out->SetConstant(entries->GetValue(0));
    return OkStatus();
  }
  out->ReferDictionary(kDecoderZeroCodes, nullptr, std::move(entries), 1, 0);
  if (rows == nullptr) {
    out->ReferValidity(bits, reader.payload_.pin());
    return OkStatus();
  }
  auto chosen = std::make_shared<DecoderBits>();
  for (size_t i = 0; i < count; ++i) {
    if (BitIsSet(bits, rows[i])) SetBit(chosen->data(), i);
  }
  const uint64_t* raw = chosen->data();
  out->ReferValidity(raw, std::move(chosen));
  return OkStatus();
}

Status SegmentDecoder::ReadDictionary(uint32_t vector, const uint16_t* rows, size_t count,
                                      Vector* out) const {
  DRIFTDB_ASSIGN_OR_RETURN(std::shared_ptr<const Vector> entries, reader.Entries());
  auto codes = std::make_shared<DecoderCodes>();
  std::shared_ptr<DecoderBits> chosen;
  const uint64_t* bits = reader.ValidityOf(vector);
  if (rows == nullptr) {
    DRIFTDB_RETURN_IF_ERROR(DecodeCodes(vector, codes->data()));
  } else {
    if (bits != nullptr) chosen = std::make_shared<DecoderBits>();
    for (size_t i = 0; i < count; ++i) {
      const uint32_t code = CodeOf(vector, rows[i]);
      if (code >= reader.entry_count_) return Damaged("dictionary code");
      (*codes)[i] = code;
      if (bits != nullptr && BitIsSet(bits, rows[i])) SetBit(chosen->data(), i);
    }
  }
  const uint32_t* raw = codes->data();
  out->ReferDictionary(raw, std::move(codes), std::move(entries), reader.entry_count_,
                       reader.dictionary_id_);
  if (chosen != nullptr) {
    const uint64_t* words = chosen->data();
    out->ReferValidity(words, std::move(chosen));
  } else if (bits != nullptr) {
    out->ReferValidity(bits, reader.payload_.pin());
  }
  return OkStatus();
}

Status SegmentDecoder::ReadFixedSelected(uint32_t vector, const uint16_t* rows, size_t count,
                                         Vector* out) const {
  const size_t width = PhysicalWidth(meta().physical);
  out->AllocateFlat(kVectorRows);
  uint8_t* to = out->mutable_raw_data();
  if (meta().encoding == SegmentEncoding::kPlain) {
    const auto* from =
        reinterpret_cast<const uint8_t*>(reader.data_) + vector * kVectorRows * width;
    DecoderGatherWidth(width, from, rows, count, to);
  } else {
    // Below a quarter of the rows, one by one is cheaper than unpacking all; sooner for sums of
    // deltas.
    const bool is_for = meta().encoding == SegmentEncoding::kFor;
    const size_t few = reader.RowsOf(vector) / (is_for ? 16 : 128);
    if (count <= few) {
      if (is_for) {
        const SegmentVector entry = VectorEntry(vector);
        for (size_t i = 0; i < count; ++i) DecodeForOne(entry, rows[i], to + i * width);
      } else {
        for (size_t i = 0; i < count; ++i) {
          DRIFTDB_RETURN_IF_ERROR(DecodeOne(vector, rows[i], to + i * width));
        }
      }
    } else {
      alignas(64) uint8_t all[kVectorRows * 16];
      DRIFTDB_RETURN_IF_ERROR(DecodeFlat(vector, all));
      DecoderGatherWidth(width, all, rows, count, to);
    }
  }
  GatherValidity(vector, rows, count, out);
  return OkStatus();
}

Status SegmentReader::Read(uint32_t vector, Vector* out) const {
  const SegmentDecoder decoder{*this};
  DRIFTDB_DCHECK(vector < vector_count() && out->type().physical() == meta_.physical);
  switch (meta_.encoding) {
    case SegmentEncoding::kConstant:
      return decoder.ReadConstant(vector, nullptr, RowsOf(vector), out);
    case SegmentEncoding::kDictionary:
      return decoder.ReadDictionary(vector, nullptr, RowsOf(vector), out);
    case SegmentEncoding::kStrings:
    case SegmentEncoding::kPackedStrings:
    case SegmentEncoding::kSymbolStrings:
      return decoder.ReadStrings(vector, nullptr, RowsOf(vector), out);
    case SegmentEncoding::kPlain:
      out->ReferFlat(data_ + vector * kVectorRows * PhysicalWidth(meta_.physical),
                     ValidityOf(vector), payload_.pin());
      return OkStatus();
    default:
      break;
  }
  out->AllocateFlat(kVectorRows);
  DRIFTDB_RETURN_IF_ERROR(decoder.DecodeFlat(vector, out->mutable_raw_data()));
  if (const uint64_t* bits = ValidityOf(vector); bits != nullptr) {
    out->ReferValidity(bits, payload_.pin());
  }
  return OkStatus();
}

Status SegmentReader::ReadSelected(uint32_t vector, const uint16_t* rows, size_t count,
                                   Vector* out) const {
  const SegmentDecoder decoder{*this};
  DRIFTDB_DCHECK(vector < vector_count() && count <= RowsOf(vector));
  switch (meta_.encoding) {
    case SegmentEncoding::kConstant:
      return decoder.ReadConstant(vector, rows, count, out);
    case SegmentEncoding::kDictionary:
      return decoder.ReadDictionary(vector, rows, count, out);
    case SegmentEncoding::kStrings:
    case SegmentEncoding::kPackedStrings:
    case SegmentEncoding::kSymbolStrings:
      return decoder.ReadStrings(vector, rows, count, out);
    default:
      return decoder.ReadFixedSelected(vector, rows, count, out);
  }
}

Status SegmentReader::ReadOne(uint32_t row, Vector* out, size_t to) const {
  DRIFTDB_DCHECK(row < meta_.row_count);
  const SegmentDecoder decoder{*this};
  const uint32_t vector = row / static_cast<uint32_t>(kVectorRows);
  const uint32_t within = row % static_cast<uint32_t>(kVectorRows);
  const size_t width = PhysicalWidth(meta_.physical);
  if (all_null_ || (validity_ != nullptr && !BitIsSet(validity_, row))) {
    std::memset(out->mutable_raw_data() + to * width, 0, width);
    out->SetNull(to);
    return OkStatus();
  }
  if (out->validity() != nullptr) SetBit(out->mutable_validity(), to);
  if (meta_.physical != PhysicalType::kString) {
    if (meta_.encoding == SegmentEncoding::kConstant) {
      std::memcpy(out->mutable_raw_data() + to * width, entries_, width);
      return OkStatus();
    }
    return decoder.DecodeOne(vector, within, out->mutable_raw_data() + to * width);
  }
  if (meta_.encoding == SegmentEncoding::kStrings ||
      meta_.encoding == SegmentEncoding::kPackedStrings ||
      meta_.encoding == SegmentEncoding::kSymbolStrings) {
    std::string_view bytes;
    if (decoder.StringInPlace(vector, within, &bytes)) {
      out->SetString(to, bytes);
      return OkStatus();
    }
    Vector one(type_);
    const auto chosen = static_cast<uint16_t>(within);
    DRIFTDB_RETURN_IF_ERROR(decoder.ReadStrings(vector, &chosen, 1, &one));
    out->SetString(to, one.data<StringRef>()[0].view());
    return OkStatus();
  }
  // Straight from the payload: a point read does not build the whole dictionary.
  const uint32_t code =
      meta_.encoding == SegmentEncoding::kConstant ? 0 : decoder.CodeOf(vector, within);
  if (code >= entry_count_) return decoder.Damaged("dictionary code");
  const uint32_t from = code == 0 ? 0 : LoadFixed<uint32_t>(entries_ + (code - 1) * 4);
  const auto end = LoadFixed<uint32_t>(entries_ + code * 4);
  if (from > end || end > heap_bytes_) return decoder.Damaged("dictionary string");
  out->SetString(to, {heap_ + from, end - from});
  return OkStatus();
}

}  // namespace driftdb::storage
