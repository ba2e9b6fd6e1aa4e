#include "storage/column/distinct_sketch.h"

#include <cmath>
#include <cstring>

namespace driftdb::storage {

namespace {

constexpr int kSketchRankMax = 64 - DistinctSketch::kIndexBits + 1;

// Ertl's sigma: the sum x + x^2 + 2 x^4 + 4 x^8 ..., for the share of untouched registers.
double SketchSigma(double x) {
  if (x == 1.0) return INFINITY;
  double y = 1;
  double z = x;
  double before;
  do {
    x *= x;
    before = z;
    z += x * y;
    y += y;
  } while (z != before);
  return z;
}

// Ertl's tau, for the share of saturated registers.
double SketchTau(double x) {
  if (x == 0.0 || x == 1.0) return 0.0;
  double y = 1;
  double z = 1 - x;
  double before;
  do {
    x = std::sqrt(x);
    before = z;
    y *= 0.5;
    z -= (1 - x) * (1 - x) * y;
  } while (z != before);
  return z / 3;
}

}  // namespace

void DistinctSketch::Merge(const DistinctSketch& other) {
  for (size_t i = 0; i < kRegisters; ++i) {
    if (other.registers_[i] > registers_[i]) registers_[i] = other.registers_[i];
  }
}

double DistinctSketch::Estimate() const {
  int histogram[kSketchRankMax + 1] = {};
  for (const uint8_t rank : registers_) ++histogram[rank];
  const double m = kRegisters;
  double z = m * SketchTau(1.0 - histogram[kSketchRankMax] / m);
  for (int k = kSketchRankMax - 1; k >= 1; --k) z = 0.5 * (z + histogram[k]);
  z += m * SketchSigma(histogram[0] / m);
  return m * m / (2.0 * std::log(2.0)) / z;
}

bool DistinctSketch::SetBytes(std::string_view bytes) {
  std::memset(registers_, 0, sizeof(registers_));
  if (bytes.size() != kRegisters) return false;
  for (const char rank : bytes) {
    if (static_cast<uint8_t>(rank) > kSketchRankMax) return false;
  }
  std::memcpy(registers_, bytes.data(), kRegisters);
  return true;
}

}  // namespace driftdb::storage
