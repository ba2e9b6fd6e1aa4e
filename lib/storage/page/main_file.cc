#include "storage/page/main_file.h"

#include <cstddef>
#include <cstring>

#include "base/check.h"
#include "base/error.h"
#include "base/status_macros.h"

namespace driftdb::storage {

namespace {

constexpr size_t kSuperblockBytes = 4096;
constexpr char kSuperblockMagic[8] = {'D', 'R', 'I', 'F', 'T', 'D', 'B', '\x1a'};

// As stored; docs/internals/file_format.md has the table. Magic, version and checksum keep their
// places in every format version, so that an older program can tell "newer" from "damaged".
struct SuperblockImage {
  char magic[8];
  uint32_t format_version;
  uint32_t image_bytes;
  Hash128 uuid;
  uint64_t sequence;
  uint64_t generation;
  ExtentRef root;
  ExtentRef free_map;
  uint64_t wal_start;
  Hash128 wal_chain;
  uint64_t wal_epoch;
  uint64_t snapshot;
  int64_t commit_time;
  uint64_t granule_count;
  uint64_t checkpoint_granules;
  uint32_t cipher_id;
  uint32_t key_id;
  uint8_t nonce[24];
  uint8_t tag[16];
  uint8_t zeros[3840];
  Hash128 checksum;  // of all bytes before it
};
static_assert(sizeof(SuperblockImage) == kSuperblockBytes);
static_assert(offsetof(SuperblockImage, root) == 48);
static_assert(offsetof(SuperblockImage, wal_start) == 128);
static_assert(offsetof(SuperblockImage, cipher_id) == 192);
static_assert(offsetof(SuperblockImage, checksum) == 4080);

void SuperblockStore(const Superblock& from, SuperblockImage* to) {
  std::memset(static_cast<void*>(to), 0, sizeof(*to));
  std::memcpy(to->magic, kSuperblockMagic, sizeof(kSuperblockMagic));
  to->format_version = kMainFileFormatVersion;
  to->image_bytes = kSuperblockBytes;
  to->uuid = from.uuid;
  to->sequence = from.sequence;
  to->generation = from.generation;
  to->root = from.checkpoint.root;
  to->free_map = from.free_map;
  to->wal_start = from.checkpoint.wal_start.value;
  to->wal_chain = from.checkpoint.wal_chain;
  to->wal_epoch = from.checkpoint.wal_epoch;
  to->snapshot = from.checkpoint.snapshot.value;
  to->commit_time = from.checkpoint.commit_time;
  to->granule_count = from.granule_count;
  to->checkpoint_granules = from.checkpoint_granules;
  to->cipher_id = from.cipher_id;
  to->key_id = from.key_id;
  to->checksum = HashBytes128(to, offsetof(SuperblockImage, checksum));
}

Superblock SuperblockLoad(const SuperblockImage& from) {
  Superblock to;
  to.uuid = from.uuid;
  to.sequence = from.sequence;
  to.generation = from.generation;
  to.checkpoint.root = from.root;
  to.free_map = from.free_map;
  to.checkpoint.wal_start = Lsn(from.wal_start);
  to.checkpoint.wal_chain = from.wal_chain;
  to.checkpoint.wal_epoch = from.wal_epoch;
  to.checkpoint.snapshot = CommitSeq(from.snapshot);
  to.checkpoint.commit_time = from.commit_time;
  to.granule_count = from.granule_count;
  to.checkpoint_granules = from.checkpoint_granules;
  to.cipher_id = from.cipher_id;
  to.key_id = from.key_id;
  return to;
}

// What is wrong with an image, or null.
const char* SuperblockFault(const SuperblockImage& image) {
  if (std::memcmp(image.magic, kSuperblockMagic, sizeof(kSuperblockMagic)) != 0) return "no magic";
  if (image.checksum != HashBytes128(&image, offsetof(SuperblockImage, checksum))) {
    return "checksum does not match";
  }
  if (image.format_version > kMainFileFormatVersion) return nullptr;  // judged by the caller
  if (image.format_version == 0 || image.image_bytes != kSuperblockBytes)
    return "impossible version";
  if (image.sequence == 0 || image.uuid == Hash128{}) return "no sequence number or uuid";
  if (image.granule_count < kFirstDataGranule) return "impossible file size";
  return nullptr;
}

std::string SuperblockDirectory(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

Result<std::unique_ptr<MainFile>> MainFile::Create(platform::Vfs* vfs, const std::string& path,
                                                   const Hash128& uuid) {
  DRIFTDB_DCHECK(uuid != Hash128{});
  DRIFTDB_ASSIGN_OR_RETURN(const bool exists, vfs->Exists(path));
  if (exists) return Error(sqlstate::kDuplicateFile, "file \"{}\" exists already", path);
  Superblock first;
  first.uuid = uuid;
  first.sequence = 1;
  SuperblockImage image;
  SuperblockStore(first, &image);
  // Complete before it gets its name: a crash leaves either no main file or a valid one.
  const std::string unfinished = path + ".unfinished";
  {
    DRIFTDB_ASSIGN_OR_RETURN(auto file,
                             vfs->Open(unfinished, {platform::OpenMode::kTruncate, false}));
    DRIFTDB_RETURN_IF_ERROR(file->WriteAt(kSuperblockOffsets[0], &image, sizeof(image)));
    DRIFTDB_RETURN_IF_ERROR(file->Truncate(kFirstDataGranule * kGranuleBytes));
    DRIFTDB_RETURN_IF_ERROR(file->Sync());
  }
  DRIFTDB_RETURN_IF_ERROR(vfs->Rename(unfinished, path));
  DRIFTDB_RETURN_IF_ERROR(vfs->SyncDirectory(SuperblockDirectory(path)));
  return Open(vfs, path, /*read_only=*/false);
}

Result<std::unique_ptr<MainFile>> MainFile::Open(platform::Vfs* vfs, const std::string& path,
                                                 bool read_only) {
  DRIFTDB_ASSIGN_OR_RETURN(const bool is_directory, vfs->IsDirectory(path));
  if (is_directory) return DataLossError("\"{}\" is a directory, not a main file", path);
  const auto mode = read_only ? platform::OpenMode::kReadOnly : platform::OpenMode::kReadWrite;
  DRIFTDB_ASSIGN_OR_RETURN(auto raw, vfs->Open(path, {mode, false}));
  std::unique_ptr<MainFile> file(new MainFile(std::move(raw), path, read_only));
  DRIFTDB_ASSIGN_OR_RETURN(const uint64_t size, file->file_->Size());

  const char* faults[2] = {"the file ends before it", "the file ends before it"};
  int best = -1;
  for (int slot = 0; slot < 2; ++slot) {
    if (size < kSuperblockOffsets[slot] + kSuperblockBytes) continue;
    SuperblockImage image;
    DRIFTDB_RETURN_IF_ERROR(
        file->file_->ReadExactlyAt(kSuperblockOffsets[slot], &image, sizeof(image)));
    faults[slot] = SuperblockFault(image);
    if (faults[slot] != nullptr) continue;
    if (image.format_version > kMainFileFormatVersion) {
      return Error(sqlstate::kFeatureNotSupported,
                   "file \"{}\" has format version {}, this program reads up to version {}", path,
                   image.format_version, kMainFileFormatVersion)
          .WithHint("Use a newer DriftDB to open this database.");
    }
    if (best < 0 || image.sequence > file->superblock_.sequence) {
      best = slot;
      file->superblock_ = SuperblockLoad(image);
    }
  }
  if (best < 0) {
    return DataLossError(
        "file \"{}\" ({} bytes) has no valid superblock: at byte {}: {}; at byte {}: {}", path,
        size, kSuperblockOffsets[0], faults[0], kSuperblockOffsets[1], faults[1]);
  }
  file->slot_ = best;
  if (size / kGranuleBytes < file->superblock_.granule_count) {
    return DataLossError(
        "file \"{}\" is truncated: {} bytes, superblock {} needs {} granules of {} bytes", path,
        size, file->superblock_.sequence, file->superblock_.granule_count, kGranuleBytes);
  }
  return file;
}

Status MainFile::WriteSuperblock(Superblock next) {
  DRIFTDB_DCHECK(!read_only_ && next.uuid == superblock_.uuid);
  next.sequence = superblock_.sequence + 1;
  SuperblockImage image;
  SuperblockStore(next, &image);
  const int slot = 1 - slot_;
  DRIFTDB_RETURN_IF_ERROR(file_->WriteAt(kSuperblockOffsets[slot], &image, sizeof(image)));
  DRIFTDB_RETURN_IF_ERROR(file_->Sync());
  slot_ = slot;
  superblock_ = next;
  return OkStatus();
}

Status MainFile::Read(uint64_t offset, void* to, size_t size) {
  return file_->ReadExactlyAt(offset, to, size);
}

Status MainFile::Write(uint64_t offset, const void* from, size_t size) {
  DRIFTDB_DCHECK(!read_only_ && offset >= kFirstDataGranule * kGranuleBytes);
  return file_->WriteAt(offset, from, size);
}

Status MainFile::Sync() { return file_->Sync(); }

}  // namespace driftdb::storage
