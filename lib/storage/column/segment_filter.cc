// Filters on encoded data: a predicate is turned once per segment into a test of codes, entries or
// runs.
#include <algorithm>
#include <cstring>
#include <vector>

#include "base/status_macros.h"
#include "storage/column/bitmap.h"
#include "storage/column/kernels.h"
#include "storage/column/segment_decoder.h"
#include "storage/column/segment_reader.h"
#include "storage/column/value_condition.h"

namespace driftdb::storage {

namespace {

// Up to here, comparing codes with each range is cheaper than looking every code up.
constexpr size_t kFilterRangesMax = 4;

}  // namespace

struct SegmentPredicate::State {
  enum class Form : uint8_t {
    kPackedRange,  // kFor: compare codes
    kCodeRanges,   // kDictionary: codes in any of a few ranges
    kEntrySet,     // kDictionary, kRuns, kConstant: bit per entry
    kBits,         // kBits: outcome of true and of false
    kValues,       // decode and test
  };
  struct CodeRange {
    uint32_t low;
    uint32_t span;
  };
  ValueCondition test;
  Form form = Form::kValues;
  ZoneDecision decision = ZoneDecision::kSome;
  std::vector<CodeRange> code_ranges;
  bool pass_true = false;
  bool pass_false = false;
  std::vector<uint64_t> entries;  // padded to every possible code
};

SegmentPredicate::SegmentPredicate(std::unique_ptr<State> state) : state_(std::move(state)) {}
SegmentPredicate::~SegmentPredicate() = default;
SegmentPredicate::SegmentPredicate(SegmentPredicate&&) noexcept = default;
SegmentPredicate& SegmentPredicate::operator=(SegmentPredicate&&) noexcept = default;
ZoneDecision SegmentPredicate::decision() const { return state_->decision; }

struct SegmentFilter {
  using State = SegmentPredicate::State;
  const SegmentReader& reader;
  const State& state;

