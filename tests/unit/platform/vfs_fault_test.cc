#include "platform/vfs_fault.h"

#include <set>
#include <string>

#include <catch2/catch.hpp>

namespace driftdb::platform {
namespace {

struct FaultBed {
  FaultBed() : memory(MakeMemoryVfs()), vfs(std::move(FaultVfs::Make(memory.get()).value())) {}
  std::unique_ptr<File> Open(const std::string& path, OpenMode mode = OpenMode::kCreate) {
    OpenOptions options;
    options.mode = mode;
    Result<std::unique_ptr<File>> file = vfs->Open(path, options);
    REQUIRE(file.ok());
    return std::move(file).value();
  }
  // A file of `size` bytes 'o', durable with its name.
  std::unique_ptr<File> Durable(const std::string& path, size_t size) {
    std::unique_ptr<File> file = Open(path);
    const std::string text(size, 'o');
    REQUIRE(file->WriteAt(0, text.data(), text.size()).ok());
    REQUIRE(file->Sync().ok());
    REQUIRE(vfs->SyncDirectory("/").ok());
    return file;
  }
  std::string AfterCrash(const std::string& path, CrashModel model, uint64_t seed = 1) {
    Result<std::unique_ptr<Vfs>> image = vfs->Crash(model, seed);
    REQUIRE(image.ok());
    OpenOptions options;
    Result<std::unique_ptr<File>> file = (*image)->Open(path, options);
    if (!file.ok()) return "(missing)";
    std::string text(*(*file)->Size(), '\0');
    REQUIRE((*file)->ReadExactlyAt(0, text.data(), text.size()).ok());
    return text;
  }
  std::unique_ptr<Vfs> memory;
  std::unique_ptr<FaultVfs> vfs;
};

TEST_CASE("fault vfs: what is not synced is lost or kept as the model says", "[platform]") {
  FaultBed bed;
  const std::unique_ptr<File> file = bed.Durable("/f", 2048);
  const std::string fresh(2048, 'n'), old(2048, 'o');
  REQUIRE(file->WriteAt(0, fresh.data(), fresh.size()).ok());
  CHECK(bed.AfterCrash("/f", CrashModel::kNone) == old);
  CHECK(bed.AfterCrash("/f", CrashModel::kAll) == fresh);
  std::set<std::string> prefixes, randoms, torn;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    prefixes.insert(bed.AfterCrash("/f", CrashModel::kPrefix, seed));
    randoms.insert(bed.AfterCrash("/f", CrashModel::kRandomSectors, seed));
    torn.insert(bed.AfterCrash("/f", CrashModel::kTornSector, seed));
  }
  CHECK(prefixes.size() == 5);
  CHECK(randoms.size() == 16);
  bool inside = false;
  for (const std::string& text : torn) {
    const size_t edge = text.find('o') == std::string::npos ? text.size() : text.find('o');
    CHECK(text.find('n', edge) == std::string::npos);
    inside |= edge % 512 != 0;
  }
  CHECK(inside);
  REQUIRE(file->Sync().ok());
  CHECK(bed.AfterCrash("/f", CrashModel::kNone) == fresh);
}

TEST_CASE("fault vfs: a name is durable only after its directory is synced", "[platform]") {
  FaultBed bed;
  const std::unique_ptr<File> file = bed.Open("/f");
  REQUIRE(file->WriteAt(0, "x", 1).ok());
  REQUIRE(file->Sync().ok());
  CHECK(bed.AfterCrash("/f", CrashModel::kNone) == "(missing)");
  CHECK(bed.AfterCrash("/f", CrashModel::kAll) == "x");
  REQUIRE(bed.vfs->SyncDirectory("/").ok());
  CHECK(bed.AfterCrash("/f", CrashModel::kNone) == "x");
  REQUIRE(bed.vfs->Rename("/f", "/g").ok());
  CHECK(bed.AfterCrash("/f", CrashModel::kNone) == "x");
  CHECK(bed.AfterCrash("/g", CrashModel::kNone) == "(missing)");
  REQUIRE(bed.vfs->SyncDirectory("/").ok());
  CHECK(bed.AfterCrash("/g", CrashModel::kNone) == "x");
  REQUIRE(bed.vfs->Delete("/g").ok());
  CHECK(bed.AfterCrash("/g", CrashModel::kNone) == "x");
  CHECK(bed.AfterCrash("/g", CrashModel::kAll) == "(missing)");
}

TEST_CASE("fault vfs: after operation k everything fails, and the image is that of operation k",
          "[platform]") {
  FaultBed bed;
  const std::unique_ptr<File> file = bed.Durable("/f", 4);
  const uint64_t base = bed.vfs->operations();
  bed.vfs->CrashAfter(base + 1);
  REQUIRE(file->WriteAt(0, "a", 1).ok());
  CHECK_FALSE(bed.vfs->crashed());
  CHECK(file->WriteAt(1, "b", 1).sqlstate() == sqlstate::kIoError);
  CHECK(bed.vfs->crashed());
  CHECK_FALSE(file->Sync().ok());
  char byte;
  CHECK_FALSE(file->ReadAt(0, &byte, 1).ok());
  CHECK_FALSE(bed.vfs->Exists("/f").ok());
  CHECK(bed.vfs->operations() == base + 1);
  CHECK(bed.vfs->Describe(base + 1) == "write file /f 0+1");
  CHECK(bed.AfterCrash("/f", CrashModel::kAll) == "aooo");
  CHECK(bed.AfterCrash("/f", CrashModel::kNone) == "oooo");
}

TEST_CASE("fault vfs: injected faults hit the operation, path and count asked for", "[platform]") {
  FaultBed bed;
  const std::unique_ptr<File> file = bed.Durable("/data", 16384);
  const std::unique_ptr<File> other = bed.Durable("/other", 4);
  char text[4];
  SECTION("one EIO by path") {
    bed.vfs->AddFault({Fault::Kind::kIoError, kFaultWrite, 0, false, "data"});
    CHECK(other->WriteAt(0, "b", 1).ok());
    CHECK(file->WriteAt(0, "b", 1).sqlstate() == sqlstate::kIoError);
    CHECK(file->WriteAt(0, "b", 1).ok());
  }
  SECTION("EIO for ever from an operation on") {
    bed.vfs->AddFault({Fault::Kind::kIoError, kFaultSync, bed.vfs->operations() + 2, true, ""});
    CHECK(file->Sync().ok());
    CHECK_FALSE(file->Sync().ok());
    CHECK_FALSE(file->Sync().ok());
    CHECK(file->WriteAt(0, "b", 1).ok());
  }
  SECTION("a failed sync loses the writes for good") {
    REQUIRE(file->WriteAt(0, "n", 1).ok());
    bed.vfs->AddFault({Fault::Kind::kIoError, kFaultSync, 0, false, ""});
    CHECK_FALSE(file->Sync().ok());
    CHECK(file->Sync().ok());
    CHECK(bed.AfterCrash("/data", CrashModel::kNone)[0] == 'o');
  }
  SECTION("disk full by operation and by budget") {
    bed.vfs->AddFault({Fault::Kind::kDiskFull, kFaultWrite, 0, false, ""});
    CHECK(file->WriteAt(0, "b", 1).sqlstate() == sqlstate::kDiskFull);
    bed.vfs->SetByteBudget(10);
    CHECK(other->WriteAt(0, "12345678901234", 14).ok());
    CHECK(other->WriteAt(14, "1", 1).sqlstate() == sqlstate::kDiskFull);
    CHECK(other->WriteAt(0, "1", 1).ok());
    REQUIRE(other->Truncate(4).ok());
    CHECK(other->WriteAt(4, "1", 1).ok());
  }
  SECTION("short write") {
    bed.vfs->AddFault({Fault::Kind::kShortWrite, kFaultWrite, 0, false, ""});
    CHECK_FALSE(other->WriteAt(0, "nnnn", 4).ok());
    CHECK(*other->ReadAt(0, text, 4) == 4);
    CHECK(std::string(text, 4) == "nnoo");
  }
  SECTION("bit flips on read, write and at rest") {
    bed.vfs->AddFault({Fault::Kind::kBitFlip, kFaultRead, 0, false, ""});
    CHECK(*other->ReadAt(0, text, 4) == 4);
    CHECK(std::string(text, 4) != "oooo");
    CHECK(*other->ReadAt(0, text, 4) == 4);
    CHECK(std::string(text, 4) == "oooo");
    REQUIRE(bed.vfs->FlipBit("/other", 8).ok());
    CHECK(*other->ReadAt(0, text, 4) == 4);
    CHECK(std::string(text, 4) == "onoo");
    CHECK(bed.AfterCrash("/other", CrashModel::kNone) == "onoo");
  }
  SECTION("misdirected, lost and stale") {
    bed.vfs->AddFault({Fault::Kind::kMisdirectedWrite, kFaultWrite, 0, false, "data"});
    CHECK(file->WriteAt(0, "M", 1).ok());
    CHECK(*file->ReadAt(4096, text, 1) == 1);
    CHECK(text[0] == 'M');
    bed.vfs->AddFault({Fault::Kind::kLostWrite, kFaultWrite, 0, false, ""});
    CHECK(other->WriteAt(0, "L", 1).ok());
    CHECK(*other->ReadAt(0, text, 1) == 1);
    CHECK(text[0] == 'o');
    REQUIRE(other->WriteAt(1, "NN", 2).ok());
    REQUIRE(other->Sync().ok());
    bed.vfs->AddFault({Fault::Kind::kStaleRead, kFaultRead, 0, false, ""});
    CHECK(*other->ReadAt(0, text, 4) == 4);
    CHECK(std::string(text, 4) == "oooo");
    CHECK(*other->ReadAt(0, text, 4) == 4);
    CHECK(std::string(text, 4) == "oNNo");
  }
  SECTION("lying sync") {
    REQUIRE(other->WriteAt(0, "n", 1).ok());
    bed.vfs->AddFault({Fault::Kind::kLyingSync, kFaultSync, 0, false, ""});
    CHECK(other->Sync().ok());
    CHECK(bed.AfterCrash("/other", CrashModel::kNone) == "oooo");
  }
}

}  // namespace
}  // namespace driftdb::platform
