#include "base/coding.h"

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch.hpp>

namespace driftdb {

TEST_CASE("coding: fixed integers are little-endian bytes", "[base]") {
  std::string bytes;
  Encoder out(&bytes);
  out.U8(0x01);
  out.U16(0x0302);
  out.U32(0x07060504);
  out.U64(0x0f0e0d0c0b0a0908);
  REQUIRE(bytes.size() == 15);
  for (size_t i = 0; i < bytes.size(); ++i) REQUIRE(static_cast<size_t>(bytes[i]) == i + 1);
  REQUIRE(LoadFixed<uint16_t>(bytes.data() + 1) == 0x0302);
  StoreFixed<uint16_t>(bytes.data() + 1, 0xbeef);
  REQUIRE(static_cast<uint8_t>(bytes[1]) == 0xef);
}

TEST_CASE("coding: a decoder returns what an encoder was given", "[base]") {
  const std::vector<uint64_t> numbers = {
      0, 1, 127, 128, 16383, 16384, 1ull << 32, 1ull << 63, std::numeric_limits<uint64_t>::max()};
  const std::string_view text("with\0nul", 8);
  std::string bytes;
  Encoder out(&bytes);
  for (const uint64_t n : numbers) out.Varint(n);
  out.Bytes(text);
  out.Bytes("");
  out.Fixed(-1.5);
  out.Raw("tail", 4);
  REQUIRE(out.size() == bytes.size());

  Decoder in(bytes);
  for (const uint64_t n : numbers) REQUIRE(in.Varint() == n);
  REQUIRE(in.Bytes() == text);
  REQUIRE(in.Bytes().empty());
  REQUIRE(in.Fixed<double>() == -1.5);
  REQUIRE(in.Raw(4) == "tail");
  REQUIRE(in.remaining() == 0);
  REQUIRE(in.ok());
  REQUIRE(in.status("record").ok());
}

TEST_CASE("coding: a varint takes one byte per seven bits", "[base]") {
  for (int bits = 1; bits <= 64; ++bits) {
    std::string bytes;
    Encoder(&bytes).Varint(std::numeric_limits<uint64_t>::max() >> (64 - bits));
    REQUIRE(bytes.size() == static_cast<size_t>((bits + 6) / 7));
  }
}

TEST_CASE("coding: every truncation of a record is an error, never a read past the end", "[base]") {
  std::string bytes;
  Encoder out(&bytes);
  out.U32(7);
  out.Varint(300);
  out.Bytes("abcdef");
  for (size_t size = 0; size < bytes.size(); ++size) {
    // An exact-size copy lets AddressSanitizer see a read past the end.
    const std::vector<char> prefix(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(size));
    Decoder in(std::string_view(prefix.data(), size));
    in.U32();
    in.Varint();
    in.Bytes();
    REQUIRE_FALSE(in.ok());
    REQUIRE(in.status("the record").sqlstate() == sqlstate::kDataCorrupted);
  }
}

TEST_CASE("coding: a failed read makes all later reads fail with zero or empty", "[base]") {
  Decoder in(
      "\x05"
      "abcdefgh");
  REQUIRE(in.Raw(100).empty());
  REQUIRE(in.U8() == 0);
  REQUIRE(in.Varint() == 0);
  REQUIRE(in.Bytes().empty());
  REQUIRE(in.remaining() == 0);
  REQUIRE(in.status("the record").message() == "the record is truncated or damaged");
}

TEST_CASE("coding: a varint of more than 64 bits and a length near 2^64 are refused", "[base]") {
  const std::string endless(11, '\xff');
  Decoder varint(endless);
  REQUIRE(varint.Varint() == 0);
  REQUIRE_FALSE(varint.ok());

  Decoder wide(std::string_view("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10));
  REQUIRE(wide.Varint() == 0);
  REQUIRE_FALSE(wide.ok());

  std::string bytes;
  Encoder(&bytes).Varint(std::numeric_limits<uint64_t>::max());
  bytes += "abc";
  Decoder length(bytes);
  REQUIRE(length.Bytes().empty());
  REQUIRE_FALSE(length.ok());
}

}  // namespace driftdb
