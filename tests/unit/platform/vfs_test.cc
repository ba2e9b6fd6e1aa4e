// One body of claims over every Vfs: POSIX in a fresh directory, memory, and fault injection over
// memory.
// Covers: lib/platform/vfs_posix.cc lib/platform/vfs_memory.cc
#include "platform/vfs.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "platform/thread.h"
#include "platform/vfs_fault.h"

namespace driftdb::platform {
namespace {

class VfsTestBed {
 public:
  explicit VfsTestBed(int kind) {
    if (kind == 0) {
      std::string pattern = "vfs-test-XXXXXX";
      REQUIRE(::mkdtemp(pattern.data()) != nullptr);
      root_ = pattern;
      vfs_ = PosixVfs();
      posix_ = true;
    } else {
      memory_ = MakeMemoryVfs();
      REQUIRE(memory_->MakeDirectory("/root").ok());
      root_ = "/root";
      vfs_ = memory_.get();
      if (kind == 2) {
        fault_ = std::move(FaultVfs::Make(memory_.get()).value());
        vfs_ = fault_.get();
      }
    }
  }
  ~VfsTestBed() {
    if (posix_) DeleteTree(root_);
  }
  Vfs* vfs() { return vfs_; }
  bool posix() const { return posix_; }
  std::string Path(const std::string& name) const { return root_ + "/" + name; }
  const std::string& root() const { return root_; }
  std::unique_ptr<File> Open(const std::string& name, OpenMode mode, bool direct = false) {
    OpenOptions options;
    options.mode = mode;
    options.direct = direct;
    Result<std::unique_ptr<File>> file = vfs_->Open(Path(name), options);
    INFO(file.status().ToString());
    REQUIRE(file.ok());
    return std::move(file).value();
  }
  SqlState OpenError(const std::string& name, OpenMode mode) {
    OpenOptions options;
    options.mode = mode;
    return vfs_->Open(Path(name), options).status().sqlstate();
  }

 private:
  void DeleteTree(const std::string& path) {
    if (*vfs_->IsDirectory(path)) {
      const std::vector<std::string> names = vfs_->List(path).value();
      for (const std::string& name : names) DeleteTree(path + "/" + name);
    }
    CHECK(vfs_->Delete(path).ok());
  }

