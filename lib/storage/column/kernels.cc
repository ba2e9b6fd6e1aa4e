#include "storage/column/kernels.h"

#include "storage/column/bitmap.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define DRIFTDB_KERNEL_INSTRUMENTED
#endif
#endif
#if defined(DRIFTDB_KERNEL_INSTRUMENTED)
// Every unrolled access would be checked at a place of its own: minutes of compiling for nothing.
#define DRIFTDB_KERNEL_UNROLL(n)
#elif defined(__clang__)
#define DRIFTDB_KERNEL_UNROLL(n) _Pragma("clang loop unroll(full)")
#else
#define DRIFTDB_KERNEL_UNROLL(n) _Pragma("GCC unroll 32")
#endif
#define DRIFTDB_KERNEL_INLINE static inline __attribute__((always_inline))

namespace driftdb::storage {

namespace {

// Positions of the set bits of every byte.
struct KernelBytePositions {
  // Plain arrays: a template's member function, first used inside a target pragma, might be emitted
  // for that instruction set and then be called by everybody.
  uint16_t rows[256][8] = {};
  uint8_t count[256] = {};
};

constexpr KernelBytePositions MakeKernelBytePositions() {
  KernelBytePositions table;
  for (unsigned byte = 0; byte < 256; ++byte) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      if ((byte >> bit) & 1) table.rows[byte][table.count[byte]++] = static_cast<uint16_t>(bit);
    }
  }
  return table;
}
constexpr KernelBytePositions kKernelBytePositions = MakeKernelBytePositions();

namespace kernels_generic {
#define DRIFTDB_KERNEL_LEVEL 1
#define DRIFTDB_KERNEL_NAME "generic"
#include "storage/column/kernels.inc"
#undef DRIFTDB_KERNEL_NAME
#undef DRIFTDB_KERNEL_LEVEL
}  // namespace kernels_generic

#if defined(__x86_64__)

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("sse3,ssse3,sse4.1,sse4.2,popcnt"))), \
                             apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("sse3,ssse3,sse4.1,sse4.2,popcnt")
#endif
namespace kernels_v2 {
#define DRIFTDB_KERNEL_LEVEL 2
#define DRIFTDB_KERNEL_NAME "x86-64-v2"
#include "storage/column/kernels.inc"
#undef DRIFTDB_KERNEL_NAME
#undef DRIFTDB_KERNEL_LEVEL
}  // namespace kernels_v2
#if defined(__clang__)
#pragma clang attribute pop
#pragma clang attribute push(__attribute__((target("avx,avx2,bmi,bmi2,fma,lzcnt,popcnt"))), \
                             apply_to = function)
#else
#pragma GCC pop_options
#pragma GCC push_options
#pragma GCC target("avx,avx2,bmi,bmi2,fma,lzcnt,popcnt")
#endif
namespace kernels_v3 {
#define DRIFTDB_KERNEL_LEVEL 3
#define DRIFTDB_KERNEL_NAME "x86-64-v3"
#include "storage/column/kernels.inc"
#undef DRIFTDB_KERNEL_NAME
#undef DRIFTDB_KERNEL_LEVEL
}  // namespace kernels_v3
#if defined(__clang__)
#pragma clang attribute pop
#pragma clang attribute push(                                                                \
    __attribute__((target(                                                                   \
        "avx,avx2,bmi,bmi2,fma,lzcnt,popcnt,avx512f,avx512bw,avx512cd,avx512dq,avx512vl"))), \
    apply_to = function)
#else
#pragma GCC pop_options
#pragma GCC push_options
#pragma GCC target("avx,avx2,bmi,bmi2,fma,lzcnt,popcnt,avx512f,avx512bw,avx512cd,avx512dq,avx512vl")
#endif
namespace kernels_v4 {
#define DRIFTDB_KERNEL_LEVEL 4
#define DRIFTDB_KERNEL_NAME "x86-64-v4"
#include "storage/column/kernels.inc"
#undef DRIFTDB_KERNEL_NAME
#undef DRIFTDB_KERNEL_LEVEL
}  // namespace kernels_v4
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

#endif  // __x86_64__

}  // namespace

size_t AllKernels(const ColumnKernels** to) {
  size_t count = 0;
  to[count++] = &kernels_generic::kTable;
#if defined(__x86_64__)
  if (__builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("popcnt")) {
    to[count++] = &kernels_v2::kTable;
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
      __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("fma")) {
    to[count++] = &kernels_v3::kTable;
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl")) {
      to[count++] = &kernels_v4::kTable;
    }
  }
#endif
  return count;
}

const ColumnKernels& Kernels() {
  static const ColumnKernels* const best = [] {
    const ColumnKernels* all[4];
    return all[AllKernels(all) - 1];
  }();
  return *best;
}

void PackBlock32(const uint32_t* codes, unsigned bits, uint32_t* out) {
  std::memset(out, 0, PackedBlockBytes(bits));
  if (bits == 0) return;
  for (unsigned row = 0; row < 32; ++row) {
    const unsigned shift = (row * bits) % 32;
    uint32_t* words = out + (row * bits) / 32 * 32;
    const uint32_t* from = codes + row * 32;
    for (size_t lane = 0; lane < 32; ++lane) words[lane] |= from[lane] << shift;
    if (shift + bits > 32) {
      for (size_t lane = 0; lane < 32; ++lane) words[32 + lane] |= from[lane] >> (32 - shift);
    }
  }
}

void PackBlock64(const uint64_t* codes, unsigned bits, uint64_t* out) {
  std::memset(out, 0, PackedBlockBytes(bits));
  if (bits == 0) return;
  for (unsigned row = 0; row < 64; ++row) {
    const unsigned shift = (row * bits) % 64;
    uint64_t* words = out + (row * bits) / 64 * 16;
    const uint64_t* from = codes + row * 16;
    for (size_t lane = 0; lane < 16; ++lane) words[lane] |= from[lane] << shift;
    if (shift + bits > 64) {
      for (size_t lane = 0; lane < 16; ++lane) words[16 + lane] |= from[lane] >> (64 - shift);
    }
  }
}

size_t CountBits(const uint64_t* bits) { return Kernels().count(bits, kValidityWords); }

void BitmapToSelection(const uint64_t* bits, Selection* selection) {
  selection->set_size(Kernels().expand(bits, kValidityWords, selection->rows()));
}

}  // namespace driftdb::storage

#undef DRIFTDB_KERNEL_UNROLL
#undef DRIFTDB_KERNEL_INSTRUMENTED
#undef DRIFTDB_KERNEL_INLINE
