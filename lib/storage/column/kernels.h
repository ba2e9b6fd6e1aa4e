// ColumnKernels: the hot loops of encoded columns, compiled once per instruction set and chosen
// once (C30). Shape: a packed block is 1,024 codes of `bits` bits each. Up to 32 bits: 32
// interleaved lanes of u32 words, code p is row p / 32 of lane p % 32, a lane's rows follow each
// other bit by bit over words k * 32 + lane. Above: 16 lanes of u64 words likewise. Either way a
// block takes 128 * bits bytes. Source: Afroozeh and Boncz, "The FastLanes Compression Layout",
// VLDB 2023; the interleaving here is the plain one, so that values come out in order.
#ifndef DRIFTDB_STORAGE_COLUMN_KERNELS_H_
#define DRIFTDB_STORAGE_COLUMN_KERNELS_H_

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace driftdb::storage {

inline constexpr size_t kBlockValues = 1024;
constexpr size_t PackedBlockBytes(unsigned bits) { return size_t{128} * bits; }

// The numbers low + i, i at most `span`, whose bit i of `bits` is one; span / 32 + 1 words.
struct KernelMembers {
  uint32_t low;
  uint32_t span;
  const uint32_t* bits;
};

struct ColumnKernels {
  const char* name;
  // One block; `bits` 0..32 and 0..64. `in` needs no alignment beyond its words'.
  void (*unpack32)(const uint32_t* in, unsigned bits, uint32_t* out);
  void (*unpack64)(const uint64_t* in, unsigned bits, uint64_t* out);
  // out[i] = codes[i] + base, for one block, wrapping.
  void (*add16)(const uint32_t* codes, uint16_t base, uint16_t* out);
  void (*add32)(const uint32_t* codes, uint32_t base, uint32_t* out);
  void (*add64)(const uint32_t* codes, uint64_t base, uint64_t* out);
  // One delta block: out[l] = first[l], out[r * 32 + l] = out[(r - 1) * 32 + l] + codes[r * 32 + l]
  // + step.
  void (*undelta)(const uint32_t* codes, const uint64_t* first, uint64_t step, uint64_t* out);
  // bits[w] bit i = (values[w * 64 + i] - low) <= span, unsigned; covers signed ranges too.
  void (*range16)(const uint16_t* values, size_t words, uint16_t low, uint16_t span,
                  uint64_t* bits);
  void (*range32)(const uint32_t* values, size_t words, uint32_t low, uint32_t span,
                  uint64_t* bits);
  void (*range64)(const uint64_t* values, size_t words, uint64_t low, uint64_t span,
                  uint64_t* bits);
  // Clears bit i of bits[w] unless values[w * 64 + i] is a member; words that are 0 are skipped.
  void (*member32)(const uint32_t* values, size_t words, const KernelMembers& members,
                   uint64_t* bits);
  // Positions of set bits; `rows` has room for words * 64. Returns how many.
  size_t (*expand)(const uint64_t* bits, size_t words, uint16_t* rows);
  uint32_t (*max32)(const uint32_t* values);  // of one block
  size_t (*count)(const uint64_t* bits, size_t words);
};

// The best for this processor.
const ColumnKernels& Kernels();
// All that this processor runs, slowest first; for tests and benchmarks. Returns how many (<= 4).
size_t AllKernels(const ColumnKernels** to);

// Packs one block; `codes` above `bits` bits are the caller's bug. `out` has PackedBlockBytes.
void PackBlock32(const uint32_t* codes, unsigned bits, uint32_t* out);
void PackBlock64(const uint64_t* codes, unsigned bits, uint64_t* out);

// Code p of a block: one or two words, shift and mask.
inline uint32_t UnpackOne32(const char* block, unsigned bits, size_t p) {
  if (bits == 0) return 0;
  const size_t bit = (p / 32) * bits;
  const size_t shift = bit % 32;
  const char* word = block + ((bit / 32) * 32 + p % 32) * 4;
  uint32_t low;
  std::memcpy(&low, word, 4);
  uint64_t joined = low;
  if (shift + bits > 32) {
    uint32_t high;
    std::memcpy(&high, word + 128, 4);
    joined |= static_cast<uint64_t>(high) << 32;
  }
  return static_cast<uint32_t>((joined >> shift) & ((uint64_t{1} << bits) - 1));
}
inline uint64_t UnpackOne64(const char* block, unsigned bits, size_t p) {
  const size_t bit = (p / 16) * bits;
  const size_t shift = bit % 64;
  const char* word = block + ((bit / 64) * 16 + p % 16) * 8;
  uint64_t value;
  std::memcpy(&value, word, 8);
  value >>= shift;
  if (shift + bits > 64) {
    uint64_t high;
    std::memcpy(&high, word + 128, 8);
    value |= high << (64 - shift);
  }
  return bits == 64 ? value : value & ((uint64_t{1} << bits) - 1);
}

}  // namespace driftdb::storage

#endif  // DRIFTDB_STORAGE_COLUMN_KERNELS_H_
