#include "storage/column/segment_writer.h"

#include <cstring>
#include <optional>
#include <utility>

#include "base/check.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/status_macros.h"
#include "storage/column/bitmap.h"
#include "storage/column/segment_builder.h"

namespace driftdb::storage {

namespace {

constexpr uint64_t kWriterSegmentBytes = kSegmentBytesMax - 64 * 1024;  // room for all but the data
// Texts of this average length are worth the time of zstd when they shrink by a third.
constexpr uint64_t kWriterLongTextBytes = 128;
// Texts of this average length are worth decoding from symbols when they shrink by a quarter.
constexpr uint64_t kWriterSymbolTextBytes = 12;
constexpr double kWriterSymbolRatioMax = 0.75;

// Modelled cost of an encoding: its bytes, weighted by the time to decode a value.
double WriterCost(uint64_t bytes, double decode_ns) {
  return static_cast<double>(bytes) * (1.0 + 0.15 * decode_ns / 0.03);
}

bool WriterIsInteger(PhysicalType physical) {
  return physical == PhysicalType::kInt16 || physical == PhysicalType::kInt32 ||
         physical == PhysicalType::kInt64 || physical == PhysicalType::kInt128;
}

template <typename T, typename To>
void WriterAppend(const VectorView& view, const uint16_t* rows, size_t count, std::vector<To>* to) {
  const size_t at = to->size();
  to->resize(at + count);
  To* out = to->data() + at;
  const T* data = reinterpret_cast<const T*>(view.data);
  if (rows == nullptr && view.index == nullptr) {
    for (size_t i = 0; i < count; ++i) out[i] = static_cast<To>(data[i]);
    return;
  }
  for (size_t i = 0; i < count; ++i) {
    out[i] = static_cast<To>(data[view.position(rows == nullptr ? i : rows[i])]);
  }
}

}  // namespace

PayloadBuilder::PayloadBuilder(SegmentEncoding encoding, PhysicalType physical, uint32_t row_count)
    : header_{} {
  header_.magic = kSegmentMagic;
  header_.encoding = static_cast<uint8_t>(encoding);
  header_.physical = static_cast<uint8_t>(physical);
  header_.row_count = row_count;
  bytes_.resize(sizeof(SegmentHeader));
}

uint32_t PayloadBuilder::BeginSection() {
  bytes_.resize((bytes_.size() + 63) & ~size_t{63});
  return static_cast<uint32_t>(bytes_.size());
}

std::string PayloadBuilder::Finish() {
  std::memcpy(bytes_.data(), &header_, sizeof(header_));
  return std::move(bytes_);
}

struct SegmentWriter::State {
  ColumnRows rows;
  EncodeOptions options;
  std::vector<ZoneMap> zones;  // per vector
  ColumnDictionary dictionary;
  std::optional<SymbolTable> symbols;  // when strings are coded

