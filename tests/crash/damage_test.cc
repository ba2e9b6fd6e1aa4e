// Damage at rest: flipped bits, overwritten and cut files of a closed database and of one whose log
// must be replayed. Opening it, reading every table and checking every index ends in an error that
// names the file, or gives exactly the right rows; nothing crashes, and an open that is refused has
// changed no file. Also refused: a newer format version, a second opener. A failure prints the seed
// and the damage. DRIFTDB_DAMAGE_ROUNDS sets the number of damages per case.
#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "catch2/catch.hpp"

#include "base/hash.h"
#include "crash_sql.h"
#include "platform/rng.h"

namespace driftdb::api {

namespace {

using DamageFiles = std::map<std::string, std::string>;  // contents by path

constexpr char kDamageMain[] = "/db/main.drift";

void DamageOk(const Status& status) {
  INFO(status.ToString());
  REQUIRE(status.ok());
}

DamageFiles DamageRead(platform::Vfs* vfs) {
  DamageFiles files;
  const auto paths = SqlListFiles(vfs, "/db");
  DamageOk(paths.status());
  for (const std::string& path : *paths) {
    if (path == "/db/lock") continue;
    auto bytes = SqlReadFile(vfs, path);
    DamageOk(bytes.status());
    files[path] = std::move(*bytes);
  }
  return files;
}

std::unique_ptr<platform::Vfs> DamageWrite(const DamageFiles& files) {
  auto vfs = platform::MakeMemoryVfs();
  for (const char* directory : {"/db", "/db/wal", "/db/tmp"})
    DamageOk(vfs->MakeDirectory(directory));
  for (const auto& [path, bytes] : files) DamageOk(SqlWriteFile(vfs.get(), path, bytes));
  return vfs;
}

struct DamageCase {
  DamageFiles files;
  SqlState state;
  std::vector<SqlState> earlier;  // before each step
};

DamageCase DamagePrepare(bool closed, bool bulk) {
  DamageCase prepared;
  const auto vfs = platform::MakeMemoryVfs();
  SqlBed bed(vfs.get());
  DamageOk(bed.Open());
  const std::vector<std::string> script = SqlScript(bulk);
  for (size_t i = 0; i < script.size(); ++i) {
    // Without its last checkpoint the log has a good deal to replay.
    if (!closed && i + 2 == script.size()) continue;
    auto before = bed.Read();
    DamageOk(before.status());
    prepared.earlier.push_back(std::move(*before));
    DamageOk(bed.Run(script[i]));
  }
  auto state = bed.Read();
  DamageOk(state.status());
  prepared.state = std::move(*state);
  if (closed) {
    DamageOk(bed.Close());
  } else {
    bed.Drop();
  }
  prepared.files = DamageRead(vfs.get());
  return prepared;
}

// Damages one file; tells which.
std::string DamageSome(DamageFiles* files, platform::Rng* rng, std::string* what) {
  auto it = files->begin();
  std::advance(it, static_cast<ptrdiff_t>(rng->Below(files->size())));
  std::string& bytes = it->second;
  const uint64_t dice = rng->Below(20);
  // Half of the damages fall on the first 80 KiB: superblocks, segment headers, the log's frames.
  const uint64_t range =
      rng->Below(2) == 0 ? std::min<uint64_t>(bytes.size(), 80 << 10) : bytes.size();
  const uint64_t at = rng->Below(range);
  if (dice < 12) {
    const uint64_t bit = rng->Below(8);
    bytes[at] = static_cast<char>(bytes[at] ^ (1 << bit));
    *what = "bit " + std::to_string(bit) + " of byte " + std::to_string(at);
  } else if (dice < 14) {
    bytes[at] = static_cast<char>(rng->Next());
    *what = "byte " + std::to_string(at);
  } else if (dice < 17) {
    const uint64_t size = rng->Below(2) == 0 ? 512 : 4096;
    const uint64_t from = at / size * size;
    const uint64_t end = std::min<uint64_t>(bytes.size(), from + size);
    if (rng->Below(2) == 0) {
      std::memset(bytes.data() + from, 0, end - from);
      *what = "zeros of " + std::to_string(size) + " bytes at " + std::to_string(from);
    } else {
      const uint64_t source = rng->Below(bytes.size() / size) * size;
      const std::string block = bytes.substr(source, end - from);
      std::memcpy(bytes.data() + from, block.data(), block.size());
      *what = "block of " + std::to_string(size) + " bytes from " + std::to_string(source) +
              " at " + std::to_string(from);
    }
  } else {
    bytes.resize(rng->Below(3) == 0 ? at / 4096 * 4096 : at);
    *what = "cut to " + std::to_string(bytes.size()) + " bytes";
  }
  *what += " of " + it->first;
  return it->first;
}

bool DamageNamed(const Status& error, const std::string& path) {
  return error.message().find(path) != std::string_view::npos;
}

uint64_t DamageRounds(uint64_t otherwise) {
  const char* rounds = std::getenv("DRIFTDB_DAMAGE_ROUNDS");
  return rounds == nullptr ? otherwise : std::strtoull(rounds, nullptr, 10);
}

void DamageRun(const DamageCase& intact, bool closed, uint64_t seed, uint64_t rounds) {
  uint64_t refused = 0, failed = 0, right = 0, shorter = 0;
  for (uint64_t round = 0; round < rounds; ++round) {
    platform::Rng rng(seed + round);
    DamageFiles files = intact.files;
    std::string what;
    const std::string path = DamageSome(&files, &rng, &what);
    const bool read_only = rng.Below(4) == 0;
    INFO("seed " << seed + round << ": " << what << (read_only ? ", read-only" : ""));
    const auto vfs = DamageWrite(files);
    SqlBed bed(vfs.get());
    const Status opened = bed.Open(read_only);
    INFO("open: " << opened.ToString());
    if (!opened.ok()) {
      ++refused;
      REQUIRE(opened.sqlstate() == sqlstate::kDataCorrupted);
      CHECK(DamageNamed(opened, path));
      bed.Drop();
      const bool untouched = DamageRead(vfs.get()) == files;
      REQUIRE(untouched);
      continue;
    }
    const auto found = bed.Read();
    INFO("read: " << found.status().ToString());
    if (!found.ok()) {
      ++failed;
      REQUIRE(found.status().sqlstate() == sqlstate::kDataCorrupted);
      CHECK(DamageNamed(found.status(), path));
      continue;
    }
    if (*found == intact.state) {
      ++right;
      continue;
    }
    // What the log alone cannot tell (wal_format.md): damage of its last group from a torn write,
    // and a last segment cut in its header from one that was about to be made. The commits in there
    // are gone, whole and from the end.
    INFO(SqlDifference(*found, intact.state));
    ++shorter;
    REQUIRE(!closed);
    REQUIRE(path != kDamageMain);
    const bool no_header = files[path].size() < 4096;
    const bool prefix = no_header ? std::find(intact.earlier.begin(), intact.earlier.end(),
                                              *found) != intact.earlier.end()
                                  : *found == intact.earlier.back();
    REQUIRE(prefix);
  }
  WARN("damages " << rounds << ": open refused " << refused << ", reading failed " << failed
                  << ", right " << right << ", without the end of the log " << shorter);
}

// Rewrites a version field and the checksum over it.
void DamageVersion(std::string* bytes, size_t at, size_t covered, uint32_t version) {
  std::memcpy(bytes->data() + at + 8, &version, sizeof(version));
  const Hash128 hash = HashBytes128(bytes->data() + at, covered);
  std::memcpy(bytes->data() + at + covered, &hash, sizeof(hash));
}

}  // namespace

TEST_CASE("damage of a closed database is an error or does no harm") {
  DamageRun(DamagePrepare(true, false), true, 1000, DamageRounds(400));
}

TEST_CASE("damage of a log that must be replayed is an error or does no harm") {
  DamageRun(DamagePrepare(false, false), false, 100'000, DamageRounds(400));
}

TEST_CASE("damage of a database with bulk loads", "[.long]") {
  DamageRun(DamagePrepare(true, true), true, 1'000'000, DamageRounds(200));
  DamageRun(DamagePrepare(false, true), false, 2'000'000, DamageRounds(200));
}

TEST_CASE("a newer format is refused by its number") {
  const DamageCase intact = DamagePrepare(true, false);
  SECTION("main file") {
    DamageFiles files = intact.files;
    for (const size_t at : {size_t{0}, size_t{64 * 1024}}) {
      DamageVersion(&files[kDamageMain], at, 4080, 99);
    }
    const auto vfs = DamageWrite(files);
    for (const bool read_only : {false, true}) {
      SqlBed bed(vfs.get());
      const Status status = bed.Open(read_only);
      INFO(status.ToString());
      CHECK(status.sqlstate() == sqlstate::kFeatureNotSupported);
      CHECK(status.message().find("format version 99") != std::string_view::npos);
      CHECK(DamageNamed(status, kDamageMain));
    }
  }
  SECTION("log") {
    DamageFiles files = intact.files;
    std::string path;
    for (auto& [name, bytes] : files) {
      if (name == kDamageMain) continue;
      DamageVersion(&bytes, 0, 128, 99);
      path = name;
    }
    const auto vfs = DamageWrite(files);
    SqlBed bed(vfs.get());
    const Status status = bed.Open();
    INFO(status.ToString());
    CHECK(status.sqlstate() == sqlstate::kFeatureNotSupported);
    CHECK(status.message().find("99") != std::string_view::npos);
    CHECK(DamageNamed(status, "/db/wal/"));
  }
}

TEST_CASE("one writer; readers of a directory that nobody writes change nothing") {
  const DamageCase intact = DamagePrepare(false, false);
  const auto vfs = DamageWrite(intact.files);
  {
    SqlBed reader(vfs.get());
    DamageOk(reader.Open(true));
    auto found = reader.Read();
    DamageOk(found.status());
    CHECK(SqlDifference(*found, intact.state).empty());
    CHECK(reader.Run("INSERT INTO a (id) VALUES (77777)").sqlstate() ==
          sqlstate::kReadOnlyTransaction);
    CHECK(reader.Run("CHECKPOINT").sqlstate() == sqlstate::kReadOnlyTransaction);
    SqlBed beside(vfs.get());
    DamageOk(beside.Open(true));
    DamageOk(beside.Close());
    DamageOk(reader.Close());
    const bool untouched = DamageRead(vfs.get()) == intact.files;
    CHECK(untouched);
  }
  SqlBed writer(vfs.get());
  DamageOk(writer.Open());
  for (const bool read_only : {false, true}) {
    SqlBed second(vfs.get());
    const Status status = second.Open(read_only);
    INFO(status.ToString());
    CHECK(status.sqlstate() == sqlstate::kObjectInUse);
  }
  DamageOk(writer.Close());
}

}  // namespace driftdb::api