  static Status TestEntries(const SegmentReader& reader, State* state);
  void Merge(uint32_t vector, const uint64_t* passed, uint64_t* bits) const;
  void PackedRange(uint32_t vector, SegmentScratch* scratch, uint64_t* bits) const;
  void PackedRangeFew(uint32_t vector, uint64_t* bits) const;
  void Codes(uint32_t vector, SegmentScratch* scratch, uint64_t* bits) const;
  Status Runs(uint32_t vector, uint64_t* bits) const;
  void Bits(uint32_t vector, uint64_t* bits) const;
  Status Values(uint32_t vector, SegmentScratch* scratch, uint64_t* bits) const;
  Status ValuesOfFew(uint32_t vector, SegmentScratch* scratch, uint64_t* bits) const;
  // Gives back the payload's pin; own memory is kept for the next vector.
  static void DropDecoded(Vector* decoded) { decoded->AllocateFlat(1); }
};

// Evaluates the predicate on every entry; a contiguous outcome becomes a range of codes.
Status SegmentFilter::TestEntries(const SegmentReader& reader, State* state) {
  DRIFTDB_ASSIGN_OR_RETURN(std::shared_ptr<const Vector> entries, reader.Entries());
  const uint32_t count = reader.entry_count_;
  const size_t codes = std::max<size_t>(count, size_t{1} << reader.code_bits_);
  state->entries.assign((codes + 63) / 64, 0);
  const size_t width = PhysicalWidth(reader.meta_.physical);
  for (uint32_t from = 0; from < count; from += kVectorRows) {
    const size_t part = std::min<size_t>(kVectorRows, count - from);
    Vector slice(reader.type_);
    slice.ReferFlat(entries->raw_data() + from * width, nullptr, nullptr);
    uint64_t bits[kValidityWords];
    FillBitmap(bits, part);
    DRIFTDB_RETURN_IF_ERROR(state->test.Apply(slice, part, bits));
    std::copy_n(bits, (part + 63) / 64, state->entries.data() + from / 64);
  }
  state->form = State::Form::kEntrySet;
  uint32_t passed = 0;
  std::vector<State::CodeRange> ranges;
  for (uint32_t e = 0; e < count; ++e) {
    if (!BitIsSet(state->entries.data(), e)) continue;
    ++passed;
    if (!ranges.empty() && ranges.back().low + ranges.back().span + 1 == e) {
      ++ranges.back().span;
    } else if (ranges.size() <= kFilterRangesMax) {
      ranges.push_back({e, 0});
    }
  }
  const bool no_nulls = reader.validity_ == nullptr;
  if (passed == 0 && (no_nulls || !state->test.null_passes())) {
    state->decision = ZoneDecision::kNone;
  } else if (passed == count && (no_nulls || state->test.null_passes())) {
    state->decision = ZoneDecision::kAll;
  } else if (reader.meta_.encoding == SegmentEncoding::kDictionary &&
             ranges.size() <= kFilterRangesMax) {
    state->form = State::Form::kCodeRanges;
    state->code_ranges = std::move(ranges);
  }
  return OkStatus();
}

Result<SegmentPredicate> SegmentReader::Prepare(const ColumnPredicate& predicate) const {
  auto state = std::make_unique<SegmentPredicate::State>();
  using Form = SegmentPredicate::State::Form;
  state->test = ValueCondition::Make(predicate, meta_.physical);
  // The payload decides: directory and payload are written together, but only this one was checked.
  state->decision = state->test.CheckZone(meta_.zone);
  if (all_null_) {
    state->decision = state->test.null_passes() ? ZoneDecision::kAll : ZoneDecision::kNone;
  }
  if (state->decision != ZoneDecision::kSome || state->test.is_null_test() || !state->test.pure()) {
    return SegmentPredicate(std::move(state));
  }
  switch (meta_.encoding) {
    case SegmentEncoding::kFor:
      if (state->test.is_key_range()) state->form = Form::kPackedRange;
      break;
    case SegmentEncoding::kDictionary:
    case SegmentEncoding::kRuns:
    case SegmentEncoding::kConstant:
      DRIFTDB_RETURN_IF_ERROR(SegmentFilter::TestEntries(*this, state.get()));
      break;
    case SegmentEncoding::kBits: {
      Vector both(type_, 2);
      both.data<uint8_t>()[0] = 0;
      both.data<uint8_t>()[1] = 1;
      uint64_t bits[kValidityWords];
      FillBitmap(bits, 2);
      DRIFTDB_RETURN_IF_ERROR(state->test.Apply(both, 2, bits));
      state->pass_false = BitIsSet(bits, 0);
      state->pass_true = BitIsSet(bits, 1);
      state->form = Form::kBits;
      break;
    }
    default:
      break;
  }
  return SegmentPredicate(std::move(state));
}

ZoneDecision SegmentReader::Check(const SegmentPredicate& predicate, uint32_t vector) const {
  const SegmentPredicate::State& state = *predicate.state_;
  if (state.decision != ZoneDecision::kSome) return state.decision;
  return state.test.CheckZone(VectorZone(vector));
}

// bits AND= passed, where NULL rows have the predicate's outcome for NULL.
void SegmentFilter::Merge(uint32_t vector, const uint64_t* passed, uint64_t* bits) const {
  const uint64_t* valid = reader.ValidityOf(vector);
  if (valid == nullptr) {
    for (size_t w = 0; w < kValidityWords; ++w) bits[w] &= passed[w];
    return;
  }
  const bool null_passes = state.test.null_passes();
  for (size_t w = 0; w < kValidityWords; ++w) {
    bits[w] &= (passed[w] & valid[w]) | (null_passes ? ~valid[w] : 0);
  }
}

void SegmentFilter::PackedRangeFew(uint32_t vector, uint64_t* bits) const {
  const SegmentDecoder decoder{reader};
  const SegmentVector entry = decoder.VectorEntry(vector);
  uint64_t passed[kValidityWords] = {};
  for (size_t w = 0; w < kValidityWords; ++w) {
    for (uint64_t left = bits[w]; left != 0; left &= left - 1) {
      const size_t row = w * 64 + static_cast<size_t>(__builtin_ctzll(left));
      const char* block =
          decoder.VectorData(entry) + row / kBlockValues * PackedBlockBytes(entry.width);
      const uint64_t code = entry.width <= 32 ? UnpackOne32(block, entry.width, row % kBlockValues)
                                              : UnpackOne64(block, entry.width, row % kBlockValues);
      const auto value = static_cast<int128_t>(static_cast<uint128_t>(entry.base) + code);
      const bool inside = state.test.low() <= value && value <= state.test.high();
      if (inside != state.test.negated()) passed[w] |= left & -left;
    }
  }
  Merge(vector, passed, bits);
}

void SegmentFilter::PackedRange(uint32_t vector, SegmentScratch* scratch, uint64_t* bits) const {
  if (CountBits(bits) <= 32) return PackedRangeFew(vector, bits);
  const SegmentDecoder decoder{reader};
  const SegmentVector entry = decoder.VectorEntry(vector);
  const bool negated = state.test.negated();
  uint64_t passed[kValidityWords] = {};
  // Codes of this vector's base: [low, high] cut to what the width can hold.
  const uint64_t most = entry.width == 64 ? ~uint64_t{0} : (uint64_t{1} << entry.width) - 1;
  const int128_t base = entry.base;
  const auto code_of = [&](int128_t bound) {
    return static_cast<uint128_t>(bound) - static_cast<uint128_t>(base);
  };
  const bool none = state.test.high() < base || state.test.low() > state.test.high() ||
                    (state.test.low() > base && code_of(state.test.low()) > most);
  if (!none) {
    const uint64_t low =
        state.test.low() > base ? static_cast<uint64_t>(code_of(state.test.low())) : 0;
    const uint128_t above = code_of(state.test.high());
    const uint64_t high = above > most ? most : static_cast<uint64_t>(above);
    const uint32_t blocks = (reader.RowsOf(vector) + static_cast<uint32_t>(kBlockValues) - 1) /
                            static_cast<uint32_t>(kBlockValues);
    constexpr size_t kWords = kBlockValues / 64;
    for (uint32_t b = 0; b < blocks; ++b) {
      const char* block = decoder.VectorData(entry) + b * PackedBlockBytes(entry.width);
      if (entry.width <= 32) {
        Kernels().unpack32(reinterpret_cast<const uint32_t*>(block), entry.width, scratch->codes);
        Kernels().range32(scratch->codes, kWords, static_cast<uint32_t>(low),
                          static_cast<uint32_t>(high - low), passed + b * kWords);
      } else {
        alignas(64) uint64_t wide[kBlockValues];
        Kernels().unpack64(reinterpret_cast<const uint64_t*>(block), entry.width, wide);
        Kernels().range64(wide, kWords, low, high - low, passed + b * kWords);
      }
    }
  }
  if (negated) {
    for (uint64_t& word : passed) word = ~word;
  }
  Merge(vector, passed, bits);
}

void SegmentFilter::Codes(uint32_t vector, SegmentScratch* scratch, uint64_t* bits) const {
  const SegmentDecoder decoder{reader};
  decoder.DecodeCodesUnchecked(vector, scratch->codes);
  const size_t words = (reader.RowsOf(vector) + 63) / 64;
  uint64_t passed[kValidityWords] = {};
  if (state.form == State::Form::kCodeRanges) {
    uint64_t in[kValidityWords];
    const size_t whole = (words + 15) / 16 * 16;  // blocks, which unpacking fills
    for (const State::CodeRange& range : state.code_ranges) {
      Kernels().range32(scratch->codes, whole, range.low, range.span, in);
      for (size_t w = 0; w < whole; ++w) passed[w] |= in[w];
    }
  } else {
    const uint64_t* set = state.entries.data();
    for (size_t w = 0; w < words; ++w) {
      if (bits[w] == 0) continue;
      const uint32_t* codes = scratch->codes + w * 64;
      uint64_t mask = 0;
      for (size_t i = 0; i < 64; ++i) {
        mask |= ((set[codes[i] >> 6] >> (codes[i] & 63)) & 1) << i;
      }
      passed[w] = mask;
    }
  }
  Merge(vector, passed, bits);
}

Status SegmentFilter::Runs(uint32_t vector, uint64_t* bits) const {
  const SegmentDecoder decoder{reader};
  const uint32_t first = vector * static_cast<uint32_t>(kVectorRows);
  const uint32_t rows = reader.RowsOf(vector);
  uint64_t passed[kValidityWords] = {};
  uint32_t done = 0;
  for (uint32_t run = decoder.RunOf(first); done < rows; ++run) {
    if (run >= reader.entry_count_) return decoder.Damaged("run ends");
    const uint32_t end = decoder.RunEnd(run);
    if (end <= first + done) return decoder.Damaged("run ends");
    const uint32_t until = std::min(end - first, rows);
    if (BitIsSet(state.entries.data(), run)) {
      for (uint32_t w = done / 64; w * 64 < until; ++w) {
        const uint64_t from_bit = w * 64 < done ? ~uint64_t{0} << (done % 64) : ~uint64_t{0};
        const uint64_t to_bit =
            until >= w * 64 + 64 ? ~uint64_t{0} : (uint64_t{1} << (until - w * 64)) - 1;
        passed[w] |= from_bit & to_bit;
      }
    }
    done = until;
  }
  Merge(vector, passed, bits);
  return OkStatus();
}

void SegmentFilter::Bits(uint32_t vector, uint64_t* bits) const {
  uint64_t passed[kValidityWords];
  std::memcpy(passed, reader.data_ + vector * (kVectorRows / 8), sizeof(passed));
  for (uint64_t& word : passed) {
    word = (state.pass_true ? word : 0) | (state.pass_false ? ~word : 0);
  }
  Merge(vector, passed, bits);
}

Status SegmentFilter::Values(uint32_t vector, SegmentScratch* scratch, uint64_t* bits) const {
  Vector& decoded = scratch->decoded;
  if (!(decoded.type() == reader.type_)) decoded = Vector(reader.type_);
  const uint32_t rows = reader.RowsOf(vector);
  if (state.test.is_null_test()) {
    uint64_t passed[kValidityWords];
    const bool of_value = state.test.CheckZone(ZoneMap{.row_count = 1}) == ZoneDecision::kAll;
    std::fill_n(passed, kValidityWords, of_value ? ~uint64_t{0} : 0);
    Merge(vector, passed, bits);
    return OkStatus();
  }
  // Late materialisation: rows that are out already are not decoded.
  const size_t alive = CountBits(bits);
  if (alive * 4 < rows) return ValuesOfFew(vector, scratch, bits);
  DRIFTDB_RETURN_IF_ERROR(reader.Read(vector, &decoded));
  Status status = state.test.Apply(decoded, rows, bits);
  DropDecoded(&decoded);
  return status;
}

Status SegmentFilter::ValuesOfFew(uint32_t vector, SegmentScratch* scratch, uint64_t* bits) const {
  Selection alive;
  BitmapToSelection(bits, &alive);
  if (alive.size() == 0) return OkStatus();
  DRIFTDB_RETURN_IF_ERROR(
      reader.ReadSelected(vector, alive.rows(), alive.size(), &scratch->decoded));
  uint64_t passed[kValidityWords];
  FillBitmap(passed, alive.size());
  Status status = state.test.Apply(scratch->decoded, alive.size(), passed);
  for (size_t i = 0; i < alive.size(); ++i) {
    if (!BitIsSet(passed, i)) ClearBit(bits, alive[i]);
  }
  DropDecoded(&scratch->decoded);
  return status;
}

Status SegmentReader::Filter(uint32_t vector, const SegmentPredicate& predicate,
                             SegmentScratch* scratch, uint64_t* bits) const {
  using Form = SegmentPredicate::State::Form;
  const SegmentPredicate::State& state = *predicate.state_;
  uint64_t rows[kValidityWords];
  FillBitmap(rows, RowsOf(vector));
  for (size_t w = 0; w < kValidityWords; ++w) bits[w] &= rows[w];
  const ZoneDecision decision = Check(predicate, vector);
  if (decision == ZoneDecision::kAll) return OkStatus();
  if (decision == ZoneDecision::kNone) {
    std::fill_n(bits, kValidityWords, 0);
    return OkStatus();
  }
  const SegmentFilter filter{*this, state};
  switch (state.form) {
    case Form::kPackedRange:
      filter.PackedRange(vector, scratch, bits);
      return OkStatus();
    case Form::kCodeRanges:
      filter.Codes(vector, scratch, bits);
      return OkStatus();
    case Form::kEntrySet:
      if (meta_.encoding == SegmentEncoding::kRuns) return filter.Runs(vector, bits);
      if (meta_.encoding == SegmentEncoding::kDictionary) {
        filter.Codes(vector, scratch, bits);
      } else {
        std::fill_n(rows, kValidityWords, BitIsSet(state.entries.data(), 0) ? ~uint64_t{0} : 0);
        filter.Merge(vector, rows, bits);
      }
      return OkStatus();
    case Form::kBits:
      filter.Bits(vector, bits);
      return OkStatus();
    case Form::kValues:
      return filter.Values(vector, scratch, bits);
  }
  return OkStatus();
}

}  // namespace driftdb::storage
