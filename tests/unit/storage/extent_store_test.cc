// Goal: extents survive reopening and crashes, damage is found, freed space is reused only when
// nothing can name it, and the file stays usable under faults. Method: the in-memory and the fault
// file system.
// Covers: lib/storage/page/buffer_pool.cc
// Covers: lib/storage/page/file_extent_store.cc
// Covers: lib/storage/page/main_file.cc
// Covers: lib/storage/page/page_codec.cc
#include <memory>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "platform/rng.h"
#include "platform/thread.h"
#include "platform/vfs_fault.h"
#include "storage/page/file_extent_store.h"

namespace driftdb::storage {

namespace {

constexpr Hash128 kStoreTestUuid{0x1122334455667788, 0x99aabbccddeeff00};
constexpr char kStoreTestPath[] = "/main.drift";

std::string StoreTestBytes(size_t size, uint64_t seed) {
  platform::Rng rng(seed);
  std::string bytes(size, '\0');
  for (char& c : bytes) c = static_cast<char>(rng.Next() >> 56);
  return bytes;
}

struct StoreFixture {
  explicit StoreFixture(platform::Vfs* file_system, size_t limit = 256 << 20)
      : vfs(file_system), memory(limit) {}
  ExtentStoreOptions Options(bool read_only = false) {
    ExtentStoreOptions options;
    options.vfs = vfs;
    options.path = kStoreTestPath;
    options.memory = &memory;
    options.read_only = read_only;
    return options;
  }
  Status Create() {
    auto made = FileExtentStore::Create(Options(), kStoreTestUuid);
    if (made.ok()) store = std::move(*made);
    return std::move(made).status();
  }
  Status Open(bool read_only = false) {
    store.reset();
    auto opened = FileExtentStore::Open(Options(read_only));
    if (!opened.ok()) return std::move(opened).status();
    store = std::move(*opened);
    return OkStatus();
  }
  Status Checkpoint(std::string_view root, const std::vector<ExtentRef>& named, uint64_t seq) {
    store->BeginCheckpoint();
    for (const ExtentRef& extent : named) store->MarkReferenced(extent);
    auto blob = store->Write(root, kDataBlockBytes);
    Status status = blob.ok() ? OkStatus() : blob.status();
    if (status.ok()) {
      CheckpointRecord record;
      record.root = *blob;
      record.snapshot = CommitSeq(seq);
      status = store->CommitCheckpoint(record);
    }
    if (!status.ok()) store->AbandonCheckpoint();
    return status;
  }
  platform::Vfs* vfs;
  MemoryAccountant memory;
  std::unique_ptr<FileExtentStore> store;
};

uint64_t StoreFileBytes(platform::Vfs* vfs) {
  auto file = vfs->Open(kStoreTestPath, {});
  REQUIRE(file.ok());
  return *(*file)->Size();
}

}  // namespace

TEST_CASE("extent store: payloads of all sizes come back, whole and by block", "[storage][page]") {
  auto vfs = platform::MakeMemoryVfs();
  StoreFixture f(vfs.get());
  REQUIRE(f.Create().ok());
  std::vector<ExtentRef> extents;
  std::vector<std::string> payloads;
  uint64_t seed = 1;
  for (const size_t size :
       {1u, 7u, 4047u, 4048u, 4049u, 8192u, 32768u, 32769u, 100'000u, 300'001u, 2'097'152u}) {
    payloads.push_back(StoreTestBytes(size, ++seed));
    auto extent =
        f.store->Write(payloads.back(), size < 50'000 ? kIndexBlockBytes : kDataBlockBytes);
    REQUIRE(extent.ok());
    extents.push_back(*extent);
  }
  REQUIRE(f.Checkpoint("root", extents, 7).ok());
  for (const bool read_only : {false, true}) {
    REQUIRE(f.Open(read_only).ok());
    CHECK(f.store->superblock().checkpoint.snapshot == CommitSeq(7));
    for (size_t i = 0; i < extents.size(); ++i) {
      auto whole = f.store->Pin(extents[i]);
      REQUIRE(whole.ok());
      CHECK(whole->view() == payloads[i]);
      CHECK(HashBytes128(whole->data(), whole->size()) == extents[i].digest);
      std::string joined;
      for (uint32_t b = 0; uint64_t{b} * extents[i].block_bytes < payloads[i].size(); ++b) {
        auto block = f.store->PinBlock(extents[i], b);
        REQUIRE(block.ok());
        joined += block->view();
      }
      CHECK(joined == payloads[i]);
      CHECK_FALSE(f.store->PinBlock(extents[i], 1000).ok());
    }
  }
  CHECK(f.store->Write("x", kDataBlockBytes).status().sqlstate() == sqlstate::kReadOnlyTransaction);
}

TEST_CASE("extent store: an empty database file is small", "[storage][page][C2]") {
  auto vfs = platform::MakeMemoryVfs();
  StoreFixture f(vfs.get());
  REQUIRE(f.Create().ok());
  CHECK(StoreFileBytes(vfs.get()) <= 256 * 1024);
  REQUIRE(f.Checkpoint("root", {}, 1).ok());
  CHECK(StoreFileBytes(vfs.get()) <= 256 * 1024);
  CHECK(f.Create().sqlstate() == sqlstate::kDuplicateFile);
}

TEST_CASE("extent store: every flipped bit of an extent is found or changes nothing",
          "[storage][page][C20]") {
  auto base = platform::MakeMemoryVfs();
  StoreFixture f(base.get());
  REQUIRE(f.Create().ok());
  const std::string payload = StoreTestBytes(9000, 5);
  auto extent = f.store->Write(payload, kIndexBlockBytes);
  REQUIRE(extent.ok());
  REQUIRE(f.store->Sync().ok());
  REQUIRE(f.Checkpoint("root", {*extent}, 1).ok());
  auto file = base->Open(kStoreTestPath, {platform::OpenMode::kReadWrite, false});
  REQUIRE(file.ok());
  const uint64_t start = extent->granule * kGranuleBytes;
  int found = 0;
  for (uint64_t at = start; at < start + 3 * kGranuleBytes; at += 3) {
    char byte;
    REQUIRE((*file)->ReadExactlyAt(at, &byte, 1).ok());
    const char bad = static_cast<char>(byte ^ (1 << (at % 8)));
    REQUIRE((*file)->WriteAt(at, &bad, 1).ok());
    REQUIRE(f.Open().ok());
    for (int how = 0; how < 2; ++how) {
      std::string got;
      Status status;
      if (how == 0) {
        auto whole = f.store->Pin(*extent);
        status = whole.ok() ? OkStatus() : whole.status();
        if (whole.ok()) got = whole->view();
      } else {
        for (uint32_t b = 0; b < 2 && status.ok(); ++b) {
          auto block = f.store->PinBlock(*extent, b);
          status = block.ok() ? OkStatus() : block.status();
          if (block.ok()) got += block->view();
        }
      }
      if (status.ok()) {
        CHECK(got == payload);
      } else {
        CHECK(status.sqlstate() == sqlstate::kDataCorrupted);
        ++found;
      }
    }
    REQUIRE((*file)->WriteAt(at, &byte, 1).ok());
  }
  CHECK(found >= 2 * 3000);  // all of the payload
}

TEST_CASE("extent store: a stale or misdirected extent does not verify", "[storage][page]") {
  auto vfs = platform::MakeMemoryVfs();
  StoreFixture f(vfs.get());
  REQUIRE(f.Create().ok());
  auto a = f.store->Write("first contents", kDataBlockBytes);
  REQUIRE(a.ok());
  f.store->Release(*a, /*uncommitted=*/true);
  auto b = f.store->Write("other contents", kDataBlockBytes);
  REQUIRE(b.ok());
  REQUIRE(b->granule == a->granule);
  CHECK(f.store->Pin(*a).status().sqlstate() == sqlstate::kDataCorrupted);
  CHECK(f.store->Pin(*b).ok());
  ExtentRef elsewhere = *b;
  elsewhere.granule += 1;
  CHECK_FALSE(f.store->Pin(elsewhere).ok());
}

TEST_CASE("extent store: released granules are reused after the next superblock and the last pin",
          "[storage][page][MAP-2]") {
  auto vfs = platform::MakeMemoryVfs();
  StoreFixture f(vfs.get());
  REQUIRE(f.Create().ok());
  const std::string payload = StoreTestBytes(40'000, 3);
  auto a = f.store->Write(payload, kDataBlockBytes);
  REQUIRE(a.ok());
  REQUIRE(f.Checkpoint("one", {*a}, 1).ok());
  f.store->Release(*a, false);
  auto other = f.store->Write(payload, kDataBlockBytes);
  REQUIRE(other.ok());
  CHECK(other->granule != a->granule);
  {
    auto pin = f.store->Pin(*a);
    REQUIRE(pin.ok());
    REQUIRE(f.Checkpoint("two", {*other}, 2).ok());
    auto third = f.store->Write(payload, kDataBlockBytes);
    REQUIRE(third.ok());
    CHECK(third->granule != a->granule);
    f.store->Release(*third, true);
    CHECK(pin->view() == payload);
  }
  REQUIRE(f.Checkpoint("three", {*other}, 3).ok());
  std::vector<uint64_t> granules;
  for (int i = 0; i < 4; ++i) granules.push_back(f.store->Write(payload, kDataBlockBytes)->granule);
  CHECK(std::count(granules.begin(), granules.end(), a->granule) == 1);
}

TEST_CASE("extent store: steady checkpoints do not grow the file", "[storage][page]") {
  auto vfs = platform::MakeMemoryVfs();
  StoreFixture f(vfs.get());
  REQUIRE(f.Create().ok());
  ExtentRef live;
  uint64_t size_after_10 = 0;
  for (uint64_t i = 1; i <= 100; ++i) {
    auto next = f.store->Write(StoreTestBytes(500'000, i), kDataBlockBytes);
    REQUIRE(next.ok());
    if (!live.empty()) f.store->Release(live, false);
    live = *next;
    REQUIRE(f.Checkpoint(StoreTestBytes(5'000, i), {live}, i).ok());
    if (i == 10) size_after_10 = StoreFileBytes(vfs.get());
    if (i % 30 == 0) {
      REQUIRE(f.Open().ok());
      f.store->FinishRecovery();
    }
  }
  CHECK(StoreFileBytes(vfs.get()) <= size_after_10 + 600'000);
}

TEST_CASE("main file: damage of either superblock leaves the other, damage of both is named",
          "[storage][page][FILE-1]") {
  auto vfs = platform::MakeMemoryVfs();
  StoreFixture f(vfs.get());
  REQUIRE(f.Create().ok());
  REQUIRE(f.Checkpoint("one", {}, 1).ok());
  REQUIRE(f.Checkpoint("two", {}, 2).ok());
  f.store.reset();
  auto file = vfs->Open(kStoreTestPath, {platform::OpenMode::kReadWrite, false});
  REQUIRE(file.ok());
  for (size_t at = 0; at < 4096; at += 13) {
    for (const uint64_t slot : kSuperblockOffsets) {
      char byte;
      REQUIRE((*file)->ReadExactlyAt(slot + at, &byte, 1).ok());
      const char bad = static_cast<char>(byte ^ 0x10);
      REQUIRE((*file)->WriteAt(slot + at, &bad, 1).ok());
      auto opened = MainFile::Open(vfs.get(), kStoreTestPath, true);
      REQUIRE(opened.ok());
      const uint64_t snapshot = (*opened)->superblock().checkpoint.snapshot.value;
      CHECK(snapshot == (slot == 0 ? 1u : 2u));
      REQUIRE((*file)->WriteAt(slot + at, &byte, 1).ok());
    }
  }
  const char zeros[16] = {};
  REQUIRE((*file)->WriteAt(100, zeros, 16).ok());
  REQUIRE((*file)->WriteAt(65536 + 100, "0123456789", 10).ok());
  const Status status = f.Open();
  CHECK(status.sqlstate() == sqlstate::kDataCorrupted);
  CHECK(status.message().find("at byte 65536") != std::string_view::npos);
  REQUIRE((*file)->Truncate(1000).ok());
  CHECK(f.Open().sqlstate() == sqlstate::kDataCorrupted);
  REQUIRE(vfs->Delete(kStoreTestPath).ok());
  CHECK(f.Open().sqlstate() == sqlstate::kUndefinedFile);
  REQUIRE(vfs->MakeDirectory(kStoreTestPath).ok());
  CHECK(f.Open().sqlstate() == sqlstate::kDataCorrupted);
}

TEST_CASE("main file: a higher format version is refused by name", "[storage][page][FILE-3]") {
  auto vfs = platform::MakeMemoryVfs();
  StoreFixture f(vfs.get());
  REQUIRE(f.Create().ok());
  auto file = vfs->Open(kStoreTestPath, {platform::OpenMode::kReadWrite, false});
  REQUIRE(file.ok());
  char image[4096];
  REQUIRE((*file)->ReadExactlyAt(0, image, sizeof(image)).ok());
  image[8] = 9;
  const Hash128 checksum = HashBytes128(image, 4080);
  std::memcpy(image + 4080, &checksum, 16);
  REQUIRE((*file)->WriteAt(0, image, sizeof(image)).ok());
  const Status status = f.Open();
  CHECK(status.sqlstate() == sqlstate::kFeatureNotSupported);
  CHECK(status.message().find("version 9") != std::string_view::npos);
  CHECK(status.message().find("version 1") != std::string_view::npos);
}

TEST_CASE("extent store: a crash at any operation leaves the last or the next checkpoint",
          "[storage][page][FILE-2]") {
  const uint64_t seed = GENERATE(11, 12, 13);
  CAPTURE(seed);
  for (uint64_t crash_after = 1;; ++crash_after) {
    auto base = platform::MakeMemoryVfs();
    StoreFixture setup(base.get());
    REQUIRE(setup.Create().ok());
    const std::string one = StoreTestBytes(70'000, 1);
    const std::string two = StoreTestBytes(70'000, 2);
    auto extent = setup.store->Write(one, kDataBlockBytes);
    REQUIRE(extent.ok());
    REQUIRE(setup
                .Checkpoint(std::string(reinterpret_cast<const char*>(&*extent), sizeof(ExtentRef)),
                            {*extent}, 1)
                .ok());
    setup.store.reset();
    auto fault = platform::FaultVfs::Make(base.get());
    REQUIRE(fault.ok());
    bool finished = false;
    {
      StoreFixture f(fault->get());
      REQUIRE(f.Open().ok());
      (*fault)->CrashAfter(crash_after);
      f.store->FinishRecovery();
      for (uint64_t round = 2; round < 5; ++round) {
        auto next = f.store->Write(round % 2 == 0 ? two : one, kDataBlockBytes);
        if (!next.ok()) break;
        f.store->Release(*extent, false);
        *extent = *next;
        if (!f.Checkpoint(std::string(reinterpret_cast<const char*>(&*next), sizeof(ExtentRef)),
                          {*next}, round)
                 .ok())
          break;
        finished = round == 4;
      }
    }
    for (const platform::CrashModel model : platform::kCrashModels) {
      auto image = (*fault)->Crash(model, seed + crash_after);
      REQUIRE(image.ok());
      StoreFixture after(image->get());
      REQUIRE(after.Open().ok());
      const Superblock superblock = after.store->superblock();
      auto root = after.store->Pin(superblock.checkpoint.root);
      REQUIRE(root.ok());
      ExtentRef named;
      REQUIRE(root->size() == sizeof(named));
      std::memcpy(static_cast<void*>(&named), root->data(), sizeof(named));
      auto bytes = after.store->Pin(named);
      REQUIRE(bytes.ok());
      const bool even = superblock.checkpoint.snapshot.value % 2 == 0;
      CHECK(bytes->view() == (even ? two : one));
    }
    if (finished) break;
  }
}

TEST_CASE("extent store: a full disk fails bulk writes, not checkpoints", "[storage][page][C2]") {
  auto base = platform::MakeMemoryVfs();
  auto fault = platform::FaultVfs::Make(base.get());
  REQUIRE(fault.ok());
  StoreFixture f(fault->get());
  REQUIRE(f.Create().ok());
  auto live = f.store->Write(StoreTestBytes(200'000, 1), kDataBlockBytes);
  REQUIRE(live.ok());
  REQUIRE(f.Checkpoint(StoreTestBytes(20'000, 1), {*live}, 1).ok());
  (*fault)->SetByteBudget(0);
  CHECK(f.store->Write(StoreTestBytes(3'000'000, 2), kDataBlockBytes).status().sqlstate() ==
        sqlstate::kDiskFull);
  CHECK(f.store->poison().ok());
  CHECK(f.Checkpoint(StoreTestBytes(20'000, 2), {*live}, 2).ok());
  CHECK(f.store->superblock().checkpoint.snapshot == CommitSeq(2));
  (*fault)->ClearByteBudget();
  CHECK(f.store->Write(StoreTestBytes(3'000'000, 2), kDataBlockBytes).ok());
}

TEST_CASE("extent store: a checkpoint that failed leaves no granule in use",
          "[storage][page][CKPT-5]") {
  auto base = platform::MakeMemoryVfs();
  auto fault = platform::FaultVfs::Make(base.get());
  REQUIRE(fault.ok());
  StoreFixture f(fault->get());
  REQUIRE(f.Create().ok());
  const auto used = [&f] {
    const StoreStatistics statistics = f.store->statistics();
    return statistics.file_bytes - statistics.free_bytes - statistics.pending_bytes;
  };
  const std::string root = StoreTestBytes(20'000, 1);
  auto live = f.store->Write(StoreTestBytes(50'000, 1), kDataBlockBytes);
  REQUIRE(live.ok());
  REQUIRE(f.Checkpoint(root, {*live}, 1).ok());
  REQUIRE(f.Checkpoint(root, {*live}, 2).ok());
  const uint64_t before = used();
  // The root is written, the free map has no room, in the reserve neither.
  for (int i = 0; i < 5; ++i) {
    platform::Fault full;
    full.kind = platform::Fault::Kind::kDiskFull;
    full.at = (*fault)->operations() + 2;
    full.forever = true;
    (*fault)->AddFault(full);
    CHECK(f.Checkpoint(root, {*live}, 3).sqlstate() == sqlstate::kDiskFull);
    (*fault)->ClearFaults();
  }
  REQUIRE(f.Checkpoint(root, {*live}, 3).ok());
  CHECK(used() == before);
  REQUIRE(f.Open().ok());
  f.store->FinishRecovery();
  CHECK(used() == before);
}

TEST_CASE("extent store: a failed sync poisons writing, reading goes on", "[storage][page][C10]") {
  auto base = platform::MakeMemoryVfs();
  auto fault = platform::FaultVfs::Make(base.get());
  REQUIRE(fault.ok());
  StoreFixture f(fault->get());
  REQUIRE(f.Create().ok());
  auto extent = f.store->Write("payload", kDataBlockBytes);
  REQUIRE(extent.ok());
  platform::Fault sync_fault;
  sync_fault.operations = platform::kFaultSync;
  (*fault)->AddFault(sync_fault);
  CHECK_FALSE(f.store->Sync().ok());
  CHECK_FALSE(f.store->Sync().ok());
  CHECK_FALSE(f.store->Write("more", kDataBlockBytes).ok());
  CHECK(f.store->Pin(*extent).ok());
}

TEST_CASE("buffer pool: many threads under a tiny limit read right bytes and stay within it",
          "[storage][page][POOL-3]") {
  auto vfs = platform::MakeMemoryVfs();
  constexpr size_t kLimit = 1 << 20;
  StoreFixture f(vfs.get(), kLimit);
  REQUIRE(f.Create().ok());
  std::vector<ExtentRef> extents;
  for (uint64_t i = 0; i < 60; ++i) {
    auto extent = f.store->Write(StoreTestBytes(20'000 + i * 1000, i), kIndexBlockBytes);
    REQUIRE(extent.ok());
    extents.push_back(*extent);
  }
  std::atomic<int> wrong{0};
  auto body = [&](uint64_t seed) {
    platform::Rng rng(seed);
    for (int i = 0; i < 3000; ++i) {
      const ExtentRef& extent = extents[rng.Below(extents.size())];
      const auto blocks = static_cast<uint32_t>((extent.payload_bytes + extent.block_bytes - 1) /
                                                extent.block_bytes);
      if (rng.Below(4) == 0) {
        auto whole = f.store->Pin(extent);
        if (!whole.ok() || HashBytes128(whole->data(), whole->size()) != extent.digest) ++wrong;
      } else {
        auto block = f.store->PinBlock(extent, static_cast<uint32_t>(rng.Below(blocks)));
        if (!block.ok() || block->size() == 0) ++wrong;
      }
    }
  };
  {
    std::vector<platform::Thread> threads;
    for (uint64_t t = 0; t < 4; ++t) {
      auto thread = platform::Thread::Start("pool", [&body, t] { body(t + 1); });
      REQUIRE(thread.ok());
      threads.push_back(std::move(*thread));
    }
  }
  CHECK(wrong == 0);
  const StoreStatistics stats = f.store->statistics();
  CHECK(stats.pool.evictions > 0);
  CHECK(stats.pool.hits > 0);
  CHECK(f.memory.used_bytes() <= kLimit);
  f.store.reset();
  CHECK(f.memory.used_bytes() == 0);
}

TEST_CASE("buffer pool: one load serves all who ask at once, and pinned frames are never evicted",
          "[storage][page][POOL-2]") {
  auto vfs = platform::MakeMemoryVfs();
  StoreFixture f(vfs.get(), 300'000);
  REQUIRE(f.Create().ok());
  auto a = f.store->Write(StoreTestBytes(200'000, 1), kDataBlockBytes);
  auto b = f.store->Write(StoreTestBytes(200'000, 2), kDataBlockBytes);
  REQUIRE((a.ok() && b.ok()));
  {
    std::vector<platform::Thread> threads;
    for (int t = 0; t < 4; ++t) {
      auto thread = platform::Thread::Start("pool", [&] {
        for (int i = 0; i < 100; ++i) (void)f.store->Pin(*a).ok();
      });
      REQUIRE(thread.ok());
      threads.push_back(std::move(*thread));
    }
  }
  CHECK(f.store->statistics().pool.loads == 1);
  {
    auto pin = f.store->Pin(*a);
    REQUIRE(pin.ok());
    CHECK(f.store->Pin(*b).status().sqlstate() == sqlstate::kOutOfMemory);
    CHECK(HashBytes128(pin->data(), pin->size()) == a->digest);
  }
  CHECK(f.store->Pin(*b).ok());
}

}  // namespace driftdb::storage
