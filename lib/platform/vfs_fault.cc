#include "platform/vfs_fault.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/check.h"
#include "base/error.h"
#include "base/status_macros.h"

namespace driftdb::platform {
namespace {

constexpr uint64_t kFaultSectorBytes = 512;
constexpr uint64_t kFaultMisdirection = 4096;

std::string FaultParentPath(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
}

std::string FaultNormalPath(const std::string& path) {
  std::string normal;
  for (const char c : path) {
    if (c != '/' || normal.empty() || normal.back() != '/') normal += c;
  }
  if (normal.size() > 1 && normal.back() == '/') normal.pop_back();
  return normal;
}

const char* FaultOperationName(uint32_t operation) {
  switch (operation) {
    case kFaultRead:
      return "read file";
    case kFaultWrite:
      return "write file";
    case kFaultSync:
      return "sync file";
    case kFaultTruncate:
      return "truncate file";
    case kFaultRename:
      return "rename file";
    case kFaultDelete:
      return "delete file";
    default:
      return "create file";
  }
}

}  // namespace

// A file of a FaultVfs: live bytes in the base file, pending ones in the node.
class FaultFile final : public File {
 public:
  FaultFile(FaultVfs* owner, std::unique_ptr<File> base, FaultVfs::NodePtr node, std::string path)
      : owner_(owner), base_(std::move(base)), node_(std::move(node)), path_(std::move(path)) {}

  Result<size_t> ReadAt(uint64_t offset, void* to, size_t size) override;
  Status WriteAt(uint64_t offset, const void* from, size_t size) override;
  Status Sync() override;
  Result<uint64_t> Size() override { return base_->Size(); }
  Status Truncate(uint64_t size) override;
  const std::string& path() const override { return path_; }

 private:
  FaultVfs* const owner_;
  const std::unique_ptr<File> base_;
  const FaultVfs::NodePtr node_;
  const std::string path_;
};

Result<size_t> FaultFile::ReadAt(uint64_t offset, void* to, size_t size) {
  MutexLock guard(&owner_->mutex_);
  DRIFTDB_ASSIGN_OR_RETURN(const FaultVfs::Verdict verdict,
                           owner_->Begin(kFaultRead, path_, offset, size));
  DRIFTDB_ASSIGN_OR_RETURN(const size_t got, base_->ReadAt(offset, to, size));
  char* bytes = static_cast<char*>(to);
  if (verdict == FaultVfs::Verdict::kFlip && got != 0) {
    const uint64_t bit = owner_->rng_.Below(got * 8);
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << (bit % 8)));
  }
  if (verdict == FaultVfs::Verdict::kStale) {
    for (size_t i = 0; i < node_->stale_bytes.size(); ++i) {
      const uint64_t at = node_->stale_offset + i;
      if (at >= offset && at - offset < got) bytes[at - offset] = node_->stale_bytes[i];
    }
  }
  return got;
}

Status FaultFile::WriteAt(uint64_t offset, const void* from, size_t size) {
  MutexLock guard(&owner_->mutex_);
  DRIFTDB_ASSIGN_OR_RETURN(const FaultVfs::Verdict verdict,
                           owner_->Begin(kFaultWrite, path_, offset, size));
  if (verdict == FaultVfs::Verdict::kLose) return OkStatus();
  std::string bytes(static_cast<const char*>(from), size);
  if (verdict == FaultVfs::Verdict::kShort) bytes.resize(size / 2);
  if (verdict == FaultVfs::Verdict::kMisdirect) offset += kFaultMisdirection;
  if (verdict == FaultVfs::Verdict::kFlip && size != 0) {
    const uint64_t bit = owner_->rng_.Below(size * 8);
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << (bit % 8)));
  }
  DRIFTDB_RETURN_IF_ERROR(owner_->TakeBudget(*node_, offset + bytes.size(), path_));
  node_->stale_offset = offset;
  node_->stale_bytes.assign(bytes.size(), '\0');
  DRIFTDB_RETURN_IF_ERROR(base_->ReadAt(offset, node_->stale_bytes.data(), bytes.size()).status());
  DRIFTDB_RETURN_IF_ERROR(base_->WriteAt(offset, bytes.data(), bytes.size()));
  node_->live_size = std::max<uint64_t>(node_->live_size, offset + bytes.size());
  node_->pending.push_back({owner_->operations_, false, offset, std::move(bytes), false});
  if (verdict == FaultVfs::Verdict::kShort) return ErrnoError(EIO, "write file", path_);
  return OkStatus();
}

