#include "base/arena.h"

#include <algorithm>

namespace driftdb {

char* Arena::AllocateSlow(size_t bytes) {
  // operator new[] aligns to 16, so a fresh block satisfies every alignment Allocate accepts.
  const size_t size = std::max(bytes, next_block_bytes_);
  next_block_bytes_ = std::min(next_block_bytes_ * 2, kBlockBytesMax);
  blocks_.push_back(std::unique_ptr<char[]>(new char[size]));
  block_bytes_ = size;
  used_ = bytes;
  allocated_bytes_ += size;
  return blocks_.back().get();
}

void Arena::Reset() {
  blocks_.clear();
  block_bytes_ = used_ = allocated_bytes_ = 0;
}

}  // namespace driftdb
