// FrameBuffer: one frame while it is filled and written. Internal to LogWriter.
// Life: pool -> open (reservations come in) -> queued -> group (written, synced) -> pool.
#ifndef DRIFTDB_WAL_FRAME_BUFFER_H_
#define DRIFTDB_WAL_FRAME_BUFFER_H_

#include <atomic>
#include <cstdint>
#include <memory>

#include "wal/log_format.h"
#include "wal/segment_store.h"

namespace driftdb::wal {

struct FrameBuffer {
  // Null when memory is short. 1 MiB of address space, touched only as far as frames reach.
  static FrameBuffer* Make();
  ~FrameBuffer();

  uint64_t frame_bytes(uint32_t block_bytes) const {
    return AlignToBlock(kFrameHeaderBytes + reserved, block_bytes);
  }

  char* bytes = nullptr;  // kFrameBytesMax, aligned to kBlockBytesMax
  std::shared_ptr<Segment> segment;
  bool begins_segment = false;
  uint64_t offset = 0;  // in the segment
  uint64_t lsn = 0;
  uint32_t capacity = 0;  // of the payload: what the segment has left
  uint32_t reserved = 0;  // payload bytes given out
  std::atomic<uint32_t> filled{
      0};  // payload bytes copied; the group waits until it equals reserved
  uint32_t records = 0;
  uint32_t appends = 0;
  uint16_t flags = 0;
  int64_t commit_time = 0;
  Hash128 chain;
  FrameBuffer* next = nullptr;

 private:
  FrameBuffer() = default;
};

}  // namespace driftdb::wal

#endif  // DRIFTDB_WAL_FRAME_BUFFER_H_
