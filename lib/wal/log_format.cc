#include "wal/log_format.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "base/coding.h"
#include "base/error.h"

namespace driftdb::wal {

uint64_t DatabaseTag(const Uuid& database) {
  return LoadFixed<uint64_t>(database.data()) ^ LoadFixed<uint64_t>(database.data() + 8);
}

std::string UuidText(const Uuid& uuid) {
  std::string text;
  for (size_t i = 0; i < uuid.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += fmt::format("{:02x}", uuid[i]);
  }
  return text;
}

void EncodeSegmentHeader(SegmentHeader header, char* block) {
  header.checksum = HashBytes128(&header, offsetof(SegmentHeader, checksum));
  std::memset(block, 0, kSegmentHeaderBytes);
  std::memcpy(block, &header, sizeof(header));
}

HeaderState DecodeSegmentHeader(std::string_view bytes, SegmentHeader* header) {
  if (std::all_of(bytes.begin(), bytes.end(), [](char c) { return c == '\0'; })) {
    return HeaderState::kBlank;
  }
  if (bytes.size() < sizeof(*header)) return HeaderState::kDamaged;
  std::memcpy(header, bytes.data(), sizeof(*header));
  const bool intact = header->magic == kSegmentMagic &&
                      header->checksum == HashBytes128(header, offsetof(SegmentHeader, checksum));
  return intact ? HeaderState::kValid : HeaderState::kDamaged;
}

Status CheckSegmentHeader(const SegmentHeader& header, const Uuid& database,
                          const std::string& path) {
  if (header.format_version > kLogFormatVersion) {
    return Error(sqlstate::kFeatureNotSupported,
                 "log segment \"{}\" has format version {}, this library reads versions up to {}",
                 path, header.format_version, kLogFormatVersion);
  }
  if (header.database != database) {
    return Error(sqlstate::kObjectNotInState,
                 "log segment \"{}\" belongs to database {}, not to this one, {}", path,
                 UuidText(header.database), UuidText(database));
  }
  if (header.cipher != 0) {
    return Error(sqlstate::kFeatureNotSupported,
                 "log segment \"{}\" is encrypted with cipher {}, which this library cannot read",
                 path, header.cipher);
  }
  const bool block_known = header.block_bytes == kBlockBytesMin || header.block_bytes == 1024 ||
                           header.block_bytes == 2048 || header.block_bytes == kBlockBytesMax;
  // Positions near the end of 64 bits come from no writer and would overflow sums made with them.
  constexpr uint64_t kPositionMax = uint64_t{1} << 62;
  if (header.format_version == 0 || !block_known || header.first_lsn > kPositionMax ||
      header.segment_bytes > kPositionMax || header.segment_bytes < kSegmentHeaderBytes) {
    return DataLossError(
        "log segment \"{}\" has an impossible header: version {}, blocks of {} "
        "bytes, first LSN {}, {} bytes",
        path, header.format_version, header.block_bytes, header.first_lsn, header.segment_bytes);
  }
  return OkStatus();
}

void SealFrame(FrameHeader* header, char* frame) {
  DRIFTDB_DCHECK(header->payload_bytes <= kFramePayloadMax);
  std::memcpy(frame, header, sizeof(*header));
  // The previous hash is the first field after the chain hash, so this is hash(previous || rest)
  // (C6).
  header->chain = HashBytes128(frame + sizeof(Hash128),
                               kFrameHeaderBytes - sizeof(Hash128) + header->payload_bytes);
  StoreFixed(frame, header->chain);
}

bool PeekFrame(std::string_view bytes, uint64_t database_tag, FrameHeader* header) {
  if (bytes.size() < kFrameHeaderBytes) return false;
  std::memcpy(header, bytes.data(), sizeof(*header));
  return header->magic == kFrameMagic && header->payload_bytes <= kFramePayloadMax &&
         header->database_tag == database_tag;
}

bool DecodeFrame(std::string_view bytes, uint64_t database_tag, FrameHeader* header) {
  if (!PeekFrame(bytes, database_tag, header)) return false;
  if (bytes.size() - kFrameHeaderBytes < header->payload_bytes) return false;
  const Hash128 chain = HashBytes128(bytes.data() + sizeof(Hash128),
                                     kFrameHeaderBytes - sizeof(Hash128) + header->payload_bytes);
  return chain == header->chain;
}

}  // namespace driftdb::wal
