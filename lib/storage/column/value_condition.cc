#include "storage/column/value_condition.h"

#include <algorithm>
#include <limits>
#include <type_traits>

#include "storage/column/bitmap.h"
#include "storage/column/kernels.h"

namespace driftdb::storage {

namespace {

constexpr int128_t kValueConditionSetSpan = 1 << 20;

template <typename T>
T ValueConditionLoad(const uint8_t* from) {
  T value;
  std::memcpy(&value, from, sizeof(T));
  return value;
}

// Applies `passes(i)` to the rows whose bit is set.
template <typename Passes>
void ValueConditionEach(size_t count, uint64_t* bits, Passes passes) {
  for (size_t w = 0; w * 64 < count; ++w) {
    uint64_t keep = 0;
    for (uint64_t left = bits[w]; left != 0; left &= left - 1) {
      const size_t i = w * 64 + static_cast<size_t>(__builtin_ctzll(left));
      if (i < count && passes(i)) keep |= left & -left;
    }
    bits[w] = keep;
  }
}

// As ValueConditionEach, for tests that are cheap and total: words of many rows go without
// branches.
template <typename Passes>
void ValueConditionDense(size_t count, uint64_t* bits, Passes passes) {
  size_t w = 0;
  for (; w * 64 + 64 <= count; ++w) {
    if (bits[w] == 0) continue;
    uint64_t mask = 0;
    for (size_t i = 0; i < 64; ++i) mask |= static_cast<uint64_t>(passes(w * 64 + i)) << i;
    bits[w] &= mask;
  }
  if (w * 64 < count) {
    ValueConditionEach(count - w * 64, bits + w, [&](size_t i) { return passes(w * 64 + i); });
  }
}

template <typename T>
void ValueConditionRangeKernel(const T* values, size_t words, T low, T span, uint64_t* to) {
  if constexpr (sizeof(T) == 2) {
    Kernels().range16(values, words, low, span, to);
  } else if constexpr (sizeof(T) == 4) {
    Kernels().range32(values, words, low, span, to);
  } else {
    Kernels().range64(values, words, low, span, to);
  }
}

// Codes in [low, low + span], or the others.
template <typename U>
struct ValueConditionSpan {
  U low;
  U span;
  bool negated;
};

// ANDs the outcome into bits; a partial last word goes through a buffer.
template <typename U>
void ValueConditionApplySpan(const U* values, size_t count, const ValueConditionSpan<U>& span,
                             uint64_t* bits) {
  uint64_t in[kValidityWords];
  const size_t whole = count / 64;
  ValueConditionRangeKernel<U>(values, whole, span.low, span.span, in);
  if (count % 64 != 0) {
    U rest[64] = {};
    std::memcpy(rest, values + whole * 64, (count % 64) * sizeof(U));
    ValueConditionRangeKernel<U>(rest, 1, span.low, span.span, in + whole);
  }
  const uint64_t flip = span.negated ? ~uint64_t{0} : 0;
  for (size_t w = 0; w < whole + (count % 64 != 0); ++w) bits[w] &= in[w] ^ flip;
}

// Membership in an exact filter of int32 keys, by kernel.
void ValueConditionApplyMember(const int32_t* values, size_t count, const JoinFilter& join,
                               uint64_t* bits) {
  const KernelMembers members{static_cast<uint32_t>(join.min()),
                              static_cast<uint32_t>(join.max() - join.min()),
                              reinterpret_cast<const uint32_t*>(join.words())};
  const size_t whole = count / 64;
  Kernels().member32(reinterpret_cast<const uint32_t*>(values), whole, members, bits);
  if (count % 64 == 0) return;
  uint32_t rest[64] = {};
  std::memcpy(rest, values + whole * 64, (count % 64) * sizeof(uint32_t));
  Kernels().member32(rest, 1, members, bits + whole);
}

template <typename T>
void ValueConditionApplyJoin(const T* values, size_t count, const JoinFilter& join,
                             uint64_t* bits) {
  const int64_t low = join.min();
  const auto span = static_cast<uint64_t>(join.max()) - static_cast<uint64_t>(low);
  if (join.exact()) {
    if constexpr (sizeof(T) == 4) {
      if (low >= INT32_MIN && join.max() <= INT32_MAX) {
        return ValueConditionApplyMember(values, count, join, bits);
      }
    }
    const uint64_t* words = join.words();
    ValueConditionDense(count, bits, [&](size_t i) {
      const uint64_t at = static_cast<uint64_t>(int64_t{values[i]}) - static_cast<uint64_t>(low);
      const bool inside = at <= span;
      const uint64_t safe = inside ? at : 0;
      return static_cast<uint64_t>(inside) & (words[safe >> 6] >> (safe & 63)) & 1;
    });
    return;
  }
  if (!join.has_bloom()) {
    ValueConditionDense(count, bits, [&](size_t i) {
      return static_cast<uint64_t>(int64_t{values[i]}) - static_cast<uint64_t>(low) <= span;
    });
    return;
  }
  ValueConditionDense(count, bits, [&](size_t i) {
    const int64_t key = values[i];
    const bool inside = static_cast<uint64_t>(key) - static_cast<uint64_t>(low) <= span;
    return static_cast<uint64_t>(inside) &
           static_cast<uint64_t>(join.MayContainHash(HashJoinKey(key)));
  });
}

}  // namespace

void ValueCondition::MakeRange(const Value* low, bool low_inclusive, const Value* high,
                               bool high_inclusive) {
  if (physical_ == PhysicalType::kString) {
    form_ = Form::kStringRange;
    if (low != nullptr) low_string_ = StringBound{low->string(), low_inclusive};
    if (high != nullptr) high_string_ = StringBound{high->string(), high_inclusive};
    return;
  }
  form_ = Form::kKeyRange;
  // Keys are integers, so exclusive bounds are inclusive ones further in. Keys of 128-bit values
  // may be at the very end, where an exclusive bound leaves nothing.
  bool empty = false;
  if (low != nullptr) {
    low_ = OrderKey(*low);
    if (!low_inclusive) {
      empty = low_ == kInt128Max;
      if (!empty) ++low_;
    }
  }
  if (high != nullptr) {
    high_ = OrderKey(*high);
    if (!high_inclusive) {
      empty = empty || high_ == kInt128Min;
      if (!empty) --high_;
    }
  }
  if (empty) {
    low_ = 1;
    high_ = 0;
  }
}

void ValueCondition::MakeSet(const std::vector<Value>& values) {
  if (physical_ == PhysicalType::kString) {
    form_ = Form::kStringSet;
    for (const Value& value : values) {
      if (!value.is_null()) strings_.push_back(value.string());
    }
    std::sort(strings_.begin(), strings_.end());
    strings_.erase(std::unique(strings_.begin(), strings_.end()), strings_.end());
    return;
  }
  form_ = Form::kKeySet;
  for (const Value& value : values) {
    if (!value.is_null()) keys_.push_back(OrderKey(value));
  }
  std::sort(keys_.begin(), keys_.end());
  keys_.erase(std::unique(keys_.begin(), keys_.end()), keys_.end());
  if (keys_.empty()) {
    low_ = 1;
    high_ = 0;
    return;
  }
  low_ = keys_.front();
  high_ = keys_.back();
  // Unsigned difference: the span of two 128-bit keys may not fit a signed one.
  const auto span = static_cast<uint128_t>(high_) - static_cast<uint128_t>(low_);
  if (span + 1 == keys_.size()) {
    form_ = Form::kKeyRange;  // consecutive keys
  } else if (span < static_cast<uint128_t>(kValueConditionSetSpan)) {
    key_bits_.resize(static_cast<size_t>(span) / 64 + 1);
    for (const int128_t key : keys_) SetBit(key_bits_.data(), static_cast<size_t>(key - low_));
  }
}

ValueCondition ValueCondition::Make(const ColumnPredicate& predicate, PhysicalType physical) {
  ValueCondition test;
  test.physical_ = physical;
  switch (predicate.kind) {
    case PredicateKind::kComparison: {
      if (predicate.low.is_null()) break;  // comparison with NULL: never true
      const Value* c = &predicate.low;
      switch (predicate.op) {
        case CompareOp::kNotEqual:
          test.negated_ = true;
          [[fallthrough]];
        case CompareOp::kEqual:
          test.MakeRange(c, true, c, true);
          break;
        case CompareOp::kLess:
        case CompareOp::kLessEqual:
          test.MakeRange(nullptr, true, c, predicate.op == CompareOp::kLessEqual);
          break;
        case CompareOp::kGreater:
        case CompareOp::kGreaterEqual:
          test.MakeRange(c, predicate.op == CompareOp::kGreaterEqual, nullptr, true);
          break;
      }
      break;
    }
    case PredicateKind::kRange:
      test.MakeRange(predicate.low.is_null() ? nullptr : &predicate.low, predicate.low_inclusive,
                     predicate.high.is_null() ? nullptr : &predicate.high,
                     predicate.high_inclusive);
      break;
    case PredicateKind::kInList:
      test.MakeSet(predicate.values);
      break;
    case PredicateKind::kIsNull:
      test.null_passes_ = true;
      break;
    case PredicateKind::kIsNotNull:
      test.pass_valid_ = true;
      break;
    case PredicateKind::kJoinFilter:
      test.form_ = Form::kJoin;
      test.join_ = predicate.join_filter;
      break;
    case PredicateKind::kCallback:
      test.form_ = Form::kCallback;
      test.callback_ = predicate.callback;
      test.null_passes_ = predicate.callback->null_passes();
      test.pure_ = predicate.callback->pure();
      break;
  }
  return test;
}

bool ValueCondition::KeyPasses(int128_t key) const {
  const bool inside = low_ <= key && key <= high_;
  switch (form_) {
    case Form::kKeyRange:
      return inside != negated_;
    case Form::kKeySet:
      if (!inside) return false;
      if (!key_bits_.empty()) return BitIsSet(key_bits_.data(), static_cast<size_t>(key - low_));
      return std::binary_search(keys_.begin(), keys_.end(), key);
    case Form::kJoin: {
      const auto narrow = static_cast<int64_t>(key);
      if (narrow == key) return join_->MayContain(narrow);
      if (join_->has_bounds()) return false;
      return !join_->has_bloom() || join_->MayContainHash(HashJoinKey(key));
    }
    default:
      return pass_valid_;
  }
}

bool ValueCondition::StringPasses(const StringRef& value) const {
  switch (form_) {
    case Form::kStringRange: {
      bool inside = true;
      if (low_string_.has_value()) {
        const int order = value.Compare(StringRef(low_string_->bytes));
        inside = order > 0 || (order == 0 && low_string_->inclusive);
      }
      if (inside && high_string_.has_value()) {
        const int order = value.Compare(StringRef(high_string_->bytes));
        inside = order < 0 || (order == 0 && high_string_->inclusive);
      }
      return inside != negated_;
    }
    case Form::kStringSet:
      return std::binary_search(strings_.begin(), strings_.end(), value.view(), std::less<>());
    case Form::kJoin:
      return !join_->has_bloom() || join_->MayContainHash(HashJoinKey(value.view()));
    default:
      return pass_valid_;
  }
}

template <typename T>
void ValueCondition::ApplyIntegers(const T* values, size_t count, uint64_t* bits) const {
  using U = std::make_unsigned_t<T>;
  if (form_ == Form::kKeyRange) {
    const auto least = static_cast<int128_t>(std::numeric_limits<T>::min());
    const auto most = static_cast<int128_t>(std::numeric_limits<T>::max());
    const int128_t low = std::max(low_, least);
    const int128_t high = std::min(high_, most);
    if (low > high) {
      if (!negated_) std::fill_n(bits, (count + 63) / 64, 0);
      return;
    }
    const ValueConditionSpan<U> span{static_cast<U>(low), static_cast<U>(high - low), negated_};
    ValueConditionApplySpan(reinterpret_cast<const U*>(values), count, span, bits);
    return;
  }
  if (form_ == Form::kJoin) {
    ValueConditionApplyJoin(values, count, *join_, bits);
    return;
  }
  if (!key_bits_.empty()) {
    const auto low = static_cast<uint64_t>(low_);
    const auto span = static_cast<uint64_t>(high_ - low_);
    // Keys far outside of T's range were cut to 64 bits above, so the set may be out of reach.
    if (low_ >= INT64_MIN && high_ <= INT64_MAX) {
      const uint64_t* set = key_bits_.data();
      ValueConditionEach(count, bits, [&](size_t i) {
        const uint64_t at = static_cast<uint64_t>(static_cast<int64_t>(values[i])) - low;
        return at <= span && BitIsSet(set, at);
      });
      return;
    }
  }
  ValueConditionEach(count, bits, [&](size_t i) { return KeyPasses(values[i]); });
}

template <typename T>
void ValueCondition::ApplyFloats(const T* values, size_t count, uint64_t* bits) const {
  int64_t keys[kVectorRows];
  for (size_t i = 0; i < count; ++i) keys[i] = OrderedDouble(static_cast<double>(values[i]));
  ApplyIntegers(keys, count, bits);
}

void ValueCondition::ApplyStrings(const StringRef* values, size_t count, uint64_t* bits) const {
  // Equality decides most rows by length and prefix alone.
  if (form_ == Form::kStringRange && low_string_.has_value() && high_string_.has_value() &&
      low_string_->bytes == high_string_->bytes && low_string_->inclusive &&
      high_string_->inclusive) {
    const StringRef wanted(low_string_->bytes);
    ValueConditionEach(count, bits, [&](size_t i) { return (values[i] == wanted) != negated_; });
    return;
  }
  if (form_ == Form::kStringSet && strings_.size() <= 8) {
    std::vector<StringRef> wanted;
    for (const std::string& bytes : strings_) wanted.emplace_back(bytes);
    ValueConditionEach(count, bits, [&](size_t i) {
      for (const StringRef& one : wanted) {
        if (values[i] == one) return true;
      }
      return false;
    });
    return;
  }
  ValueConditionEach(count, bits, [&](size_t i) { return StringPasses(values[i]); });
}

void ValueCondition::ApplyFlat(const uint8_t* data, size_t count, uint64_t* bits) const {
  switch (physical_) {
    case PhysicalType::kBool:
      ValueConditionEach(count, bits, [&](size_t i) { return KeyPasses(data[i]); });
      return;
    case PhysicalType::kInt16:
      return ApplyIntegers(reinterpret_cast<const int16_t*>(data), count, bits);
    case PhysicalType::kInt32:
      return ApplyIntegers(reinterpret_cast<const int32_t*>(data), count, bits);
    case PhysicalType::kInt64:
      return ApplyIntegers(reinterpret_cast<const int64_t*>(data), count, bits);
    case PhysicalType::kFloat:
      return ApplyFloats(reinterpret_cast<const float*>(data), count, bits);
    case PhysicalType::kDouble:
      return ApplyFloats(reinterpret_cast<const double*>(data), count, bits);
    case PhysicalType::kString:
      return ApplyStrings(reinterpret_cast<const StringRef*>(data), count, bits);
    case PhysicalType::kInt128:
    case PhysicalType::kInterval:
      ValueConditionEach(count, bits, [&](size_t i) { return PassesOne(data + i * 16); });
      return;
  }
}

bool ValueCondition::PassesOne(const uint8_t* value) const {
  switch (physical_) {
    case PhysicalType::kBool:
      return KeyPasses(*value);
    case PhysicalType::kInt16:
      return KeyPasses(ValueConditionLoad<int16_t>(value));
    case PhysicalType::kInt32:
      return KeyPasses(ValueConditionLoad<int32_t>(value));
    case PhysicalType::kInt64:
      return KeyPasses(ValueConditionLoad<int64_t>(value));
    case PhysicalType::kInt128:
      return KeyPasses(ValueConditionLoad<int128_t>(value));
    case PhysicalType::kFloat:
      return KeyPasses(OrderedDouble(ValueConditionLoad<float>(value)));
    case PhysicalType::kDouble:
      return KeyPasses(OrderedDouble(ValueConditionLoad<double>(value)));
    case PhysicalType::kString:
      return StringPasses(*reinterpret_cast<const StringRef*>(value));
    case PhysicalType::kInterval:
      return KeyPasses(IntervalOrderKey(ValueConditionLoad<Interval>(value)));
  }
  return false;
}

Status ValueCondition::ApplyCallback(const Vector& values, size_t count, uint64_t* bits) const {
  uint64_t passed[kValidityWords];
  std::copy_n(bits, kValidityWords, passed);
  Status status = callback_->Filter(values, count, passed);
  if (!status.ok()) return status;
  uint64_t valid[kValidityWords];
  FillBitmap(valid, count);
  AndValidity(values, count, valid);
  for (size_t w = 0; w * 64 < count; ++w) {
    const uint64_t of_null = null_passes_ ? ~valid[w] : 0;
    bits[w] &= (passed[w] & valid[w]) | of_null;
  }
  return OkStatus();
}

Status ValueCondition::Apply(const Vector& values, size_t count, uint64_t* bits) const {
  if (count % 64 != 0) bits[count / 64] &= (uint64_t{1} << (count % 64)) - 1;
  for (size_t w = (count + 63) / 64; w < kValidityWords; ++w) bits[w] = 0;
  if (form_ == Form::kCallback) return ApplyCallback(values, count, bits);
  if (form_ == Form::kNullTest) {
    if (null_passes_ && pass_valid_) return OkStatus();
    uint64_t valid[kValidityWords];
    FillBitmap(valid, count);
    AndValidity(values, count, valid);
    for (size_t w = 0; w < kValidityWords; ++w) {
      bits[w] &= pass_valid_ ? valid[w] : (null_passes_ ? ~valid[w] : 0);
    }
    return OkStatus();
  }
  AndValidity(values, count, bits);
  switch (values.kind()) {
    case VectorKind::kFlat:
      ApplyFlat(values.raw_data(), count, bits);
      break;
    case VectorKind::kConstant:
      if (!values.IsNull(0) && !PassesOne(values.raw_data())) std::fill_n(bits, kValidityWords, 0);
      break;
    case VectorKind::kDictionary: {
      const uint8_t* data = values.dictionary()->raw_data();
      const uint32_t* codes = values.codes();
      const size_t width = values.type().width();
      ValueConditionEach(count, bits, [&](size_t i) { return PassesOne(data + codes[i] * width); });
      break;
    }
    case VectorKind::kSequence: {
      const int64_t start = values.sequence_start();
      const int64_t step = values.sequence_step();
      ValueConditionEach(
          count, bits, [&](size_t i) { return KeyPasses(start + static_cast<int64_t>(i) * step); });
      break;
    }
  }
  return OkStatus();
}

ZoneDecision ValueCondition::CheckZone(const ZoneMap& zone) const {
  if (zone.row_count == 0) return ZoneDecision::kNone;
  const bool some_null = zone.null_count > 0;
  const bool some_value = zone.null_count < zone.row_count;
  if (form_ == Form::kNullTest) {
    const bool some_pass = (some_null && null_passes_) || (some_value && pass_valid_);
    const bool some_fail = (some_null && !null_passes_) || (some_value && !pass_valid_);
    return !some_pass ? ZoneDecision::kNone : some_fail ? ZoneDecision::kSome : ZoneDecision::kAll;
  }
  if (form_ == Form::kCallback) {
    return !some_value && !null_passes_ ? ZoneDecision::kNone : ZoneDecision::kSome;
  }
  if (!some_value) return ZoneDecision::kNone;
  if (!zone.has_bounds || zone.has_nan) {
    // NaN has the highest key of doubles; bounds say nothing about it.
    return ZoneDecision::kSome;
  }
  bool disjoint = false;
  bool contained = false;
  switch (form_) {
    case Form::kKeyRange:
    case Form::kKeySet:
      disjoint = zone.max < low_ || zone.min > high_;
      contained = form_ == Form::kKeyRange && zone.min >= low_ && zone.max <= high_;
      break;
    case Form::kStringRange: {
      // Equal keys of truncated strings decide nothing.
      const bool above = !low_string_.has_value() ||
                         zone.min > static_cast<int128_t>(StringOrderKey(low_string_->bytes));
      const bool below = !high_string_.has_value() ||
                         zone.max < static_cast<int128_t>(StringOrderKey(high_string_->bytes));
      contained = above && below;
      disjoint = (low_string_.has_value() &&
                  zone.max < static_cast<int128_t>(StringOrderKey(low_string_->bytes))) ||
                 (high_string_.has_value() &&
                  zone.min > static_cast<int128_t>(StringOrderKey(high_string_->bytes)));
      break;
    }
    case Form::kStringSet:
      disjoint = strings_.empty() ||
                 zone.max < static_cast<int128_t>(StringOrderKey(strings_.front())) ||
                 zone.min > static_cast<int128_t>(StringOrderKey(strings_.back()));
      break;
    case Form::kJoin:
      if (physical_ != PhysicalType::kString && physical_ != PhysicalType::kInterval &&
          join_->has_bounds()) {
        disjoint = zone.max < join_->min() || zone.min > join_->max();
        contained = !join_->exact() && !join_->has_bloom() && zone.min >= join_->min() &&
                    zone.max <= join_->max();
      }
      break;
    default:
      break;
  }
  if (negated_) std::swap(disjoint, contained);
  if (disjoint) return ZoneDecision::kNone;
  return contained && !some_null ? ZoneDecision::kAll : ZoneDecision::kSome;
}

void AndValidity(const Vector& values, size_t count, uint64_t* bits) {
  switch (values.kind()) {
    case VectorKind::kSequence:
      return;
    case VectorKind::kConstant:
      if (values.IsNull(0)) std::fill_n(bits, (count + 63) / 64, 0);
      return;
    case VectorKind::kDictionary: {
      const uint64_t* of_entries = values.dictionary()->validity();
      if (of_entries != nullptr) {
        const uint32_t* codes = values.codes();
        ValueConditionEach(count, bits, [&](size_t i) { return BitIsSet(of_entries, codes[i]); });
      }
      [[fallthrough]];
    }
    case VectorKind::kFlat:
      if (values.validity() != nullptr) {
        for (size_t w = 0; w * 64 < count; ++w) bits[w] &= values.validity()[w];
      }
      return;
  }
}

}  // namespace driftdb::storage
