// Arena: bump allocation of bytes that live and die together (strings of a chunk, nodes of a
// parse). Threads: one owner at a time. Pointers stay valid until Reset or destruction.
#ifndef DRIFTDB_BASE_ARENA_H_
#define DRIFTDB_BASE_ARENA_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

namespace driftdb {

class Arena {
 public:
  explicit Arena(size_t first_block_bytes = 4096) : next_block_bytes_(first_block_bytes) {}
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;
  Arena(Arena&&) noexcept = default;
  Arena& operator=(Arena&&) noexcept = default;

  // `alignment` is a power of two, at most 16.
  char* Allocate(size_t bytes, size_t alignment = 1) {
    const size_t aligned = (used_ + alignment - 1) & ~(alignment - 1);
    if (blocks_.empty() || aligned + bytes > block_bytes_) return AllocateSlow(bytes);
    used_ = aligned + bytes;
    return blocks_.back().get() + aligned;
  }
  std::string_view Copy(std::string_view bytes) {
    char* to = Allocate(bytes.size());
    if (!bytes.empty()) std::memcpy(to, bytes.data(), bytes.size());
    return {to, bytes.size()};
  }
  // Bytes held from the heap, for the memory accountant.
  size_t allocated_bytes() const { return allocated_bytes_; }
  // Frees all blocks.
  void Reset();

 private:
  char* AllocateSlow(size_t bytes);

  static constexpr size_t kBlockBytesMax = 1 << 20;
  std::vector<std::unique_ptr<char[]>> blocks_;
  size_t block_bytes_ = 0;  // size of the last block
  size_t used_ = 0;         // bytes used in the last block
  size_t next_block_bytes_;
  size_t allocated_bytes_ = 0;
};

}  // namespace driftdb

#endif  // DRIFTDB_BASE_ARENA_H_
