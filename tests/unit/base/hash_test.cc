#include "base/hash.h"

#include <cstdint>
#include <set>
#include <string>

#include <catch2/catch.hpp>

namespace driftdb {

// Stored hashes are part of the file format: these values are XXH3's published ones for the empty
// input (seed 0) and must never change.
TEST_CASE("hash: the hash of nothing is XXH3's", "[base][C20]") {
  REQUIRE(HashBytes128("", 0).low == 0x6001c324468d497fULL);
  REQUIRE(HashBytes128("", 0).high == 0x99aa06d3014798d8ULL);
  REQUIRE(HashBytes64("", 0) == 0x2d06800538d394c2ULL);
}

TEST_CASE("hash: each single bit of the input changes the 128-bit hash", "[base][C20]") {
  for (const size_t size : {1u, 16u, 100u, 240u, 241u, 1500u}) {
    std::string bytes(size, 'x');
    std::set<std::pair<uint64_t, uint64_t>> seen;
    const Hash128 whole = HashBytes128(bytes.data(), size);
    seen.insert({whole.high, whole.low});
    for (size_t bit = 0; bit < size * 8; ++bit) {
      bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << bit % 8));
      const Hash128 h = HashBytes128(bytes.data(), size);
      seen.insert({h.high, h.low});
      bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << bit % 8));
    }
    REQUIRE(seen.size() == size * 8 + 1);
  }
}

TEST_CASE("hash: a chained hash is the hash of the previous hash followed by the data",
          "[base][C6]") {
  const Hash128 previous = HashBytes128("first", 5);
  std::string joined(reinterpret_cast<const char*>(&previous), sizeof(previous));
  joined += "second";
  REQUIRE(HashChain128(previous, "second", 6) == HashBytes128(joined.data(), joined.size()));
  REQUIRE_FALSE(HashChain128(Hash128{}, "second", 6) == HashChain128(previous, "second", 6));
}

TEST_CASE("hash: the seed changes the 64-bit hash", "[base]") {
  REQUIRE(HashBytes64("abc", 3, 1) != HashBytes64("abc", 3, 2));
  REQUIRE(HashBytes64(std::string_view("abc")) == HashBytes64("abc", 3, 0));
}

TEST_CASE("hash: integer mixing has no collision on dense keys and is not symmetric", "[base]") {
  std::set<uint64_t> seen;
  for (uint64_t i = 0; i < 20000; ++i) seen.insert(HashInt64(i));
  REQUIRE(seen.size() == 20000);
  REQUIRE(HashCombine64(1, 2) != HashCombine64(2, 1));
}

}  // namespace driftdb