Status FaultFile::Sync() {
  MutexLock guard(&owner_->mutex_);
  const Result<FaultVfs::Verdict> verdict = owner_->Begin(kFaultSync, path_, 0, 0);
  if (!verdict.ok()) {
    for (FaultVfs::PendingWrite& write : node_->pending) write.orphaned = true;
    return verdict.status();
  }
  if (*verdict == FaultVfs::Verdict::kLie) return OkStatus();
  DRIFTDB_RETURN_IF_ERROR(base_->Sync());
  for (const FaultVfs::PendingWrite& write : node_->pending) {
    if (!write.orphaned) FaultVfs::ApplyWrite(write, &node_->durable);
  }
  std::erase_if(node_->pending,
                [](const FaultVfs::PendingWrite& write) { return !write.orphaned; });
  return OkStatus();
}

Status FaultFile::Truncate(uint64_t size) {
  MutexLock guard(&owner_->mutex_);
  DRIFTDB_RETURN_IF_ERROR(owner_->Begin(kFaultTruncate, path_, size, 0).status());
  DRIFTDB_RETURN_IF_ERROR(owner_->TakeBudget(*node_, size, path_));
  DRIFTDB_RETURN_IF_ERROR(base_->Truncate(size));
  if (size < node_->live_size) owner_->GiveBudget(node_->live_size - size);
  node_->live_size = size;
  node_->pending.push_back({owner_->operations_, true, size, std::string(), false});
  return OkStatus();
}

Result<std::unique_ptr<FaultVfs>> FaultVfs::Make(Vfs* base, const std::string& root) {
  std::unique_ptr<FaultVfs> vfs(new FaultVfs(base));
  MutexLock guard(&vfs->mutex_);
  DRIFTDB_RETURN_IF_ERROR(vfs->Load(FaultNormalPath(root)));
  vfs->live_names_ = vfs->durable_names_;
  return vfs;
}

FaultVfs::~FaultVfs() = default;

Status FaultVfs::Load(const std::string& path) {
  NodePtr node = std::make_shared<Node>();
  durable_names_[path] = node;
  DRIFTDB_ASSIGN_OR_RETURN(node->directory, base_->IsDirectory(path));
  if (node->directory) {
    DRIFTDB_ASSIGN_OR_RETURN(const std::vector<std::string> names, base_->List(path));
    for (const std::string& name : names) {
      DRIFTDB_RETURN_IF_ERROR(Load(path == "/" ? path + name : path + "/" + name));
    }
    return OkStatus();
  }
  OpenOptions options;
  DRIFTDB_ASSIGN_OR_RETURN(const std::unique_ptr<File> file, base_->Open(path, options));
  DRIFTDB_ASSIGN_OR_RETURN(node->live_size, file->Size());
  node->durable.resize(node->live_size);
  return file->ReadExactlyAt(0, node->durable.data(), node->durable.size());
}

uint64_t FaultVfs::operations() {
  MutexLock guard(&mutex_);
  return operations_;
}

uint64_t FaultVfs::reads() {
  MutexLock guard(&mutex_);
  return reads_;
}

std::string FaultVfs::Describe(uint64_t number) {
  MutexLock guard(&mutex_);
  if (number == 0 || number > descriptions_.size()) return "no such operation";
  return descriptions_[number - 1];
}

void FaultVfs::CrashAfter(uint64_t number) {
  MutexLock guard(&mutex_);
  crash_after_ = number;
}

