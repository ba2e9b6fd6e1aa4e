#include "storage/column/segment_reader.h"

#include <cstring>
#include <new>
#include <utility>

#include "base/error.h"
#include "base/hash.h"
#include "base/status_macros.h"
#include "storage/column/kernels.h"
#include "storage/column/segment_format.h"
#include "storage/column/symbol_table.h"

namespace driftdb::storage {

namespace {

constexpr size_t kReaderAlignment = 64;
constexpr uint32_t kReaderHeapBytesMax = 16 * 1024 * 1024;
constexpr uint32_t kReaderCodeBitsMax = 20;

struct ReaderAlignedDelete {
  void operator()(char* bytes) const {
    ::operator delete[](bytes, std::align_val_t(kReaderAlignment));
  }
};

// Frames are aligned; other sources of bytes need not be.
PinnedBytes ReaderAligned(PinnedBytes payload) {
  if (reinterpret_cast<uintptr_t>(payload.data()) % kReaderAlignment == 0) return payload;
  std::shared_ptr<char> copy(
      static_cast<char*>(::operator new[](payload.size(), std::align_val_t(kReaderAlignment))),
      ReaderAlignedDelete());
  std::memcpy(copy.get(), payload.data(), payload.size());
  const char* data = copy.get();
  return PinnedBytes(data, payload.size(), std::move(copy));
}

}  // namespace

// Checks a payload against its own header and the metadata, and sets the reader's pointers (SEG-1).
struct SegmentValidator {
  SegmentReader* reader;
  SegmentHeader header;
  const char* fault = nullptr;

  const char* Section(uint32_t offset, uint64_t bytes, const char* what) {
    const uint64_t size = reader->payload_.size();
    if (offset < sizeof(SegmentHeader) || offset % 64 != 0 || offset > size ||
        bytes > size - offset) {
      if (fault == nullptr) fault = what;
      return nullptr;
    }
    return reader->payload_.data() + offset;
  }
  void Require(bool condition, const char* what) {
    if (!condition && fault == nullptr) fault = what;
  }
  uint64_t width() const { return PhysicalWidth(reader->meta_.physical); }
  bool strings() const { return reader->meta_.physical == PhysicalType::kString; }
  bool integers() const {
    const PhysicalType physical = reader->meta_.physical;
    return physical >= PhysicalType::kInt16 && physical <= PhysicalType::kInt128;
  }
  uint32_t BlocksOf(uint32_t vector) const {
    return (reader->RowsOf(vector) + static_cast<uint32_t>(kBlockValues) - 1) /
           static_cast<uint32_t>(kBlockValues);
  }

