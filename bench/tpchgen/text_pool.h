// The text pool that every comment column is a slice of: 300 MiB of pseudo-English sentences.
//
// Shape: one immutable byte array, generated from the comment grammar with a fixed seed; the same
// for every scale. Sentences are separated by one blank; the last one is cut off at the pool's end.
// Threads: Shared() builds the pool once (about a second); afterwards it is read-only.
// Source: TPC-H specification 4.2.2.10 and 4.2.2.14.
#ifndef DRIFTDB_BENCH_TPCHGEN_TEXT_POOL_H_
#define DRIFTDB_BENCH_TPCHGEN_TEXT_POOL_H_

#include <cstddef>
#include <memory>
#include <string_view>

#include "tpchgen/random_stream.h"

namespace driftdb::tpchgen {

class TextPool {
 public:
  static constexpr size_t kPoolBytes = size_t{300} * 1024 * 1024;

  explicit TextPool(size_t bytes);
  static const TextPool& Shared();

  size_t size() const { return size_; }
  std::string_view Slice(size_t offset, size_t length) const {
    return {bytes_.get() + offset, length};
  }

 private:
  class Writer;

  std::unique_ptr<char[]> bytes_;
  size_t size_;
};

// Draws comments of 0.4 to 1.6 times an average length.
class CommentStream {
 public:
  CommentStream(int64_t seed, int average_length, int comments_per_unit)
      : random_(seed, 2 * comments_per_unit),
        length_min_(static_cast<int>(average_length * 0.4)),
        length_max_(static_cast<int>(average_length * 1.6)) {}

  std::string_view Next() {
    const auto pool_bytes = static_cast<int64_t>(pool_.size());
    const int64_t offset = random_.Draw(0, pool_bytes - length_max_);
    const int64_t length = random_.Draw(length_min_, length_max_);
    return pool_.Slice(static_cast<size_t>(offset), static_cast<size_t>(length));
  }
  void FinishUnit() { random_.FinishUnit(); }
  void SkipUnits(int64_t units) { random_.SkipUnits(units); }

 private:
  const TextPool& pool_ = TextPool::Shared();
  RandomStream random_;
  int length_min_;
  int length_max_;
};

}  // namespace driftdb::tpchgen

#endif  // DRIFTDB_BENCH_TPCHGEN_TEXT_POOL_H_
