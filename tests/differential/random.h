// Random choices of the generators. One seed gives one script on every machine: nothing here
// depends on the standard library's distributions.
#ifndef DRIFTDB_TESTS_DIFFERENTIAL_RANDOM_H_
#define DRIFTDB_TESTS_DIFFERENTIAL_RANDOM_H_

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace driftdb::differential {

class Random {
 public:
  explicit Random(uint64_t seed) : engine_(seed) {}

  size_t Below(size_t limit) { return static_cast<size_t>(engine_() % limit); }
  int64_t Between(int64_t low, int64_t high) {
    return low + static_cast<int64_t>(Below(static_cast<size_t>(high - low + 1)));
  }
  bool Chance(size_t percent) { return Below(100) < percent; }
  template <typename T>
  const T& Pick(const std::vector<T>& from) {
    return from[Below(from.size())];
  }
  std::string Word(std::initializer_list<const char*> words) {
    return *(words.begin() + Below(words.size()));
  }
  template <typename T>
  void Shuffle(std::vector<T>* list) {
    for (size_t i = list->size(); i > 1; --i) std::swap((*list)[i - 1], (*list)[Below(i)]);
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace driftdb::differential

#endif  // DRIFTDB_TESTS_DIFFERENTIAL_RANDOM_H_