bool FaultVfs::crashed() {
  MutexLock guard(&mutex_);
  return crashed_;
}

void FaultVfs::AddFault(const Fault& fault) {
  MutexLock guard(&mutex_);
  faults_.push_back(fault);
}

void FaultVfs::ClearFaults() {
  MutexLock guard(&mutex_);
  faults_.clear();
}

void FaultVfs::SetByteBudget(uint64_t bytes) {
  MutexLock guard(&mutex_);
  budgeted_ = true;
  budget_ = bytes;
}

void FaultVfs::ClearByteBudget() {
  MutexLock guard(&mutex_);
  budgeted_ = false;
}

Status FaultVfs::TakeBudget(const Node& node, uint64_t end, const std::string& path) {
  if (!budgeted_ || end <= node.live_size) return OkStatus();
  const uint64_t growth = end - node.live_size;
  if (growth > budget_) return ErrnoError(ENOSPC, "write file", path);
  budget_ -= growth;
  return OkStatus();
}

void FaultVfs::GiveBudget(uint64_t bytes) {
  if (budgeted_) budget_ += bytes;
}

Status FaultVfs::FlipBit(const std::string& path, uint64_t bit) {
  MutexLock guard(&mutex_);
  const auto name = live_names_.find(FaultNormalPath(path));
  if (name == live_names_.end()) return ErrnoError(ENOENT, "damage file", path);
  OpenOptions options;
  options.mode = OpenMode::kReadWrite;
  DRIFTDB_ASSIGN_OR_RETURN(const std::unique_ptr<File> file, base_->Open(path, options));
  char byte = 0;
  DRIFTDB_RETURN_IF_ERROR(file->ReadExactlyAt(bit / 8, &byte, 1));
  byte = static_cast<char>(byte ^ (1 << (bit % 8)));
  DRIFTDB_RETURN_IF_ERROR(file->WriteAt(bit / 8, &byte, 1));
  std::string& durable = name->second->durable;
  if (bit / 8 < durable.size()) durable[bit / 8] = byte;
  return OkStatus();
}

Status FaultVfs::Alive(std::string_view operation, const std::string& path) {
  return crashed_ ? ErrnoError(EIO, operation, path) : OkStatus();
}

Result<FaultVfs::Verdict> FaultVfs::Begin(uint32_t operation, const std::string& path,
                                          uint64_t offset, uint64_t size) {
  const char* const name = FaultOperationName(operation);
  DRIFTDB_RETURN_IF_ERROR(Alive(name, path));
  uint64_t number;
  if (operation == kFaultRead) {
    number = ++reads_;
  } else {
    if (operations_ >= crash_after_) {
      crashed_ = true;
      return ErrnoError(EIO, name, path);
    }
    number = ++operations_;
    descriptions_.push_back(fmt::format("{} {} {}+{}", name, path, offset, size));
  }
  for (size_t i = 0; i < faults_.size(); ++i) {
    const Fault fault = faults_[i];
    if ((fault.operations & operation) == 0 || number < fault.at) continue;
    if (fault.at != 0 && !fault.forever && number != fault.at) continue;
    if (path.find(fault.path_contains) == std::string::npos) continue;
    if (!fault.forever) faults_.erase(faults_.begin() + static_cast<ptrdiff_t>(i));
    switch (fault.kind) {
      case Fault::Kind::kIoError:
        return ErrnoError(EIO, name, path);
      case Fault::Kind::kDiskFull:
        return ErrnoError(ENOSPC, name, path);
      case Fault::Kind::kShortWrite:
        return Verdict::kShort;
      case Fault::Kind::kBitFlip:
        return Verdict::kFlip;
      case Fault::Kind::kMisdirectedWrite:
        return Verdict::kMisdirect;
      case Fault::Kind::kLostWrite:
        return Verdict::kLose;
      case Fault::Kind::kStaleRead:
        return Verdict::kStale;
      case Fault::Kind::kLyingSync:
        return Verdict::kLie;
    }
  }
  return Verdict::kDo;
}

