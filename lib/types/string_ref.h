// StringRef: a 16-byte reference to a byte string. Up to 12 bytes are stored inline; longer ones
// keep a 4-byte prefix and a pointer, so most comparisons touch no second cache line. Ownership:
// none; the bytes live in the vector's heap, a pinned segment or a chunk's arena. Invariant: unused
// inline bytes are zero, so equal inline strings are equal as two words. Source: Neumann and
// Freitag, "Umbra", CIDR 2020, section 3.1.
#ifndef DRIFTDB_TYPES_STRING_REF_H_
#define DRIFTDB_TYPES_STRING_REF_H_

#include <cstdint>
#include <cstring>
#include <string_view>

namespace driftdb {

class StringRef {
 public:
  static constexpr uint32_t kInlineBytes = 12;

  StringRef() : words_{0, 0} {}
  // Inline when short; otherwise refers to `bytes`, which must outlive it.
  explicit StringRef(std::string_view bytes) : words_{0, 0} {
    const auto size = static_cast<uint32_t>(bytes.size());
    std::memcpy(raw(), &size, 4);
    if (size <= kInlineBytes) {
      if (size > 0) std::memcpy(raw() + 4, bytes.data(), size);
    } else {
      std::memcpy(raw() + 4, bytes.data(), 4);
      const char* data = bytes.data();
      std::memcpy(raw() + 8, &data, 8);
    }
  }

  uint32_t size() const { return static_cast<uint32_t>(words_[0]); }
  bool is_inline() const { return size() <= kInlineBytes; }
  // Points into *this for inline strings: keep the StringRef alive and in place.
  const char* data() const {
    if (is_inline()) return raw() + 4;
    const char* data;
    std::memcpy(&data, raw() + 8, 8);
    return data;
  }
  std::string_view view() const { return {data(), size()}; }
  // Length and prefix as one word; equal strings have equal first words.
  uint64_t first_word() const { return words_[0]; }
  uint64_t second_word() const { return words_[1]; }

  friend bool operator==(const StringRef& a, const StringRef& b) {
    if (a.words_[0] != b.words_[0]) return false;
    if (a.words_[1] == b.words_[1]) return true;
    if (a.is_inline()) return false;
    return std::memcmp(a.data(), b.data(), a.size()) == 0;
  }
  // Bytewise order (collation "C").
  int Compare(const StringRef& other) const {
    uint32_t a = static_cast<uint32_t>(words_[0] >> 32);
    uint32_t b = static_cast<uint32_t>(other.words_[0] >> 32);
    if (a != b) {
      a = __builtin_bswap32(a);
      b = __builtin_bswap32(b);
      return a < b ? -1 : 1;
    }
    const uint32_t common = size() < other.size() ? size() : other.size();
    const int order = std::memcmp(data(), other.data(), common);
    if (order != 0) return order < 0 ? -1 : 1;
    return size() < other.size() ? -1 : (size() > other.size() ? 1 : 0);
  }
  friend bool operator<(const StringRef& a, const StringRef& b) { return a.Compare(b) < 0; }

 private:
  char* raw() { return reinterpret_cast<char*>(words_); }
  const char* raw() const { return reinterpret_cast<const char*>(words_); }
  uint64_t words_[2];  // {size u32, first 4 bytes}, {next 8 bytes | pointer}
};
static_assert(sizeof(StringRef) == 16);

}  // namespace driftdb

#endif  // DRIFTDB_TYPES_STRING_REF_H_
