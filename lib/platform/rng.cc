#include "platform/rng.h"

#include <errno.h>
#include <sys/random.h>

#include <bit>

#include "base/error.h"
#include "base/hash.h"
#include "base/int128.h"

namespace driftdb::platform {

Rng::Rng(uint64_t seed) {
  for (uint64_t& word : state_) {
    seed += 0x9e3779b97f4a7c15ULL;  // SplitMix64, as the authors advise for seeding
    word = HashInt64(seed);
  }
}

uint64_t Rng::Next() {
  const uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
  const uint64_t t = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= t;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

uint64_t Rng::Below(uint64_t bound) {
  return static_cast<uint64_t>((static_cast<uint128_t>(Next()) * bound) >> 64);
}

Status SystemRandom(void* to, size_t size) {
  auto* next = static_cast<unsigned char*>(to);
  while (size > 0) {
    const ssize_t got = getrandom(next, size, 0);
    if (got < 0) {
      if (errno == EINTR) continue;
      return ErrnoError(errno, "read random bytes from", "getrandom");
    }
    next += got;
    size -= static_cast<size_t>(got);
  }
  return OkStatus();
}

}  // namespace driftdb::platform
