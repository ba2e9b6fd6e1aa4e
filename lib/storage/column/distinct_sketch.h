// DistinctSketch: HyperLogLog with 1,024 registers, standard error 3.3 %; merges across groups.
// Source: Flajolet et al. 2007, with Ertl's improved raw estimator (arXiv:1702.01284, section 4).
#ifndef DRIFTDB_STORAGE_COLUMN_DISTINCT_SKETCH_H_
#define DRIFTDB_STORAGE_COLUMN_DISTINCT_SKETCH_H_

#include <cstdint>
#include <string_view>

namespace driftdb::storage {

class DistinctSketch {
 public:
  static constexpr int kIndexBits = 10;
  static constexpr size_t kRegisters = size_t{1} << kIndexBits;

  // `hash` must be well mixed (HashInt64, HashBytes64).
  void Add(uint64_t hash) {
    const uint64_t rest = (hash << kIndexBits) | (uint64_t{1} << (kIndexBits - 1));
    const auto rank = static_cast<uint8_t>(__builtin_clzll(rest) + 1);
    uint8_t& reg = registers_[hash >> (64 - kIndexBits)];
    if (rank > reg) reg = rank;
  }
  void Merge(const DistinctSketch& other);
  double Estimate() const;
  // kRegisters bytes, for statistics rows.
  std::string_view bytes() const { return {reinterpret_cast<const char*>(registers_), kRegisters}; }
  // False when `bytes` has the wrong size or impossible ranks; the sketch is then empty.
  bool SetBytes(std::string_view bytes);

 private:
  uint8_t registers_[kRegisters] = {};
};

}  // namespace driftdb::storage

#endif  // DRIFTDB_STORAGE_COLUMN_DISTINCT_SKETCH_H_
