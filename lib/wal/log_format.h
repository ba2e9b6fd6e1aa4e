// The bytes of the log: segment header and frame header, their coding and their checks.
// Layout, invariants WAL-1..., a worked example and the validity rule:
// docs/internals/wal_format.md. Units: bytes; times in microseconds since 1970 UTC. Positions: LSN
// counts frames with their padding and nothing else, so it does not depend on where segments end
// (WAL-4). Nothing here reads or writes files.
#ifndef DRIFTDB_WAL_LOG_FORMAT_H_
#define DRIFTDB_WAL_LOG_FORMAT_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/hash.h"
#include "base/status.h"
#include "types/ids.h"

namespace driftdb::wal {

using Uuid = std::array<uint8_t, 16>;

// A place in the history of the log: continuing from it needs all three (WAL-5).
struct LogPosition {
  Lsn lsn;
  uint64_t epoch = 1;
  Hash128 chain;
  friend bool operator==(const LogPosition&, const LogPosition&) = default;
};

inline constexpr uint32_t kLogFormatVersion = 1;
inline constexpr uint64_t kSegmentMagic = 0x4c41575446495244;  // "DRIFTWAL"
inline constexpr uint32_t kFrameMagic = 0x4d524644;            // "DFRM"
// Frames of a segment begin after its header block.
inline constexpr uint64_t kSegmentHeaderBytes = 4096;
inline constexpr uint64_t kFrameBytesMax = 1 << 20;
inline constexpr uint32_t kBlockBytesMin = 512;
inline constexpr uint32_t kBlockBytesMax = 4096;

// Frame flags.
inline constexpr uint16_t kFramePart =
    1;  // holds a PART batch: counts only with a later COMMIT (C6)

struct SegmentHeader {
  uint64_t magic = kSegmentMagic;
  uint32_t format_version = kLogFormatVersion;
  uint32_t block_bytes = kBlockBytesMax;
  Uuid database{};
  Uuid segment{};
  uint64_t number = 0;
  uint64_t epoch = 1;
  uint64_t first_lsn = 0;  // the exact end of the previous segment
  Hash128 previous_chain;  // the chain hash there
  uint64_t segment_bytes = 0;
  uint32_t cipher = 0;  // 0: none
  uint32_t key_id = 0;
  uint64_t reserved = 0;
  std::array<uint8_t, 16> mac{};  // of the header under the log key, when encrypted
  Hash128 checksum;               // XXH3-128 of all bytes before
};
static_assert(sizeof(SegmentHeader) == 144);
static_assert(offsetof(SegmentHeader, first_lsn) == 64);
static_assert(offsetof(SegmentHeader, checksum) == 128);

struct FrameHeader {
  Hash128 chain;     // XXH3-128 of everything after it up to the end of the payload
  Hash128 previous;  // the chain hash of the frame before
  uint32_t magic = kFrameMagic;
  uint32_t payload_bytes = 0;
  uint64_t epoch = 1;
  uint64_t lsn = 0;
  uint64_t durable_lsn = 0;  // all before it was durable when this frame was written (WAL-8)
  int64_t commit_time = 0;
  uint32_t record_count = 0;
  uint16_t flags = 0;
  uint16_t reserved = 0;
  uint64_t database_tag = 0;
  std::array<uint8_t, 24> nonce{};
  std::array<uint8_t, 16> tag{};
};
static_assert(sizeof(FrameHeader) == 128);
static_assert(offsetof(FrameHeader, lsn) == 48);
static_assert(offsetof(FrameHeader, database_tag) == 80);
static_assert(offsetof(FrameHeader, tag) == 112);

inline constexpr uint64_t kFrameHeaderBytes = sizeof(FrameHeader);
inline constexpr uint64_t kFramePayloadMax = kFrameBytesMax - kFrameHeaderBytes;

// A frame as read or made durable. Views stay valid as the giver says.
struct Frame {
  Lsn lsn;
  Lsn end;  // with padding: the next frame's lsn
  uint64_t epoch = 0;
  int64_t commit_time = 0;
  uint32_t record_count = 0;
  uint16_t flags = 0;
  Hash128 chain;
  std::string_view payload;
  std::string_view bytes;  // header and payload, verbatim; what is shipped and archived
};

inline uint64_t AlignToBlock(uint64_t bytes, uint32_t block_bytes) {
  return (bytes + block_bytes - 1) & ~static_cast<uint64_t>(block_bytes - 1);
}
// Binds frames to their database without repeating its uuid.
uint64_t DatabaseTag(const Uuid& database);
std::string UuidText(const Uuid& uuid);

// Writes the header block, kSegmentHeaderBytes: the header with its checksum, then zeros.
void EncodeSegmentHeader(SegmentHeader header, char* block);

enum class HeaderState : uint8_t {
  kBlank,    // zeros: prepared, never used
  kValid,    // checksum holds
  kDamaged,  // anything else
};
// `bytes`: the first sizeof(SegmentHeader) bytes of a segment, or fewer of a short file.
HeaderState DecodeSegmentHeader(std::string_view bytes, SegmentHeader* header);
// Refuses a valid header of another format (0A000 naming both versions), of another database
// (55000) or with fields no writer writes (XX001).
Status CheckSegmentHeader(const SegmentHeader& header, const Uuid& database,
                          const std::string& path);

// Sets chain and writes the header in front of the payload, which lies at frame +
// kFrameHeaderBytes.
void SealFrame(FrameHeader* header, char* frame);
// Bounds and checksum of the frame at the front of `bytes`, nothing about its place in the chain.
// False: no intact frame of this database there. Reads nothing beyond `bytes`.
bool DecodeFrame(std::string_view bytes, uint64_t database_tag, FrameHeader* header);
// Only the header's plausibility (magic, length, tag): tells how many bytes DecodeFrame needs.
bool PeekFrame(std::string_view bytes, uint64_t database_tag, FrameHeader* header);

}  // namespace driftdb::wal

#endif  // DRIFTDB_WAL_LOG_FORMAT_H_
