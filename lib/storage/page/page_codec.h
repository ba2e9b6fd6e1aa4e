// PageCodec: how a block of an extent is sealed on its way to the file and opened on its way back
// (C20). Shape: a seal is 48 bytes: tag, nonce, key id. Without encryption the tag is the XXH3-128
// of the block's address (file uuid, granule, block number, generation) and its bytes, so that
// misdirected and stale reads are found as well as rot. An encrypting codec puts the AEAD tag there
// and uses the address as associated data. Threads: a codec is shared by all threads.
#ifndef DRIFTDB_STORAGE_PAGE_PAGE_CODEC_H_
#define DRIFTDB_STORAGE_PAGE_PAGE_CODEC_H_

#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/hash.h"
#include "base/status.h"

namespace driftdb::storage {

struct BlockAddress {
  Hash128 file_uuid;
  uint64_t granule = 0;  // first granule of the extent
  uint32_t block = 0;    // within the extent
  uint32_t generation = 0;
};
static_assert(sizeof(BlockAddress) == 32);

// Stored once per block in the table at the extent's end.
struct BlockSeal {
  Hash128 tag;
  uint8_t nonce[24] = {};
  uint32_t key_id = 0;
  uint32_t reserved = 0;
};
static_assert(sizeof(BlockSeal) == 48);

class PageCodec {
 public:
  virtual ~PageCodec() = default;
  // Stored in the superblock; a file is opened with the codec it was made with. 0: checksums only.
  virtual uint32_t cipher_id() const = 0;
  // False: stored bytes equal plain bytes, so Seal only fills `seal` and ignores `stored`.
  virtual bool transforms() const = 0;
  virtual Status Seal(const BlockAddress& address, const char* plain, size_t size, char* stored,
                      BlockSeal* seal) const = 0;
  // Turns stored bytes into plain ones in place. False when the seal does not match.
  virtual bool Open(const BlockAddress& address, char* bytes, size_t size,
                    const BlockSeal& seal) const = 0;
};

std::unique_ptr<PageCodec> MakeChecksumCodec();

}  // namespace driftdb::storage

#endif  // DRIFTDB_STORAGE_PAGE_PAGE_CODEC_H_