  void Reset();
  void AppendValidity(const VectorView& view, const uint16_t* selected, size_t count);
  void FillNulls();
  void NarrowWides();
  void ComputeZones(DistinctSketch* sketch);
  void ZoneOfIntegers(uint32_t vector, ZoneMap* zone, DistinctSketch* sketch);
  void ZoneOfFloats(uint32_t vector, ZoneMap* zone, DistinctSketch* sketch);
  void ZoneOfOthers(uint32_t vector, ZoneMap* zone, DistinctSketch* sketch);
  SegmentEncoding Choose(const ZoneMap& zone, double distinct, VectorSizes* sizes);
  SegmentEncoding ChooseFixed(double distinct, VectorSizes* sizes);
  SegmentEncoding ChooseStrings(VectorSizes* sizes);
  bool Forced(SegmentEncoding encoding) const {
    return options.forced_encoding == static_cast<uint8_t>(encoding);
  }
  void AddZones(SegmentSpan span, PayloadBuilder* to) const;
  Result<EncodedSegment> Encode(SegmentEncoding encoding, SegmentSpan span);
};

void SegmentWriter::State::Reset() {
  rows.count = 0;
  rows.null_count = 0;
  rows.bias = 0;
  rows.validity.clear();
  rows.integers.clear();
  rows.floats.clear();
  rows.wides.clear();
  rows.strings.clear();
  rows.string_owners.clear();
  zones.clear();
}

void SegmentWriter::State::AppendValidity(const VectorView& view, const uint16_t* selected,
                                          size_t count) {
  const size_t words = (rows.count + count + 63) / 64;
  if (rows.validity.size() < words) rows.validity.resize(words, ~uint64_t{0});
  if (view.all_valid()) return;
  for (size_t i = 0; i < count; ++i) {
    if (!view.valid(selected == nullptr ? i : selected[i])) {
      ClearBit(rows.validity.data(), rows.count + i);
      ++rows.null_count;
    }
  }
}

// Within each vector a NULL repeats the value before it, or the first one.
void SegmentWriter::State::FillNulls() {
  if (rows.null_count == 0) return;
  const auto fill = [this](auto* values) {
    for (uint32_t v = 0; v < rows.vector_count(); ++v) {
      const uint32_t from = v * kVectorRows;
      const uint32_t to = from + rows.RowsOf(v);
      uint32_t first = from;
      while (first < to && !rows.valid(first)) ++first;
      auto value = first < to ? values[first] : values[from > 0 ? from - 1 : 0];
      if (first == to && from == 0) value = {};
      for (uint32_t i = from; i < to; ++i) {
        if (rows.valid(i)) {
          value = values[i];
        } else {
          values[i] = value;
        }
      }
    }
  };
  if (!rows.integers.empty()) fill(rows.integers.data());
  if (!rows.floats.empty()) fill(rows.floats.data());
  if (!rows.wides.empty()) fill(rows.wides.data());
}

// 128-bit integers of a range below 2^63 are packed like narrow ones, relative to the smallest.
void SegmentWriter::State::NarrowWides() {
  if (rows.physical != PhysicalType::kInt128) return;
  int128_t min = kInt128Max;
  int128_t max = kInt128Min;
  for (const uint128_t wide : rows.wides) {
    min = std::min(min, static_cast<int128_t>(wide));
    max = std::max(max, static_cast<int128_t>(wide));
  }
  if (static_cast<uint128_t>(max) - static_cast<uint128_t>(min) > static_cast<uint128_t>(INT64_MAX))
    return;
  const bool narrow = min >= INT64_MIN && max <= INT64_MAX;
  rows.bias = narrow ? 0 : min;
  rows.integers.resize(rows.count);
  for (uint32_t i = 0; i < rows.count; ++i) {
    rows.integers[i] = static_cast<int64_t>(static_cast<int128_t>(rows.wides[i]) - rows.bias);
  }
  rows.wides.clear();
}

void SegmentWriter::State::ZoneOfIntegers(uint32_t vector, ZoneMap* zone, DistinctSketch* sketch) {
  const uint32_t from = vector * kVectorRows;
  const uint32_t count = rows.RowsOf(vector);
  const int64_t* values = rows.integers.data() + from;
  int64_t min = values[0];
  int64_t max = values[0];
  for (uint32_t i = 1; i < count; ++i) {
    min = values[i] < min ? values[i] : min;
    max = values[i] > max ? values[i] : max;
  }
  // NULL rows repeat values of their vector, so bounds need no mask; a vector of NULLs only has
  // none.
  zone->has_bounds = zone->null_count < count;
  if (!zone->has_bounds) return;
  zone->min = rows.bias + min;
  zone->max = rows.bias + max;
  if (WriterIsInteger(rows.physical)) {
    int128_t sum = 0;
    constexpr int64_t kSafe = int64_t{1} << 51;
    if (zone->null_count == 0 && min > -kSafe && max < kSafe) {
      int64_t narrow = 0;
      for (uint32_t i = 0; i < count; ++i) narrow += values[i];
      sum = narrow;
    } else {
      for (uint32_t i = 0; i < count; ++i) {
        if (rows.valid(from + i)) sum += values[i];
      }
    }
    const int128_t valid_rows = count - zone->null_count;
    int128_t of_bias;
    zone->sum_valid = !__builtin_mul_overflow(rows.bias, valid_rows, &of_bias) &&
                      !__builtin_add_overflow(sum, of_bias, &zone->sum);
    if (!zone->sum_valid) zone->sum = 0;
  }
  // Neighbours are often equal; the sketch needs each value once.
  sketch->Add(HashInt64(static_cast<uint64_t>(values[0])));
  for (uint32_t i = 1; i < count; ++i) {
    if (values[i] != values[i - 1]) sketch->Add(HashInt64(static_cast<uint64_t>(values[i])));
  }
}

void SegmentWriter::State::ZoneOfFloats(uint32_t vector, ZoneMap* zone, DistinctSketch* sketch) {
  const uint32_t from = vector * kVectorRows;
  int64_t min = INT64_MAX;
  int64_t max = INT64_MIN;
  for (uint32_t i = from; i < from + rows.RowsOf(vector); ++i) {
    if (!rows.valid(i)) continue;
    const uint64_t bits = rows.floats[i];
    const double value = rows.physical == PhysicalType::kFloat
                             ? std::bit_cast<float>(static_cast<uint32_t>(bits))
                             : std::bit_cast<double>(bits);
    sketch->Add(HashInt64(bits));
    if (value != value) {
      zone->has_nan = true;
      continue;
    }
    const int64_t key = OrderedDouble(value);
    min = key < min ? key : min;
    max = key > max ? key : max;
    zone->has_bounds = true;
  }
  if (zone->has_bounds) {
    zone->min = min;
    zone->max = max;
  }
}

void SegmentWriter::State::ZoneOfOthers(uint32_t vector, ZoneMap* zone, DistinctSketch* sketch) {
  const uint32_t from = vector * kVectorRows;
  for (uint32_t i = from; i < from + rows.RowsOf(vector); ++i) {
    if (!rows.valid(i)) continue;
    int128_t key;
    if (rows.physical == PhysicalType::kString) {
      const StringRef& value = rows.strings[i];
      sketch->Add(value.is_inline() ? HashCombine64(value.first_word(), value.second_word())
                                    : HashBytes64(value.view()));
      key = static_cast<int128_t>(StringOrderKey(value.view()));
    } else {
      key = static_cast<int128_t>(rows.wides[i]);
      sketch->Add(HashCombine64(static_cast<uint64_t>(rows.wides[i]),
                                static_cast<uint64_t>(rows.wides[i] >> 64)));
      if (rows.physical == PhysicalType::kInterval) continue;  // no bounds
      if (zone->sum_valid && __builtin_add_overflow(zone->sum, key, &zone->sum)) {
        zone->sum_valid = false;
        zone->sum = 0;
      }
    }
    zone->min = zone->has_bounds ? std::min(zone->min, key) : key;
    zone->max = zone->has_bounds ? std::max(zone->max, key) : key;
    zone->has_bounds = true;
  }
}

void SegmentWriter::State::ComputeZones(DistinctSketch* sketch) {
  for (uint32_t v = 0; v < rows.vector_count(); ++v) {
    ZoneMap zone;
    zone.row_count = rows.RowsOf(v);
    zone.sum_valid = WriterIsInteger(rows.physical);
    zone.bounds_exact = rows.physical != PhysicalType::kString;
    if (rows.null_count > 0) {
      for (uint32_t i = v * kVectorRows; i < v * kVectorRows + zone.row_count; ++i) {
        zone.null_count += !rows.valid(i);
      }
    }
    if (!rows.integers.empty()) {
      ZoneOfIntegers(v, &zone, sketch);
    } else if (!rows.floats.empty()) {
      ZoneOfFloats(v, &zone, sketch);
    } else {
      ZoneOfOthers(v, &zone, sketch);
    }
    zones.push_back(zone);
  }
}

SegmentEncoding SegmentWriter::State::ChooseFixed(double distinct, VectorSizes* sizes) {
  const uint64_t width = PhysicalWidth(rows.physical);
  const auto uniform = [this, sizes](uint64_t per_row) {
    sizes->bytes.clear();
    for (uint32_t v = 0; v < rows.vector_count(); ++v)
      sizes->bytes.push_back(per_row * rows.RowsOf(v));
  };
  uniform(width);
  SegmentEncoding best = SegmentEncoding::kPlain;
  double cost = WriterCost(rows.count * width, 0.01);
  if (Forced(SegmentEncoding::kPlain)) return best;
  if (!rows.integers.empty()) {
    for (const SegmentEncoding encoding : {SegmentEncoding::kFor, SegmentEncoding::kDelta}) {
      const bool is_for = encoding == SegmentEncoding::kFor;
      VectorSizes tried = is_for ? SizeFor(rows) : SizeDelta(rows);
      const double tried_cost = WriterCost(tried.total(), is_for ? 0.03 : 0.08);
      if (tried.possible && (tried_cost < cost || Forced(encoding))) {
        best = encoding;
        cost = tried_cost;
        *sizes = std::move(tried);
        if (Forced(encoding)) return best;
      }
    }
  }
  const uint64_t runs = CountRuns(rows);
  const uint64_t run_bytes = runs * (width + 4);
  const double run_ns = 0.02 + 2.0 * static_cast<double>(runs) / rows.count;
  if (Forced(SegmentEncoding::kRuns) || WriterCost(run_bytes, run_ns) < cost) {
    best = SegmentEncoding::kRuns;
    cost = WriterCost(run_bytes, run_ns);
    sizes->bytes.assign(rows.vector_count(), run_bytes / rows.vector_count());
    if (run_bytes > kWriterSegmentBytes) uniform(width + 4);  // forced on unfit data
    if (Forced(SegmentEncoding::kRuns)) return best;
  }
  const uint64_t code_bytes = rows.count * BitsFor(static_cast<uint64_t>(distinct)) / 8;
  const uint64_t dictionary_bytes = code_bytes + static_cast<uint64_t>(distinct) * width;
  if (rows.wides.empty() &&
      (Forced(SegmentEncoding::kDictionary) ||
       (distinct < rows.count / 8.0 && WriterCost(dictionary_bytes, 0.15) < cost)) &&
      dictionary.Build(rows)) {
    best = SegmentEncoding::kDictionary;
    uniform(0);
  }
  return best;
}

SegmentEncoding SegmentWriter::State::ChooseStrings(VectorSizes* sizes) {
  *sizes = SizeStrings(rows);
  const uint64_t plain_bytes = sizes->total();
  uint64_t text_bytes = 0;
  for (const StringRef& value : rows.strings) text_bytes += value.size();
  if (!Forced(SegmentEncoding::kStrings) && !Forced(SegmentEncoding::kPackedStrings) &&
      !Forced(SegmentEncoding::kSymbolStrings) && dictionary.Build(rows)) {
    if (dictionary.first_rows.size() == 1 && options.forced_encoding == 0)
      return SegmentEncoding::kConstant;
    const uint64_t bytes = uint64_t{rows.count} * dictionary.code_bits() / 8 +
                           dictionary.heap_bytes + dictionary.first_rows.size() * 4;
    if (Forced(SegmentEncoding::kDictionary) ||
        WriterCost(bytes, 0.1) < WriterCost(plain_bytes, 1.0)) {
      sizes->bytes.assign(rows.vector_count(), 0);
      return SegmentEncoding::kDictionary;
    }
  }
  const bool long_texts = text_bytes > kWriterLongTextBytes * (rows.count - rows.null_count);
  const bool pack =
      Forced(SegmentEncoding::kPackedStrings) ||
      (options.forced_encoding == 0 && (options.compress_strings || long_texts) &&
       StringsCompress(rows, options.zstd_level, options.compress_strings ? 0.9 : 0.67));
  if (pack) return SegmentEncoding::kPackedStrings;
  const bool forced = Forced(SegmentEncoding::kSymbolStrings);
  if (!forced && (options.forced_encoding != 0 ||
                  text_bytes <= kWriterSymbolTextBytes * (rows.count - rows.null_count))) {
    return SegmentEncoding::kStrings;
  }
  double ratio = 1;
  symbols = TrainSymbols(rows, &ratio);
  return forced || ratio <= kWriterSymbolRatioMax ? SegmentEncoding::kSymbolStrings
                                                  : SegmentEncoding::kStrings;
}

SegmentEncoding SegmentWriter::State::Choose(const ZoneMap& zone, double distinct,
                                             VectorSizes* sizes) {
  sizes->bytes.assign(rows.vector_count(), 0);
  if (rows.null_count == rows.count) return SegmentEncoding::kConstant;
  if (rows.physical == PhysicalType::kString) return ChooseStrings(sizes);
  bool constant = false;
  if (!rows.integers.empty()) {
    constant = zone.min == zone.max;
  } else {
    constant = CountRuns(rows) == 1;
  }
  if (constant && (options.forced_encoding == 0 || Forced(SegmentEncoding::kConstant))) {
    return SegmentEncoding::kConstant;
  }
  if (rows.physical == PhysicalType::kBool) return SegmentEncoding::kBits;
  return ChooseFixed(distinct, sizes);
}

void SegmentWriter::State::AddZones(SegmentSpan span, PayloadBuilder* to) const {
  const int128_t bias = SegmentZoneBias(rows.physical);
  const auto fits = [](int128_t v) { return v >= INT64_MIN && v <= INT64_MAX; };
  bool narrow = true;
  for (uint32_t v = span.first_vector; v < span.last_vector; ++v) {
    const ZoneMap& zone = zones[v];
    narrow = narrow && fits(zone.sum) &&
             (!zone.has_bounds || (fits(zone.min - bias) && fits(zone.max - bias)));
  }
  to->header().zones_offset = to->BeginSection();
  if (narrow) to->header().flags |= kSegmentNarrowZones;
  const auto flags_of = [](const ZoneMap& zone) {
    return static_cast<uint8_t>(
        (zone.has_bounds ? kSegmentZoneBounds : 0) | (zone.has_nan ? kSegmentZoneNan : 0) |
        (zone.sum_valid ? kSegmentZoneSum : 0) | (zone.bounds_exact ? kSegmentZoneExact : 0));
  };
  for (uint32_t v = span.first_vector; v < span.last_vector; ++v) {
    const ZoneMap& zone = zones[v];
    const auto store = [&](auto entry) {
      using Bound = decltype(entry.min);
      if (zone.has_bounds) {
        entry.min = static_cast<Bound>(zone.min - bias);
        entry.max = static_cast<Bound>(zone.max - bias);
      }
      entry.sum = static_cast<Bound>(zone.sum);
      entry.null_count = static_cast<uint16_t>(zone.null_count);
      entry.row_count = static_cast<uint16_t>(zone.row_count);
      entry.flags = flags_of(zone);
      to->bytes().append(reinterpret_cast<const char*>(&entry), sizeof(entry));
    };
    if (narrow) {
      store(SegmentZone{});
    } else {
      store(SegmentWideZone{});
    }
  }
}

Result<EncodedSegment> SegmentWriter::State::Encode(SegmentEncoding encoding, SegmentSpan span) {
  const uint32_t first_row = span.first_vector * kVectorRows;
  const uint32_t count = std::min<uint32_t>(span.last_vector * kVectorRows, rows.count) - first_row;
  EncodedSegment segment;
  segment.meta.zone.sum_valid = WriterIsInteger(rows.physical);
  for (uint32_t v = span.first_vector; v < span.last_vector; ++v) segment.meta.zone.Merge(zones[v]);
  segment.meta.zone.bounds_exact = rows.physical != PhysicalType::kString;
  const uint32_t nulls = segment.meta.zone.null_count;
  if (nulls == count) encoding = SegmentEncoding::kConstant;
  segment.meta.first_row = first_row;
  segment.meta.row_count = count;
  segment.meta.encoding = encoding;
  segment.meta.physical = rows.physical;
  PayloadBuilder builder(encoding, rows.physical, count);
  if (encoding != SegmentEncoding::kConstant) AddZones(span, &builder);
  if (nulls == count) {
    builder.header().flags |= kSegmentAllNull;
  } else if (nulls > 0) {
    builder.header().validity_offset = builder.BeginSection();
    const size_t words = (span.last_vector - span.first_vector) * kValidityWords;
    std::vector<uint64_t> bits(words, 0);
    std::memcpy(bits.data(), rows.validity.data() + first_row / 64, (count + 63) / 64 * 8);
    builder.bytes().append(reinterpret_cast<const char*>(bits.data()), words * 8);
  }
  switch (encoding) {
    case SegmentEncoding::kConstant:
      EncodeConstant(rows, span, &builder);
      break;
    case SegmentEncoding::kFor:
      EncodeFor(rows, span, &builder);
      break;
    case SegmentEncoding::kDelta:
      EncodeDelta(rows, span, &builder);
      break;
    case SegmentEncoding::kRuns:
      EncodeRuns(rows, span, &builder);
      break;
    case SegmentEncoding::kDictionary:
      EncodeDictionary(rows, dictionary, span, &builder);
      break;
    case SegmentEncoding::kPlain:
      EncodePlain(rows, span, &builder);
      break;
    case SegmentEncoding::kBits:
      EncodeBits(rows, span, &builder);
      break;
    case SegmentEncoding::kSymbolStrings:
      EncodeSymbolStrings(rows, *symbols, span, &builder, &segment.value_pieces);
      break;
    case SegmentEncoding::kStrings:
    case SegmentEncoding::kPackedStrings: {
      const int level = encoding == SegmentEncoding::kStrings ? 0 : options.zstd_level;
      DRIFTDB_RETURN_IF_ERROR(EncodeStrings(rows, span, level, &builder, &segment.value_pieces));
      break;
    }
  }
  segment.payload = builder.Finish();
  DRIFTDB_CHECK_OR_RETURN(segment.payload.size() <= kSegmentBytesMax, "segment of {} bytes",
                          segment.payload.size());
  return segment;
}

SegmentWriter::SegmentWriter(LogicalType type, EncodeOptions options)
    : state_(std::make_unique<State>()) {
  state_->rows.type = type;
  state_->rows.physical = type.physical();
  state_->options = options;
}

SegmentWriter::~SegmentWriter() = default;

uint32_t SegmentWriter::row_count() const { return state_->rows.count; }

void SegmentWriter::Append(const Vector& vector, size_t count) { Append(vector, nullptr, count); }

void SegmentWriter::Append(const Vector& vector, const uint16_t* selected, size_t count) {
  ColumnRows& rows = state_->rows;
  DRIFTDB_DCHECK(vector.type().physical() == rows.physical && rows.count + count <= kGroupRows);
  if (count == 0) return;
  Vector copy(vector);
  const VectorView view = copy.View(selected == nullptr ? count : kVectorRows);
  state_->AppendValidity(view, selected, count);
  switch (rows.physical) {
    case PhysicalType::kBool:
      WriterAppend<uint8_t>(view, selected, count, &rows.integers);
      break;
    case PhysicalType::kInt16:
      WriterAppend<int16_t>(view, selected, count, &rows.integers);
      break;
    case PhysicalType::kInt32:
      WriterAppend<int32_t>(view, selected, count, &rows.integers);
      break;
    case PhysicalType::kInt64:
      WriterAppend<int64_t>(view, selected, count, &rows.integers);
      break;
    case PhysicalType::kFloat:
      WriterAppend<uint32_t>(view, selected, count, &rows.floats);
      break;
    case PhysicalType::kDouble:
      WriterAppend<uint64_t>(view, selected, count, &rows.floats);
      break;
    case PhysicalType::kInt128:
    case PhysicalType::kInterval:
      for (size_t i = 0; i < count; ++i) {
        uint128_t wide;
        std::memcpy(&wide, view.data + view.position(selected == nullptr ? i : selected[i]) * 16,
                    16);
        rows.wides.push_back(wide);
      }
      break;
    case PhysicalType::kString:
      for (size_t i = 0; i < count; ++i) {
        const size_t from = selected == nullptr ? i : selected[i];
        if (!view.valid(from)) {
          rows.strings.emplace_back();
          continue;
        }
        rows.strings.push_back(view.value<StringRef>(from));
      }
      rows.string_owners.push_back(std::move(copy));
      break;
  }
  rows.count += static_cast<uint32_t>(count);
}

Result<EncodedColumn> SegmentWriter::Finish() {
  std::vector<EncodedSegment> segments;
  Result<EncodedColumn> column = Finish([&segments](EncodedSegment segment) {
    segments.push_back(std::move(segment));
    return OkStatus();
  });
  if (column.ok()) column->segments = std::move(segments);
  return column;
}

Result<EncodedColumn> SegmentWriter::Finish(const SegmentSink& sink) {
  State& state = *state_;
  EncodedColumn column;
  if (state.rows.count == 0) return column;
  for (const StringRef& value : state.rows.strings) {
    if (value.size() > kValueBytesMax) {
      return Error(sqlstate::kProgramLimitExceeded, "value of {} bytes is above the limit of {}",
                   value.size(), kValueBytesMax);
    }
  }
  state.FillNulls();
  state.NarrowWides();
  state.ComputeZones(&column.distinct);
  column.zone.sum_valid = WriterIsInteger(state.rows.physical);
  for (const ZoneMap& zone : state.zones) column.zone.Merge(zone);
  VectorSizes sizes;
  const SegmentEncoding encoding = state.Choose(column.zone, column.distinct.Estimate(), &sizes);
  for (SegmentSpan span; span.last_vector < state.rows.vector_count();) {
    span.first_vector = span.last_vector;
    uint64_t bytes = sizes.bytes[span.last_vector++];
    while (span.last_vector < state.rows.vector_count() &&
           bytes + sizes.bytes[span.last_vector] <= kWriterSegmentBytes) {
      bytes += sizes.bytes[span.last_vector++];
    }
    DRIFTDB_ASSIGN_OR_RETURN(EncodedSegment segment, state.Encode(encoding, span));
    DRIFTDB_RETURN_IF_ERROR(sink(std::move(segment)));
  }
  state.Reset();
  return column;
}

Result<EncodedColumn> EncodeColumn(LogicalType type, const std::vector<ColumnSlice>& slices,
                                   const EncodeOptions& options) {
  SegmentWriter writer(type, options);
  for (const ColumnSlice& slice : slices) writer.Append(*slice.vector, slice.row_count);
  return writer.Finish();
}

Result<SegmentMeta> WriteSegment(EncodedSegment segment, ExtentStore* store) {
  for (const std::string& piece : segment.value_pieces) {
    DRIFTDB_ASSIGN_OR_RETURN(ExtentRef extent, store->Write(piece, kDataBlockBytes));
    segment.meta.value_extents.push_back(extent);
  }
  DRIFTDB_ASSIGN_OR_RETURN(segment.meta.extent, store->Write(segment.payload, kDataBlockBytes));
  return std::move(segment.meta);
}

}  // namespace driftdb::storage
