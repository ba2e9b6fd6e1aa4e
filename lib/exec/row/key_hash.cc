#include "exec/row/key_hash.h"

#include <array>
#include <bit>

#include "base/hash.h"
#include "exec/row/row_layout.h"

namespace driftdb::exec {

namespace {

constexpr uint64_t kKeyHashNull = 0x6a09e667f3bcc909ULL;

// A value as one 64-bit word; HashInt64 or HashCombine64 mixes it. Equal values give equal words.
inline uint64_t KeyHashWord(uint8_t v) { return v; }
inline uint64_t KeyHashWord(int16_t v) { return static_cast<uint64_t>(int64_t{v}); }
inline uint64_t KeyHashWord(int32_t v) { return static_cast<uint64_t>(int64_t{v}); }
inline uint64_t KeyHashWord(int64_t v) { return static_cast<uint64_t>(v); }
inline uint64_t KeyHashWord(int128_t v) {
  const auto low = static_cast<int64_t>(v);
  if (low == v) return static_cast<uint64_t>(low);
  return HashCombine64(static_cast<uint64_t>(v), static_cast<uint64_t>(v >> 64));
}
inline uint64_t KeyHashWord(double v) {
  if (v == 0) return 0;
  if (v != v) return 0x7ff8000000000000ULL;
  return std::bit_cast<uint64_t>(v);
}
inline uint64_t KeyHashWord(float v) { return KeyHashWord(static_cast<double>(v)); }
inline uint64_t KeyHashWord(const Interval& v) { return KeyHashWord(RowIntervalLength(v)); }
inline uint64_t KeyHashWord(const StringRef& v) {
  if (v.is_inline()) return HashInt64(v.first_word()) * 0x9e3779b97f4a7c15ULL + v.second_word();
  return HashBytes64(v.view());
}

inline uint64_t KeyHashMix(bool first, uint64_t hash, uint64_t word) {
  return first ? HashInt64(word) : HashCombine64(hash, word);
}

template <typename T, bool kFirst>
void KeyHashColumn(const VectorView& view, const uint16_t* positions, size_t rows,
                   uint64_t* hashes) {
  const T* values = reinterpret_cast<const T*>(view.data);
  if (view.all_valid() && view.index == nullptr) {
    for (size_t i = 0; i < rows; ++i)
      hashes[i] = KeyHashMix(kFirst, kFirst ? 0 : hashes[i], KeyHashWord(values[positions[i]]));
    return;
  }
  for (size_t i = 0; i < rows; ++i) {
    const size_t at = positions[i];
    const uint64_t word = view.valid(at) ? KeyHashWord(values[view.position(at)]) : kKeyHashNull;
    hashes[i] = KeyHashMix(kFirst, kFirst ? 0 : hashes[i], word);
  }
}

constexpr std::array<uint16_t, kVectorRows> KeyHashMakeIdentity() {
  std::array<uint16_t, kVectorRows> rows{};
  for (size_t i = 0; i < kVectorRows; ++i) rows[i] = static_cast<uint16_t>(i);
  return rows;
}
alignas(64) constexpr std::array<uint16_t, kVectorRows> kKeyHashIdentity = KeyHashMakeIdentity();

// Dictionaries up to this size are hashed as a whole when they are first seen.
constexpr size_t kKeyHashEntriesMax = 4 * kVectorRows;

}  // namespace

const uint16_t* RowIdentity() { return kKeyHashIdentity.data(); }

bool KeyHasher::HashCoded(Vector* key, size_t column, const uint16_t* positions, size_t rows,
                          bool first, uint64_t* hashes) {
  if (key->kind() != VectorKind::kDictionary || key->dictionary_id() == 0 ||
      key->type().physical() != PhysicalType::kString ||
      key->dictionary_size() > kKeyHashEntriesMax) {
    return false;
  }
  if (coded_.size() <= column) coded_.resize(column + 1);
  CodedColumn& coded = coded_[column];
  if (coded.dictionary_id != key->dictionary_id()) {
    if (key->dictionary_size() > rows * 2) return false;  // dearer than the rows themselves
    coded.dictionary_id = key->dictionary_id();
    coded.dictionary = key->dictionary();
    coded.words.resize(key->dictionary_size());
    const auto* values = coded.dictionary->data<StringRef>();
    for (size_t i = 0; i < coded.words.size(); ++i) {
      coded.words[i] = coded.dictionary->IsNull(i) ? kKeyHashNull : KeyHashWord(values[i]);
    }
  }
  const uint32_t* codes = key->codes();
  const uint64_t* validity = key->validity();
  const uint64_t* words = coded.words.data();
  for (size_t i = 0; i < rows; ++i) {
    const size_t at = positions[i];
    const bool valid = validity == nullptr || BitIsSet(validity, at);
    hashes[i] = KeyHashMix(first, first ? 0 : hashes[i], valid ? words[codes[at]] : kKeyHashNull);
  }
  return true;
}

void KeyHasher::Hash(Vector* const* keys, size_t count, size_t row_count, const uint16_t* positions,
                     size_t rows, uint64_t* hashes) {
  if (count == 0) {
    for (size_t i = 0; i < rows; ++i) hashes[i] = 0;
    return;
  }
  for (size_t c = 0; c < count; ++c) {
    if (HashCoded(keys[c], c, positions, rows, c == 0, hashes)) continue;
    const VectorView view = keys[c]->View(row_count);
    RowDispatch(keys[c]->type().physical(), [&]<typename T>() {
      if (c == 0) {
        KeyHashColumn<T, true>(view, positions, rows, hashes);
      } else {
        KeyHashColumn<T, false>(view, positions, rows, hashes);
      }
    });
  }
}

uint64_t HashRowFields(const RowLayout& layout, const uint8_t* row, size_t fields) {
  uint64_t hash = 0;
  for (size_t f = 0; f < fields; ++f) {
    uint64_t word = kKeyHashNull;
    if (!layout.IsNull(row, f)) {
      word = RowDispatch(layout.type(f).physical(),
                         [&]<typename T>() { return KeyHashWord(layout.Load<T>(row, f)); });
    }
    hash = KeyHashMix(f == 0, hash, word);
  }
  return hash;
}

}  // namespace driftdb::exec
