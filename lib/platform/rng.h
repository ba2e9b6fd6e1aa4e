// Random numbers: Rng is a seeded generator (xoshiro256**, Blackman and Vigna 2018) for sampling,
// tests and jitter; SystemRandom fills bytes from the operating system for uuids, salts, nonces and
// keys.
#ifndef DRIFTDB_PLATFORM_RNG_H_
#define DRIFTDB_PLATFORM_RNG_H_

#include <cstddef>
#include <cstdint>

#include "base/status.h"

namespace driftdb::platform {

class Rng {
 public:
  explicit Rng(uint64_t seed);
  uint64_t Next();
  // Uniform in [0, bound); bound > 0.
  uint64_t Below(uint64_t bound);
  // Uniform in [0, 1).
  double NextDouble() { return static_cast<double>(Next() >> 11) * 0x1.0p-53; }

 private:
  uint64_t state_[4];
};

Status SystemRandom(void* to, size_t size);

}  // namespace driftdb::platform

#endif  // DRIFTDB_PLATFORM_RNG_H_
