// XXH3 hashing for pages, frames and hash tables. 128-bit values guard stored bytes; 64-bit ones
// are for tables in memory and are never stored.
#ifndef DRIFTDB_BASE_HASH_H_
#define DRIFTDB_BASE_HASH_H_

#include <cstdint>
#include <string_view>

namespace driftdb {

struct Hash128 {
  uint64_t low = 0;
  uint64_t high = 0;
  friend bool operator==(const Hash128&, const Hash128&) = default;
};
static_assert(sizeof(Hash128) == 16);

Hash128 HashBytes128(const void* data, size_t size);
// Chained: hash(previous || data), for the log's chain (C6).
Hash128 HashChain128(const Hash128& previous, const void* data, size_t size);
uint64_t HashBytes64(const void* data, size_t size, uint64_t seed = 0);
inline uint64_t HashBytes64(std::string_view bytes, uint64_t seed = 0) {
  return HashBytes64(bytes.data(), bytes.size(), seed);
}

// Mixes one integer: Stafford's variant 13 of the MurmurHash3 finalizer (a bijection).
inline uint64_t HashInt64(uint64_t x) {
  x ^= x >> 30;
  x *= 0xbf58476d1ce4e5b9ULL;
  x ^= x >> 27;
  x *= 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}
inline uint64_t HashCombine64(uint64_t a, uint64_t b) {
  return HashInt64(a * 0x9e3779b97f4a7c15ULL + b);
}

}  // namespace driftdb

#endif  // DRIFTDB_BASE_HASH_H_
