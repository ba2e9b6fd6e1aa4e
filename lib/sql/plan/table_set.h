// TableSet: a set of table indexes of one statement. Small statements (below 64) allocate nothing.
#ifndef DRIFTDB_SQL_PLAN_TABLE_SET_H_
#define DRIFTDB_SQL_PLAN_TABLE_SET_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace driftdb::sql {

class TableSet {
 public:
  void Add(uint32_t index) { Word(index) |= uint64_t{1} << (index & 63); }
  void Remove(uint32_t index) {
    if (Contains(index)) Word(index) &= ~(uint64_t{1} << (index & 63));
  }
  bool Contains(uint32_t index) const { return ((At(index >> 6) >> (index & 63)) & 1) != 0; }
  bool empty() const {
    if (first_ != 0) return false;
    for (uint64_t word : rest_) {
      if (word != 0) return false;
    }
    return true;
  }
  bool Intersects(const TableSet& other) const {
    if ((first_ & other.first_) != 0) return true;
    for (size_t i = 0; i < rest_.size() && i < other.rest_.size(); ++i) {
      if ((rest_[i] & other.rest_[i]) != 0) return true;
    }
    return false;
  }
  bool IsSubsetOf(const TableSet& other) const {
    if ((first_ & ~other.first_) != 0) return false;
    for (size_t i = 0; i < rest_.size(); ++i) {
      if ((rest_[i] & ~other.At(i + 1)) != 0) return false;
    }
    return true;
  }
  void Union(const TableSet& other) {
    first_ |= other.first_;
    if (other.rest_.size() > rest_.size()) rest_.resize(other.rest_.size());
    for (size_t i = 0; i < other.rest_.size(); ++i) rest_[i] |= other.rest_[i];
  }
  void Subtract(const TableSet& other) {
    first_ &= ~other.first_;
    for (size_t i = 0; i < rest_.size() && i < other.rest_.size(); ++i) {
      rest_[i] &= ~other.rest_[i];
    }
  }

 private:
  uint64_t At(size_t word) const {
    if (word == 0) return first_;
    return word <= rest_.size() ? rest_[word - 1] : 0;
  }
  uint64_t& Word(uint32_t index) {
    const size_t word = index >> 6;
    if (word == 0) return first_;
    if (word > rest_.size()) rest_.resize(word);
    return rest_[word - 1];
  }

  uint64_t first_ = 0;
  std::vector<uint64_t> rest_;
};

}  // namespace driftdb::sql

#endif  // DRIFTDB_SQL_PLAN_TABLE_SET_H_