  void CheckHeader();
  void CheckEntries(uint64_t count_max);
  void CheckVectors();
  void CheckVector(uint32_t vector, const SegmentVector& entry);
  void CheckData();
  void CheckPieces();
  void CheckSymbols();
  Status Run();
};

void SegmentValidator::CheckHeader() {
  const SegmentMeta& meta = reader->meta_;
  Require(header.magic == kSegmentMagic, "magic");
  Require(header.encoding == static_cast<uint8_t>(meta.encoding), "encoding");
  Require(header.physical == static_cast<uint8_t>(meta.physical), "physical type");
  Require(meta.physical == reader->type_.physical(), "column type");
  Require(header.row_count == meta.row_count && meta.row_count > 0 && meta.row_count <= kGroupRows,
          "row count");
  reader->narrow_zones_ = (header.flags & kSegmentNarrowZones) != 0;
  reader->all_null_ = (header.flags & kSegmentAllNull) != 0;
  reader->entry_count_ = header.entry_count;
  reader->code_bits_ = header.code_bits;
  reader->value_bytes_ = header.value_bytes;
  Require(!reader->all_null_ || meta.encoding == SegmentEncoding::kConstant, "NULL flag");
  Require(header.code_bits == 0 || meta.encoding == SegmentEncoding::kDictionary, "code width");
}

void SegmentValidator::CheckEntries(uint64_t count_max) {
  Require(header.entry_count >= 1 && header.entry_count <= count_max, "entry count");
  const uint64_t each = strings() ? 4 : width();
  Require(header.entries_bytes == header.entry_count * each, "size of entries");
  reader->entries_ = Section(header.entries_offset, header.entries_bytes, "entries");
  if (strings()) {
    reader->heap_ = Section(header.heap_offset, header.heap_bytes, "heap");
    reader->heap_bytes_ = header.heap_bytes;
  }
}

void SegmentValidator::CheckVector(uint32_t vector, const SegmentVector& entry) {
  Require(entry.offset <= header.data_bytes && entry.bytes <= header.data_bytes - entry.offset,
          "vector's place");
  const uint64_t blocks = BlocksOf(vector);
  switch (reader->meta_.encoding) {
    case SegmentEncoding::kFor:
      Require(entry.width <= 64 && entry.width <= width() * 8, "code width");
      Require(entry.bytes == blocks * PackedBlockBytes(entry.width), "vector's size");
      break;
    case SegmentEncoding::kDelta:
      Require(entry.width <= 32, "delta width");
      Require(entry.first_width == 2 || entry.first_width == 4 || entry.first_width == 8,
              "width of first values");
      Require(entry.bytes == blocks * DeltaBlockBytes(entry.width, entry.first_width),
              "vector's size");
      break;
    default: {
      Require(entry.width == 2 || entry.width == 4, "width of string ends");
      Require(entry.offset % 8 == 0 && entry.large_count <= reader->RowsOf(vector),
              "vector's long values");
      Require(entry.raw_bytes <= kReaderHeapBytesMax, "vector's heap");
      const uint64_t fixed = entry.large_count * sizeof(SegmentLargeValue) +
                             uint64_t{reader->RowsOf(vector)} * entry.width;
      Require(fixed <= entry.bytes, "vector's size");
      const uint64_t stored = entry.bytes - fixed;
      Require(reader->meta_.encoding == SegmentEncoding::kStrings ? stored == entry.raw_bytes
                                                                  : stored <= entry.raw_bytes,
              "vector's heap size");
      break;
    }
  }
}

void SegmentValidator::CheckVectors() {
  reader->data_ = Section(header.data_offset, header.data_bytes, "data");
  const uint32_t count = reader->vector_count();
  reader->vectors_ =
      Section(header.vectors_offset, count * sizeof(SegmentVector), "vector directory");
  if (fault != nullptr) return;
  for (uint32_t v = 0; v < count && fault == nullptr; ++v) {
    CheckVector(v, LoadFixed<SegmentVector>(reader->vectors_ + v * sizeof(SegmentVector)));
  }
}

void SegmentValidator::CheckData() {
  const uint64_t rows = header.row_count;
  switch (reader->meta_.encoding) {
    case SegmentEncoding::kConstant:
      if (!reader->all_null_) {
        CheckEntries(1);
        if (fault == nullptr && reader->meta_.physical == PhysicalType::kBool) {
          Require(*reader->entries_ == 0 || *reader->entries_ == 1, "boolean");
        }
      }
      return;
    case SegmentEncoding::kFor:
    case SegmentEncoding::kDelta:
      Require(integers(), "type of packed integers");
      return CheckVectors();
    case SegmentEncoding::kStrings:
    case SegmentEncoding::kPackedStrings:
    case SegmentEncoding::kSymbolStrings:
      Require(strings(), "type of strings");
      if (reader->meta_.encoding == SegmentEncoding::kSymbolStrings) CheckSymbols();
      CheckVectors();
      return CheckPieces();
    case SegmentEncoding::kRuns:
      Require(!strings() && reader->meta_.physical != PhysicalType::kBool, "type of runs");
      CheckEntries(rows);
      Require(header.data_bytes == uint64_t{header.entry_count} * 4, "size of run ends");
      break;
    case SegmentEncoding::kDictionary:
      Require(reader->meta_.physical != PhysicalType::kBool, "type of dictionary");
      CheckEntries(rows);
      Require(header.code_bits <= kReaderCodeBitsMax, "code width");
      Require(header.data_bytes ==
                  (rows + kBlockValues - 1) / kBlockValues * PackedBlockBytes(header.code_bits),
              "size of codes");
      break;
    case SegmentEncoding::kPlain:
      Require(!strings() && reader->meta_.physical != PhysicalType::kBool, "type of plain values");
      Require(header.data_bytes == rows * width(), "size of values");
      break;
    case SegmentEncoding::kBits:
      Require(reader->meta_.physical == PhysicalType::kBool, "type of bits");
      Require(header.data_bytes == reader->vector_count() * (kVectorRows / 8), "size of bits");
      break;
  }
  reader->data_ = Section(header.data_offset, header.data_bytes, "data");
}

void SegmentValidator::CheckSymbols() {
  Require(header.heap_bytes == kSymbolTableBytes, "size of the symbol table");
  const char* table = Section(header.heap_offset, kSymbolTableBytes, "symbol table");
  if (table == nullptr) return;
  for (size_t c = 0; c < kSymbolsMax; ++c) {
    const char length = table[kSymbolsMax * kSymbolBytesMax + c];
    Require(static_cast<uint8_t>(length) <= kSymbolBytesMax, "length of a symbol");
  }
  reader->heap_ = table;
}

void SegmentValidator::CheckPieces() {
  uint64_t bytes = 0;
  const std::vector<ExtentRef>& pieces = reader->meta_.value_extents;
  for (size_t i = 0; i < pieces.size(); ++i) {
    Require(i + 1 == pieces.size() ? pieces[i].payload_bytes <= kValuePieceBytesMax
                                   : pieces[i].payload_bytes == kValuePieceBytesMax,
            "size of a value piece");
    bytes += pieces[i].payload_bytes;
  }
  Require(bytes == header.value_bytes, "size of value pieces");
}

Status SegmentValidator::Run() {
  if (reader->payload_.size() < sizeof(SegmentHeader)) {
    fault = "size";
  } else {
    header = LoadFixed<SegmentHeader>(reader->payload_.data());
    CheckHeader();
  }
  if (fault == nullptr) {
    const uint32_t count = reader->vector_count();
    if (reader->meta_.encoding != SegmentEncoding::kConstant) {
      const size_t each = reader->narrow_zones_ ? sizeof(SegmentZone) : sizeof(SegmentWideZone);
      reader->zones_ = Section(header.zones_offset, count * each, "zone maps");
    }
    if (header.validity_offset != 0) {
      reader->validity_ = reinterpret_cast<const uint64_t*>(
          Section(header.validity_offset, count * (kVectorRows / 8), "validity"));
    }
    if (fault == nullptr) CheckData();
  }
  if (fault == nullptr) return OkStatus();
  return DataLossError("segment at granule {} (rows {}+{}) is damaged: {}",
                       reader->meta_.extent.granule, reader->meta_.first_row,
                       reader->meta_.row_count, fault);
}

Result<std::shared_ptr<const SegmentReader>> SegmentReader::Open(const SegmentMeta& meta,
                                                                 LogicalType type,
                                                                 PinnedBytes payload,
                                                                 ExtentStore* store) {
  std::shared_ptr<SegmentReader> reader(
      new SegmentReader(meta, type, ReaderAligned(std::move(payload)), store));
  SegmentValidator validator{reader.get(), {}};
  DRIFTDB_RETURN_IF_ERROR(validator.Run());
  if (meta.encoding == SegmentEncoding::kDictionary) {
    reader->dictionary_id_ = meta.extent.digest.low;
    if (meta.extent.empty()) {
      reader->dictionary_id_ = HashBytes64(reader->payload_.data(), reader->payload_.size());
    }
    if (reader->dictionary_id_ == 0) reader->dictionary_id_ = 1;
  }
  return std::shared_ptr<const SegmentReader>(std::move(reader));
}

Result<std::shared_ptr<const SegmentReader>> SegmentReader::Open(const SegmentMeta& meta,
                                                                 LogicalType type,
                                                                 ExtentStore* store) {
  DRIFTDB_ASSIGN_OR_RETURN(PinnedBytes payload, store->Pin(meta.extent));
  return Open(meta, type, std::move(payload), store);
}

SegmentReader::~SegmentReader() = default;

const uint64_t* SegmentReader::ValidityOf(uint32_t vector) const {
  return validity_ == nullptr ? nullptr : validity_ + vector * kValidityWords;
}

ZoneMap SegmentReader::VectorZone(uint32_t vector) const {
  ZoneMap zone;
  zone.row_count = RowsOf(vector);
  const int128_t bias = SegmentZoneBias(meta_.physical);
  const auto load = [&](const auto& stored) {
    zone.null_count = stored.null_count;
    zone.has_bounds = (stored.flags & kSegmentZoneBounds) != 0;
    zone.has_nan = (stored.flags & kSegmentZoneNan) != 0;
    zone.sum_valid = (stored.flags & kSegmentZoneSum) != 0;
    zone.bounds_exact = (stored.flags & kSegmentZoneExact) != 0;
    if (zone.has_bounds) {
      zone.min =
          static_cast<int128_t>(static_cast<uint128_t>(stored.min) + static_cast<uint128_t>(bias));
      zone.max =
          static_cast<int128_t>(static_cast<uint128_t>(stored.max) + static_cast<uint128_t>(bias));
    }
    zone.sum = stored.sum;
  };
  if (zones_ != nullptr) {
    if (narrow_zones_) {
      load(LoadFixed<SegmentZone>(zones_ + vector * sizeof(SegmentZone)));
    } else {
      load(LoadFixed<SegmentWideZone>(zones_ + vector * sizeof(SegmentWideZone)));
    }
    return zone;
  }
  // A constant: the segment's bounds are the vector's.
  zone = meta_.zone;
  zone.row_count = RowsOf(vector);
  zone.null_count = 0;
  if (all_null_) {
    zone.null_count = zone.row_count;
  } else if (validity_ != nullptr) {
    const uint64_t* bits = ValidityOf(vector);
    for (uint32_t i = 0; i < zone.row_count; ++i) zone.null_count += !BitIsSet(bits, i);
  }
  if (zone.sum_valid) {
    const int128_t rows = zone.row_count - zone.null_count;
    zone.sum_valid = !__builtin_mul_overflow(zone.min, rows, &zone.sum);
  }
  if (zone.all_null()) zone.has_bounds = zone.has_nan = false;
  return zone;
}

Result<std::shared_ptr<const Vector>> SegmentReader::Entries() const {
  platform::MutexLock lock(&mutex_);
  if (entry_vector_ != nullptr) return entry_vector_;
  auto entries = std::make_shared<Vector>(type_);
  if (meta_.physical != PhysicalType::kString) {
    entries->ReferFlat(entries_, nullptr, payload_.pin());
  } else {
    entries->AllocateFlat(entry_count_);
    entries->Hold(payload_.pin());
    auto* to = entries->data<StringRef>();
    uint32_t from = 0;
    for (uint32_t i = 0; i < entry_count_; ++i) {
      const auto end = LoadFixed<uint32_t>(entries_ + i * 4);
      if (end < from || end > heap_bytes_) {
        return DataLossError("segment at granule {}: string {} of the dictionary ends at {} of {}",
                             meta_.extent.granule, i, end, heap_bytes_);
      }
      to[i] = StringRef(std::string_view(heap_ + from, end - from));
      from = end;
    }
  }
  entry_vector_ = std::move(entries);
  return entry_vector_;
}

}  // namespace driftdb::storage