Result<std::unique_ptr<File>> FaultVfs::Open(const std::string& path, const OpenOptions& options) {
  const std::string normal = FaultNormalPath(path);
  MutexLock guard(&mutex_);
  DRIFTDB_RETURN_IF_ERROR(Alive("open file", path));
  const auto name = live_names_.find(normal);
  NodePtr node = name == live_names_.end() ? nullptr : name->second;
  OpenOptions base_options = options;
  base_options.direct = false;
  if (node == nullptr && options.mode != OpenMode::kReadOnly &&
      options.mode != OpenMode::kReadWrite) {
    DRIFTDB_RETURN_IF_ERROR(Begin(kFaultCreate, normal, 0, 0).status());
    DRIFTDB_ASSIGN_OR_RETURN(std::unique_ptr<File> made, base_->Open(path, base_options));
    node = std::make_shared<Node>();
    live_names_[normal] = node;
    pending_names_.push_back({operations_, std::string(), normal, node});
    return std::make_unique<FaultFile>(this, std::move(made), std::move(node), path);
  }
  if (node != nullptr && options.mode == OpenMode::kTruncate && !node->directory) {
    DRIFTDB_RETURN_IF_ERROR(Begin(kFaultTruncate, normal, 0, 0).status());
    DRIFTDB_ASSIGN_OR_RETURN(std::unique_ptr<File> emptied, base_->Open(path, base_options));
    GiveBudget(node->live_size);
    node->live_size = 0;
    node->pending.push_back({operations_, true, 0, std::string(), false});
    return std::make_unique<FaultFile>(this, std::move(emptied), std::move(node), path);
  }
  DRIFTDB_ASSIGN_OR_RETURN(std::unique_ptr<File> file, base_->Open(path, base_options));
  DRIFTDB_CHECK_OR_RETURN(node != nullptr, "file \"{}\" appeared below the fault injection", path);
  return std::make_unique<FaultFile>(this, std::move(file), std::move(node), path);
}

Result<std::unique_ptr<File>> FaultVfs::OpenTemporary(const std::string& directory) {
  MutexLock guard(&mutex_);
  DRIFTDB_RETURN_IF_ERROR(Begin(kFaultCreate, directory, 0, 0).status());
  DRIFTDB_ASSIGN_OR_RETURN(std::unique_ptr<File> file, base_->OpenTemporary(directory));
  std::string path = file->path();
  return std::make_unique<FaultFile>(this, std::move(file), std::make_shared<Node>(),
                                     std::move(path));
}

Result<std::unique_ptr<FileLock>> FaultVfs::Lock(const std::string& path) {
  const std::string normal = FaultNormalPath(path);
  MutexLock guard(&mutex_);
  DRIFTDB_RETURN_IF_ERROR(Alive("lock file", path));
  DRIFTDB_ASSIGN_OR_RETURN(std::unique_ptr<FileLock> lock, base_->Lock(path));
  // The lock file matters to nobody after a crash: durable at once, and not an operation.
  NodePtr& node = live_names_[normal];
  if (node == nullptr) node = std::make_shared<Node>();
  durable_names_[normal] = node;
  return lock;
}

Result<std::string> FaultVfs::LockHolder(const std::string& path) {
  return base_->LockHolder(path);
}

Status FaultVfs::Delete(const std::string& path) {
  const std::string normal = FaultNormalPath(path);
  MutexLock guard(&mutex_);
  DRIFTDB_RETURN_IF_ERROR(Begin(kFaultDelete, normal, 0, 0).status());
  DRIFTDB_RETURN_IF_ERROR(base_->Delete(path));
  const auto name = live_names_.find(normal);
  DRIFTDB_CHECK_OR_RETURN(name != live_names_.end(), "file \"{}\" is unknown", path);
  GiveBudget(name->second->live_size);
  pending_names_.push_back({operations_, normal, std::string(), name->second});
  live_names_.erase(name);
  return OkStatus();
}