  bool posix_ = false;
  std::string root_;
  std::unique_ptr<Vfs> memory_;
  std::unique_ptr<FaultVfs> fault_;
  Vfs* vfs_ = nullptr;
};

std::string ReadAll(File* file) {
  std::string text(*file->Size(), '\0');
  REQUIRE(*file->ReadAt(0, text.data(), text.size()) == text.size());
  return text;
}

TEST_CASE("vfs: bytes are read as written, holes as zeros, the end as a short read", "[platform]") {
  VfsTestBed bed(GENERATE(0, 1, 2));
  const std::unique_ptr<File> file = bed.Open("a", OpenMode::kCreate);
  REQUIRE(file->WriteAt(0, "hello", 5).ok());
  REQUIRE(file->WriteAt(100000, "x", 1).ok());
  CHECK(*file->Size() == 100001);
  char buffer[16] = {};
  CHECK(*file->ReadAt(0, buffer, 8) == 8);
  CHECK(std::string(buffer, 8) == std::string("hello\0\0\0", 8));
  CHECK(*file->ReadAt(99999, buffer, 16) == 2);
  CHECK(std::string(buffer, 2) == std::string("\0x", 2));
  CHECK(*file->ReadAt(100001, buffer, 16) == 0);
  CHECK(*file->ReadAt(200000, buffer, 16) == 0);
  CHECK(file->ReadExactlyAt(99999, buffer, 3).sqlstate() == sqlstate::kDataCorrupted);
  CHECK(file->Sync().ok());
}

TEST_CASE("vfs: a file cut short and grown again reads zeros past the cut", "[platform]") {
  VfsTestBed bed(GENERATE(0, 1, 2));
  const std::unique_ptr<File> file = bed.Open("a", OpenMode::kCreate);
  const std::string text(70000, 'z');
  REQUIRE(file->WriteAt(0, text.data(), text.size()).ok());
  REQUIRE(file->Truncate(40000).ok());
  REQUIRE(file->Truncate(70000).ok());
  const std::string got = ReadAll(file.get());
  CHECK(got.substr(0, 40000) == std::string(40000, 'z'));
  CHECK(got.substr(40000) == std::string(30000, '\0'));
}

TEST_CASE("vfs: open modes create, keep, empty or refuse as named", "[platform]") {
  VfsTestBed bed(GENERATE(0, 1, 2));
  CHECK(bed.OpenError("a", OpenMode::kReadOnly) == sqlstate::kUndefinedFile);
  CHECK(bed.OpenError("a", OpenMode::kReadWrite) == sqlstate::kUndefinedFile);
  CHECK(bed.OpenError("none/a", OpenMode::kCreate) == sqlstate::kUndefinedFile);
  REQUIRE(bed.Open("a", OpenMode::kCreateExclusive)->WriteAt(0, "abc", 3).ok());
  CHECK(bed.OpenError("a", OpenMode::kCreateExclusive) == sqlstate::kDuplicateFile);
  CHECK(ReadAll(bed.Open("a", OpenMode::kCreate).get()) == "abc");
  CHECK_FALSE(bed.Open("a", OpenMode::kReadOnly)->WriteAt(0, "x", 1).ok());
  CHECK_FALSE(bed.Open("a", OpenMode::kReadOnly)->Truncate(0).ok());
  CHECK(ReadAll(bed.Open("a", OpenMode::kReadWrite).get()) == "abc");
  CHECK(*bed.Open("a", OpenMode::kTruncate)->Size() == 0);
}

TEST_CASE("vfs: directories list, nest, rename with their contents and refuse deletion when full",
          "[platform]") {
  VfsTestBed bed(GENERATE(0, 1, 2));
  Vfs* vfs = bed.vfs();
  REQUIRE(vfs->MakeDirectory(bed.Path("d")).ok());
  CHECK(vfs->MakeDirectory(bed.Path("d")).sqlstate() == sqlstate::kDuplicateFile);
  CHECK(vfs->MakeDirectory(bed.Path("x/y")).sqlstate() == sqlstate::kUndefinedFile);
  REQUIRE(bed.Open("d/b", OpenMode::kCreate)->WriteAt(0, "1", 1).ok());
  bed.Open("d/a", OpenMode::kCreate);
  REQUIRE(vfs->MakeDirectory(bed.Path("d/c")).ok());
  bed.Open("d/c/deep", OpenMode::kCreate);
  CHECK(*vfs->List(bed.Path("d")) == std::vector<std::string>{"a", "b", "c"});
  CHECK(*vfs->IsDirectory(bed.Path("d")));
  CHECK_FALSE(*vfs->IsDirectory(bed.Path("d/a")));
  CHECK_FALSE(*vfs->IsDirectory(bed.Path("none")));
  CHECK(bed.OpenError("d", OpenMode::kReadOnly) == sqlstate::kIoError);
  CHECK_FALSE(vfs->Delete(bed.Path("d")).ok());
  REQUIRE(vfs->Rename(bed.Path("d"), bed.Path("e")).ok());
  CHECK_FALSE(*vfs->Exists(bed.Path("d/a")));
  CHECK(ReadAll(bed.Open("e/b", OpenMode::kReadOnly).get()) == "1");
  CHECK(*vfs->Exists(bed.Path("e/c/deep")));
  CHECK(vfs->SyncDirectory(bed.Path("e")).ok());
  CHECK(vfs->List(bed.Path("d")).status().sqlstate() == sqlstate::kUndefinedFile);
  CHECK(vfs->Delete(bed.Path("d")).sqlstate() == sqlstate::kUndefinedFile);
}

TEST_CASE("vfs: a rename replaces its target, an open file outlives its name", "[platform]") {
  VfsTestBed bed(GENERATE(0, 1, 2));
  Vfs* vfs = bed.vfs();
  const std::unique_ptr<File> first = bed.Open("one", OpenMode::kCreate);
  REQUIRE(first->WriteAt(0, "first", 5).ok());
  const std::unique_ptr<File> second = bed.Open("two", OpenMode::kCreate);
  REQUIRE(second->WriteAt(0, "second", 6).ok());
  REQUIRE(vfs->Rename(bed.Path("one"), bed.Path("two")).ok());
  CHECK(ReadAll(bed.Open("two", OpenMode::kReadOnly).get()) == "first");
  CHECK(ReadAll(second.get()) == "second");
  REQUIRE(vfs->Delete(bed.Path("two")).ok());
  CHECK(ReadAll(first.get()) == "first");
  CHECK(vfs->Rename(bed.Path("one"), bed.Path("two")).sqlstate() == sqlstate::kUndefinedFile);
}

TEST_CASE("vfs: a temporary file has no name", "[platform]") {
  VfsTestBed bed(GENERATE(0, 1, 2));
  std::unique_ptr<File> file = std::move(bed.vfs()->OpenTemporary(bed.root()).value());
  REQUIRE(file->WriteAt(0, "spill", 5).ok());
  CHECK(ReadAll(file.get()) == "spill");
  CHECK(bed.vfs()->List(bed.root())->empty());
  CHECK_FALSE(bed.vfs()->OpenTemporary(bed.Path("none")).ok());
}

TEST_CASE("vfs: a second opener gets 55006 naming the holder's pid (C1)", "[platform][C1]") {
  VfsTestBed bed(GENERATE(0, 1, 2));
  const std::string pid = std::to_string(ProcessId());
  CHECK(bed.vfs()->LockHolder(bed.Path("lock"))->empty());
  Result<std::unique_ptr<FileLock>> lock = bed.vfs()->Lock(bed.Path("lock"));
  REQUIRE(lock.ok());
  CHECK(*bed.vfs()->LockHolder(bed.Path("lock")) == pid);
  const Status refused = bed.vfs()->Lock(bed.Path("lock")).status();
  CHECK(refused.sqlstate() == sqlstate::kObjectInUse);
  CHECK(std::string(refused.message()).find(pid) != std::string::npos);
  lock->reset();
  CHECK(bed.vfs()->LockHolder(bed.Path("lock"))->empty());
  CHECK(bed.vfs()->Lock(bed.Path("lock")).ok());
}

TEST_CASE("vfs posix: another process cannot take the lock and names the holder (C1)",
          "[platform][C1]") {
  VfsTestBed bed(0);
  Result<std::unique_ptr<FileLock>> lock = bed.vfs()->Lock(bed.Path("lock"));
  REQUIRE(lock.ok());
  // A forked child shares the open file description and the registry; only a fresh program has
  // neither, so the child execs a shell-free probe: flock(1) is of another lock family, hence
  // python.
  const pid_t child = ::fork();
  if (child == 0) {
    const std::string script =
        "import fcntl,struct,sys\n"
        "f=open(sys.argv[1],'r+')\n"
        "try:\n  fcntl.fcntl(f,37,struct.pack('hhqqi',fcntl.F_WRLCK,0,0,0,0)); sys.exit(1)\n"
        "except OSError: pass\n"
        "sys.exit(0 if f.read().strip()==sys.argv[2] else 2)\n";
    const std::string path = bed.Path("lock"), pid = std::to_string(::getppid());
    ::execlp("python3", "python3", "-c", script.c_str(), path.c_str(), pid.c_str(), nullptr);
    ::_exit(77);
  }
  int outcome = 0;
  REQUIRE(::waitpid(child, &outcome, 0) == child);
  REQUIRE(WIFEXITED(outcome));
  if (WEXITSTATUS(outcome) == 77) WARN("no python3: lock across processes not tried");
  CHECK((WEXITSTATUS(outcome) == 0 || WEXITSTATUS(outcome) == 77));
}

TEST_CASE("vfs: direct files read back aligned blocks, or fall back to buffered", "[platform]") {
  VfsTestBed bed(GENERATE(0, 1, 2));
  const std::unique_ptr<File> file = bed.Open("direct", OpenMode::kCreate, true);
  alignas(4096) static char block[8192];
  REQUIRE(4096 % file->direct_alignment() == 0);
  for (size_t i = 0; i < sizeof(block); ++i) block[i] = static_cast<char>(i % 251);
  REQUIRE(file->WriteAt(0, block, sizeof(block)).ok());
  REQUIRE(file->Truncate(5000).ok());
  alignas(4096) static char got[8192];
  CHECK(*file->ReadAt(0, got, sizeof(got)) == 5000);
  CHECK(std::string(got, 5000) == std::string(block, 5000));
}

TEST_CASE("vfs: threads write disjoint ranges of one file", "[platform]") {
  VfsTestBed bed(GENERATE(0, 1, 2));
  const std::unique_ptr<File> file = bed.Open("shared", OpenMode::kCreate);
  std::vector<Thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.push_back(std::move(Thread::Start("writer", [t, &file] {
                                  const std::string text(3000, static_cast<char>('a' + t));
                                  for (int i = 0; i < 50; ++i) {
                                    const uint64_t at = static_cast<uint64_t>(i * 4 + t) * 3000;
                                    if (!file->WriteAt(at, text.data(), text.size()).ok()) return;
                                  }
                                }).value()));
  }
  threads.clear();
  const std::string got = ReadAll(file.get());
  REQUIRE(got.size() == 600000);
  for (size_t i = 0; i < got.size(); ++i) {
    if (got[i] != static_cast<char>('a' + i / 3000 % 4)) FAIL("byte " << i);
  }
}

}  // namespace
}  // namespace driftdb::platform
