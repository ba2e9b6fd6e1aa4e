// Random number streams of the TPC-H generator: one independent stream per random column.
//
// Shape: Lehmer generator x' = 16807 * x mod (2^31 - 1). A unit of generation (a part, a customer,
// an order with all its lines) owns a fixed number of draws per stream, whatever it really uses, so
// that any unit can be reached directly: skip-ahead is one modular power.
// Invariants: after FinishUnit() the state equals seed * 16807^(draws_per_unit * units).
// Threads: none shared; a stream belongs to one row source.
// Source: TPC-H specification 4.2 (uniform distributions); the arithmetic, including the overflow
// of the full 31-bit range that address characters rely on, is that of the reference generator.
#ifndef DRIFTDB_BENCH_TPCHGEN_RANDOM_STREAM_H_
#define DRIFTDB_BENCH_TPCHGEN_RANDOM_STREAM_H_

#include <cstdint>

namespace driftdb::tpchgen {

class RandomStream {
 public:
  RandomStream(int64_t seed, int draws_per_unit)
      : state_(static_cast<uint64_t>(seed)), draws_per_unit_(draws_per_unit) {}

  // Uniform in [low, high]; high - low + 1 may be 2^31, which yields values in (-2^31, 0].
  int64_t Draw(int64_t low, int64_t high) {
    ++used_;
    state_ = Reduce(state_ * kMultiplier);
    // Signed 32-bit wrap-around of the range is part of the format (see the header comment).
    const auto range = static_cast<double>(
        static_cast<int32_t>(static_cast<uint32_t>(static_cast<uint64_t>(high - low + 1))));
    const double fraction = 1.0 * static_cast<double>(state_) / kModulusReal;
    return low + static_cast<int32_t>(fraction * range);
  }

  // Consumes the draws that the current unit did not use.
  void FinishUnit() {
    if (used_ < draws_per_unit_) {
      Advance(static_cast<uint64_t>(draws_per_unit_ - used_));
    }
    used_ = 0;
  }

  // Call only between units.
  void SkipUnits(int64_t units) {
    Advance(static_cast<uint64_t>(units) * static_cast<uint64_t>(draws_per_unit_));
  }

 private:
  static constexpr uint64_t kMultiplier = 16807;
  static constexpr uint64_t kModulus = (uint64_t{1} << 31) - 1;
  static constexpr double kModulusReal = 2147483647.0;

  // x < 2^62; folding twice leaves a value in [0, 2^31).
  static uint64_t Reduce(uint64_t x) {
    x = (x & kModulus) + (x >> 31);
    x = (x & kModulus) + (x >> 31);
    return x == kModulus ? 0 : x;
  }

  void Advance(uint64_t draws) {
    uint64_t power = kMultiplier;
    for (; draws > 0; draws >>= 1) {
      if ((draws & 1) != 0) {
        state_ = Reduce(state_ * power);
      }
      power = Reduce(power * power);
    }
  }

  uint64_t state_;
  int draws_per_unit_;
  int used_ = 0;
};

}  // namespace driftdb::tpchgen

#endif  // DRIFTDB_BENCH_TPCHGEN_RANDOM_STREAM_H_