Status FaultVfs::Rename(const std::string& from, const std::string& to) {
  const std::string source = FaultNormalPath(from), target = FaultNormalPath(to);
  MutexLock guard(&mutex_);
  DRIFTDB_RETURN_IF_ERROR(Begin(kFaultRename, source, 0, 0).status());
  DRIFTDB_RETURN_IF_ERROR(base_->Rename(from, to));
  const auto name = live_names_.find(source);
  DRIFTDB_CHECK_OR_RETURN(name != live_names_.end(), "file \"{}\" is unknown", from);
  const auto replaced = live_names_.find(target);
  if (replaced != live_names_.end()) GiveBudget(replaced->second->live_size);
  pending_names_.push_back({operations_, source, target, name->second});
  ApplyName(pending_names_.back(), &live_names_);
  return OkStatus();
}

Result<bool> FaultVfs::Exists(const std::string& path) {
  MutexLock guard(&mutex_);
  DRIFTDB_RETURN_IF_ERROR(Alive("stat file", path));
  return base_->Exists(path);
}

Result<bool> FaultVfs::IsDirectory(const std::string& path) {
  MutexLock guard(&mutex_);
  DRIFTDB_RETURN_IF_ERROR(Alive("stat file", path));
  return base_->IsDirectory(path);
}

Result<std::vector<std::string>> FaultVfs::List(const std::string& directory) {
  MutexLock guard(&mutex_);
  DRIFTDB_RETURN_IF_ERROR(Alive("open directory", directory));
  return base_->List(directory);
}

Status FaultVfs::MakeDirectory(const std::string& path) {
  const std::string normal = FaultNormalPath(path);
  MutexLock guard(&mutex_);
  DRIFTDB_RETURN_IF_ERROR(Begin(kFaultCreate, normal, 0, 0).status());
  DRIFTDB_RETURN_IF_ERROR(base_->MakeDirectory(path));
  NodePtr node = std::make_shared<Node>();
  node->directory = true;
  live_names_[normal] = node;
  pending_names_.push_back({operations_, std::string(), normal, std::move(node)});
  return OkStatus();
}

Status FaultVfs::SyncDirectory(const std::string& directory) {
  const std::string normal = FaultNormalPath(directory);
  MutexLock guard(&mutex_);
  DRIFTDB_ASSIGN_OR_RETURN(const Verdict verdict, Begin(kFaultSync, normal, 0, 0));
  if (verdict == Verdict::kLie) return OkStatus();
  DRIFTDB_RETURN_IF_ERROR(base_->SyncDirectory(directory));
  std::vector<PendingName> left;
  for (PendingName& change : pending_names_) {
    const bool here = (!change.from.empty() && FaultParentPath(change.from) == normal) ||
                      (!change.to.empty() && FaultParentPath(change.to) == normal);
    if (here) {
      ApplyName(change, &durable_names_);
    } else {
      left.push_back(std::move(change));
    }
  }
  pending_names_ = std::move(left);
  return OkStatus();
}

void FaultVfs::ApplyWrite(const PendingWrite& write, std::string* contents) {
  if (write.truncate) {
    contents->resize(write.offset);
    return;
  }
  if (contents->size() < write.offset + write.bytes.size()) {
    contents->resize(write.offset + write.bytes.size());
  }
  contents->replace(write.offset, write.bytes.size(), write.bytes);
}

void FaultVfs::ApplyName(const PendingName& change, NameMap* names) {
  if (!change.from.empty()) {
    const auto name = names->find(change.from);
    // The name may already belong to a later file, when an earlier change was lost in a crash.
    if (name != names->end() && name->second == change.node) names->erase(name);
  }
  if (change.to.empty()) return;
  (*names)[change.to] = change.node;
  if (!change.node->directory || change.from.empty()) return;
  const std::string prefix = change.from + "/";
  NameMap moved;
  for (auto name = names->lower_bound(prefix);
       name != names->end() && name->first.starts_with(prefix);) {
    moved[change.to + name->first.substr(change.from.size())] = name->second;
    name = names->erase(name);
  }
  names->merge(moved);
}

