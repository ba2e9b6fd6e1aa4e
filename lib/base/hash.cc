#include "base/hash.h"

// The one wrapper of xxHash: header-only, so that the amalgamation needs no library for it.
#define XXH_INLINE_ALL
#include <xxhash.h>

namespace driftdb {

Hash128 HashBytes128(const void* data, size_t size) {
  const XXH128_hash_t h = XXH3_128bits(data, size);
  return {h.low64, h.high64};
}

Hash128 HashChain128(const Hash128& previous, const void* data, size_t size) {
  XXH3_state_t state;
  XXH3_128bits_reset(&state);
  XXH3_128bits_update(&state, &previous, sizeof(previous));
  XXH3_128bits_update(&state, data, size);
  const XXH128_hash_t h = XXH3_128bits_digest(&state);
  return {h.low64, h.high64};
}

uint64_t HashBytes64(const void* data, size_t size, uint64_t seed) {
  return XXH3_64bits_withSeed(data, size, seed);
}

}  // namespace driftdb
