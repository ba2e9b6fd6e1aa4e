// Byte coding of all files and frames: little-endian fixed integers, LEB128 varints,
// length-prefixed byte strings. Decoder checks every bound, so it may be given bytes from disk.
#ifndef DRIFTDB_BASE_CODING_H_
#define DRIFTDB_BASE_CODING_H_

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/error.h"
#include "base/status.h"

namespace driftdb {

static_assert(std::endian::native == std::endian::little, "DriftDB files are little-endian");

template <typename T>
T LoadFixed(const void* from) {
  static_assert(std::is_trivially_copyable_v<T>);
  T value;
  std::memcpy(&value, from, sizeof(T));
  return value;
}

template <typename T>
void StoreFixed(void* to, const T& value) {
  static_assert(std::is_trivially_copyable_v<T>);
  std::memcpy(to, &value, sizeof(T));
}

// Appends to a byte string.
class Encoder {
 public:
  explicit Encoder(std::string* out) : out_(out) {}

  template <typename T>
  void Fixed(const T& value) {
    static_assert(std::is_trivially_copyable_v<T>);
    out_->append(reinterpret_cast<const char*>(&value), sizeof(T));
  }
  void U8(uint8_t v) { out_->push_back(static_cast<char>(v)); }
  void U16(uint16_t v) { Fixed(v); }
  void U32(uint32_t v) { Fixed(v); }
  void U64(uint64_t v) { Fixed(v); }
  void Varint(uint64_t v) {
    while (v >= 0x80) {
      out_->push_back(static_cast<char>(v | 0x80));
      v >>= 7;
    }
    out_->push_back(static_cast<char>(v));
  }
  void Bytes(std::string_view bytes) {  // length as varint, then the bytes
    Varint(bytes.size());
    out_->append(bytes);
  }
  void Raw(const void* data, size_t size) { out_->append(static_cast<const char*>(data), size); }
  size_t size() const { return out_->size(); }

 private:
  std::string* out_;
};

// Reads what Encoder wrote. After the first failure every further read fails too (sticky), so a
// caller may decode a whole record and look at ok() once; values read after a failure are zero or
// empty.
class Decoder {
 public:
  explicit Decoder(std::string_view bytes)
      : next_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  template <typename T>
  T Fixed() {
    static_assert(std::is_trivially_copyable_v<T>);
    T value{};
    if (remaining() < sizeof(T)) {
      Fail();
      return value;
    }
    std::memcpy(&value, next_, sizeof(T));
    next_ += sizeof(T);
    return value;
  }
  uint8_t U8() { return Fixed<uint8_t>(); }
  uint16_t U16() { return Fixed<uint16_t>(); }
  uint32_t U32() { return Fixed<uint32_t>(); }
  uint64_t U64() { return Fixed<uint64_t>(); }
  uint64_t Varint() {
    uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (next_ == end_) break;
      const uint8_t byte = static_cast<uint8_t>(*next_++);
      if (shift == 63 && byte > 1) break;  // more than 64 bits
      value |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if ((byte & 0x80) == 0) return value;
    }
    Fail();
    return 0;
  }
  std::string_view Bytes() { return Raw(Varint()); }
  std::string_view Raw(uint64_t size) {
    if (remaining() < size) {
      Fail();
      return {};
    }
    std::string_view bytes(next_, size);
    next_ += size;
    return bytes;
  }
  size_t remaining() const { return static_cast<size_t>(end_ - next_); }
  bool ok() const { return ok_; }
  // OK, or DataLoss naming `what` when any read ran past the end.
  Status status(std::string_view what) const {
    if (ok_) return OkStatus();
    return DataLossError("{} is truncated or damaged", what);
  }

 private:
  void Fail() {
    ok_ = false;
    next_ = end_;
  }
  const char* next_;
  const char* end_;
  bool ok_ = true;
};

}  // namespace driftdb

#endif  // DRIFTDB_BASE_CODING_H_