// Adds to `contents` what the model keeps of the node's pending writes; `cutoff` is the last
// operation kept of the ordered models.
void FaultVfs::KeepSome(const Node& node, CrashModel model, uint64_t cutoff, Rng* rng,
                        std::string* contents) {
  for (const PendingWrite& write : node.pending) {
    const bool whole =
        model == CrashModel::kAll || (model != CrashModel::kRandomSectors && write.number < cutoff);
    if (whole) {
      ApplyWrite(write, contents);
      continue;
    }
    if (model != CrashModel::kRandomSectors && write.number != cutoff) continue;
    if (write.truncate || write.bytes.empty()) {
      if (rng->Below(2) == 0) ApplyWrite(write, contents);
      continue;
    }
    const uint64_t size = write.bytes.size();
    const uint64_t sectors = (size + kFaultSectorBytes - 1) / kFaultSectorBytes;
    const uint64_t kept = rng->Below(sectors + 1);
    for (uint64_t sector = 0; sector < sectors; ++sector) {
      const uint64_t begin = sector * kFaultSectorBytes;
      uint64_t length = std::min(kFaultSectorBytes, size - begin);
      if (model == CrashModel::kRandomSectors) {
        if (rng->Below(2) == 0) continue;
      } else if (sector >= kept) {
        if (model != CrashModel::kTornSector || sector != kept) break;
        length = rng->Below(length);
      }
      ApplyWrite(
          {write.number, false, write.offset + begin, write.bytes.substr(begin, length), false},
          contents);
    }
    // A file's new size may become durable before its bytes: they then read as zeros.
    if (contents->size() < write.offset + size && rng->Below(2) == 0) {
      contents->resize(write.offset + size);
    }
  }
}

Result<std::unique_ptr<Vfs>> FaultVfs::Crash(CrashModel model, uint64_t seed) {
  MutexLock guard(&mutex_);
  Rng rng(seed);
  std::vector<uint64_t> numbers;
  for (const auto& [path, node] : live_names_) {
    for (const PendingWrite& write : node->pending) numbers.push_back(write.number);
  }
  for (const PendingName& change : pending_names_) numbers.push_back(change.number);
  std::sort(numbers.begin(), numbers.end());
  const uint64_t cutoff =
      numbers.empty() || model == CrashModel::kNone ? 0 : numbers[rng.Below(numbers.size())];
  NameMap names = durable_names_;
  for (const PendingName& change : pending_names_) {
    const bool kept =
        model == CrashModel::kAll ||
        (model == CrashModel::kRandomSectors ? rng.Below(2) == 0 : change.number <= cutoff);
    if (kept) ApplyName(change, &names);
  }
  std::unique_ptr<Vfs> image = MakeMemoryVfs();
  for (const auto& [path, node] : names) {
    if (path == "/") continue;
    const std::string parent = FaultParentPath(path);
    DRIFTDB_ASSIGN_OR_RETURN(const bool reachable, image->IsDirectory(parent));
    // With a root below "/", the directories above it were never part of the experiment.
    const bool above = !reachable && names.count(parent) == 0 && path == names.begin()->first;
    if (above) {
      for (size_t slash = path.find('/', 1); slash != std::string::npos;
           slash = path.find('/', slash + 1)) {
        DRIFTDB_RETURN_IF_ERROR(image->MakeDirectory(path.substr(0, slash)));
      }
    } else if (!reachable) {
      continue;
    }
    if (node->directory) {
      DRIFTDB_RETURN_IF_ERROR(image->MakeDirectory(path));
      continue;
    }
    std::string contents = node->durable;
    KeepSome(*node, model, cutoff, &rng, &contents);
    OpenOptions options;
    options.mode = OpenMode::kCreateExclusive;
    DRIFTDB_ASSIGN_OR_RETURN(const std::unique_ptr<File> file, image->Open(path, options));
    DRIFTDB_RETURN_IF_ERROR(file->WriteAt(0, contents.data(), contents.size()));
  }
  return image;
}

}  // namespace driftdb::platform
