// Covers: lib/wal/segment_files.cc

#include "wal/log_reader.h"

#include <cstring>

#include "platform/vfs_fault.h"
#include "wal_test_bed.h"

namespace driftdb::wal {
namespace {

// A log of several segments with one record per frame; every frame acknowledged.
struct ReaderBed {
  explicit ReaderBed(uint64_t records = 60, size_t size = 900) {
    memory = platform::MakeMemoryVfs();
    REQUIRE(memory->MakeDirectory(kTestDirectory).ok());
    vfs = std::move(platform::FaultVfs::Make(memory.get()).value());
    WriterOptions options = TestWriterOptions(&clock);
    options.block_bytes = 512;
    writer = std::move(LogWriter::Open(vfs.get(), kTestDirectory, options).value());
    for (uint64_t i = 1; i <= records; ++i) Append(size);
  }
  void Append(size_t size) {
    Result<Lsn> end = AppendTestRecord(writer.get(), ++last, size);
    REQUIRE(end.ok());
    REQUIRE(writer->WaitDurable(*end).ok());
    const Lsn cut = writer->Cut();
    positions.push_back(writer->WaitPosition(cut).value());
  }
  std::string SegmentName(uint64_t number) { return SegmentPath(kTestDirectory, number); }
  std::vector<SegmentFile> Segments() {
    return ListSegments(vfs.get(), kTestDirectory, kTestDatabase).value();
  }
  // The last used segment and the file offset in it of the frame of record `number`.
  SegmentFile SegmentOf(uint64_t number, uint64_t* offset) {
    const uint64_t lsn = number == 1 ? 0 : positions[number - 2].lsn.value;
    SegmentFile found;
    for (const SegmentFile& segment : Segments()) {
      if (segment.state == SegmentState::kUsed && segment.header.first_lsn <= lsn) found = segment;
    }
    *offset = kSegmentHeaderBytes + lsn - found.header.first_lsn;
    return found;
  }
  void Patch(const std::string& path, uint64_t offset, std::string_view bytes) {
    platform::OpenOptions options;
    options.mode = platform::OpenMode::kReadWrite;
    REQUIRE((*vfs->Open(path, options))->WriteAt(offset, bytes.data(), bytes.size()).ok());
  }
  TestScan Scan(bool salvage = false) { return ScanTestLog(vfs.get(), {}, salvage); }

  TestClock clock;
  std::unique_ptr<platform::Vfs> memory;
  std::unique_ptr<platform::FaultVfs> vfs;
  std::unique_ptr<LogWriter> writer;
  uint64_t last = 0;
  std::vector<LogPosition> positions;  // after record i + 1
};

TEST_CASE("wal reader: all frames come back in order over segments, writing nothing", "[wal]") {
  ReaderBed bed;
  const uint64_t operations = bed.vfs->operations();
  const TestScan scan = bed.Scan();
  REQUIRE(scan.status.ok());
  CHECK(scan.numbers.size() == 60);
  CHECK(scan.numbers.back() == 60);
  CHECK(scan.end.frames == 60);
  CHECK(scan.end.records == 60);
  CHECK(scan.end.last_segment > 2);
  CHECK(scan.end.position == bed.positions.back());
  CHECK_FALSE(scan.end.torn);
  CHECK(bed.vfs->operations() == operations);
}

TEST_CASE("wal reader: reading starts at any frame boundary whose position is known (WAL-5)",
          "[wal]") {
  ReaderBed bed;
  for (size_t i = 0; i < bed.positions.size(); ++i) {
    const TestScan scan = ScanTestLog(bed.vfs.get(), bed.positions[i]);
    INFO(i << ": " << scan.status.ToString());
    REQUIRE(scan.status.ok());
    REQUIRE(scan.numbers.size() == 60 - i - 1);
    if (!scan.numbers.empty()) REQUIRE(scan.numbers[0] == i + 2);
  }
  LogPosition foreign = bed.positions[20];
  foreign.chain.low ^= 1;
  CHECK(ScanTestLog(bed.vfs.get(), foreign).status.sqlstate() == sqlstate::kDataCorrupted);
  LogPosition beyond = bed.positions.back();
  beyond.lsn.value += 1 << 20;
  CHECK(ScanTestLog(bed.vfs.get(), beyond).status.sqlstate() == sqlstate::kDataCorrupted);
}

TEST_CASE("wal reader: a bad last frame is a torn tail, a bad earlier one is damage (C7, WAL-8)",
          "[wal][C7]") {
  ReaderBed bed;
  uint64_t offset;
  const SegmentFile segment = bed.SegmentOf(60, &offset);
  SECTION("last") {
    REQUIRE(bed.vfs->FlipBit(segment.path, (offset + 200) * 8).ok());
    const TestScan scan = bed.Scan();
    REQUIRE(scan.status.ok());
    CHECK(scan.numbers.size() == 59);
    CHECK(scan.end.torn);
    CHECK(scan.end.position == bed.positions[58]);
    const TestScan known = ScanTestLog(bed.vfs.get(), {}, false, Lsn(bed.positions[59].lsn));
    CHECK(known.status.sqlstate() == sqlstate::kDataCorrupted);
  }
  SECTION("earlier, each of them") {
    for (uint64_t number = 1; number < 60; ++number) {
      uint64_t at;
      const SegmentFile damaged = bed.SegmentOf(number, &at);
      const uint64_t bit = (at + number * 13 % 900) * 8;
      REQUIRE(bed.vfs->FlipBit(damaged.path, bit).ok());
      const TestScan scan = bed.Scan();
      INFO("record " << number);
      REQUIRE(scan.status.sqlstate() == sqlstate::kDataCorrupted);
      REQUIRE(scan.status.error().hint.find("backup") != std::string::npos);
      const TestScan salvaged = bed.Scan(true);
      REQUIRE(salvaged.status.ok());
      REQUIRE(salvaged.end.damage.sqlstate() == sqlstate::kDataCorrupted);
      REQUIRE(salvaged.numbers.size() == number - 1);
      REQUIRE(bed.vfs->FlipBit(damaged.path, bit).ok());
    }
    CHECK(bed.Scan().status.ok());
  }
}

TEST_CASE("wal reader: a destroyed segment header is damage, not an unused file (WAL-6)", "[wal]") {
  ReaderBed bed;
  for (const SegmentFile& segment : bed.Segments()) {
    if (segment.state != SegmentState::kUsed) continue;
    INFO(segment.path);
    std::string saved(kSegmentHeaderBytes, '\0');
    platform::OpenOptions options;
    REQUIRE(
        (*bed.vfs->Open(segment.path, options))->ReadExactlyAt(0, saved.data(), saved.size()).ok());
    REQUIRE(bed.vfs->FlipBit(segment.path, 70 * 8).ok());
    CHECK(bed.Scan().status.sqlstate() == sqlstate::kDataCorrupted);
    bed.Patch(segment.path, 0, std::string(kSegmentHeaderBytes, '\0'));
    CHECK(bed.Scan().status.sqlstate() == sqlstate::kDataCorrupted);
    bed.Patch(segment.path, 0, saved);
    CHECK(bed.Scan().status.ok());
  }
}

TEST_CASE("wal reader: a missing segment is damage", "[wal]") {
  const uint64_t number = GENERATE(1, 2);  // a deleted last one cannot be told
  ReaderBed bed;
  REQUIRE(bed.vfs->Delete(bed.SegmentName(number)).ok());
  CHECK(bed.Scan().status.sqlstate() == sqlstate::kDataCorrupted);
}

TEST_CASE("wal reader: another database's log and a newer format are refused (WAL-1)", "[wal]") {
  ReaderBed bed;
  SegmentHeader header = bed.Segments()[0].header;
  std::string block(kSegmentHeaderBytes, '\0');
  SECTION("database") {
    header.database[3] ^= 1;
    EncodeSegmentHeader(header, block.data());
    bed.Patch(bed.SegmentName(1), 0, block);
    CHECK(bed.Scan(true).status.sqlstate() == sqlstate::kObjectNotInState);
  }
  SECTION("version") {
    header.format_version = 2;
    EncodeSegmentHeader(header, block.data());
    bed.Patch(bed.SegmentName(1), 0, block);
    CHECK(bed.Scan(true).status.sqlstate() == sqlstate::kFeatureNotSupported);
    CHECK_FALSE(LogWriter::Open(bed.vfs.get(), kTestDirectory, TestWriterOptions(&bed.clock)).ok());
  }
}

TEST_CASE("wal reader: lost and misdirected writes are damage once acknowledged writes follow",
          "[wal]") {
  const auto kind =
      GENERATE(platform::Fault::Kind::kLostWrite, platform::Fault::Kind::kMisdirectedWrite,
               platform::Fault::Kind::kBitFlip);
  ReaderBed bed(5);
  bed.vfs->AddFault({kind, platform::kFaultWrite, 0, false, "000001"});
  bed.Append(380);  // a frame of 511 bytes: no flipped bit falls into padding
  for (int i = 0; i < 12; ++i) bed.Append(900);
  CHECK(bed.Scan().status.sqlstate() == sqlstate::kDataCorrupted);
  CHECK(bed.Scan(true).numbers.size() == 5);
}

TEST_CASE("wal reader: a log continues over epochs and never goes back (WAL-5)", "[wal]") {
  ReaderBed bed(5);
  bed.writer.reset();
  TestScan scan = bed.Scan();
  REQUIRE(scan.status.ok());
  WriterOptions options = TestWriterOptions(&bed.clock);
  for (const uint64_t epoch : {3, 2}) {
    ContinueFrom(scan.end, &options);
    options.position.epoch = epoch;
    bed.writer = std::move(LogWriter::Open(bed.vfs.get(), kTestDirectory, options).value());
    bed.Append(10);
    bed.writer.reset();
    scan = bed.Scan();
    if (epoch == 3) {
      REQUIRE(scan.status.ok());
      CHECK(scan.end.position.epoch == 3);
      CHECK(scan.numbers.size() == 6);
    }
  }
  CHECK(scan.status.sqlstate() == sqlstate::kDataCorrupted);
}

TEST_CASE("wal reader: no flipped bit anywhere changes a record or loses more than the last frame",
          "[wal]") {
  ReaderBed bed(40, 500);
  const uint64_t seed = 4711;
  INFO("seed " << seed);
  platform::Rng rng(seed);
  const std::vector<SegmentFile> segments = bed.Segments();
  for (int round = 0; round < 3000; ++round) {
    const SegmentFile& segment = segments[rng.Below(segments.size())];
    const uint64_t limit = rng.Below(2) == 0 ? segment.file_bytes : kSegmentHeaderBytes + 4096;
    const uint64_t bit = rng.Below(limit * 8);
    REQUIRE(bed.vfs->FlipBit(segment.path, bit).ok());
    const TestScan scan = bed.Scan();
    for (size_t i = 0; i < scan.numbers.size(); ++i) REQUIRE(scan.numbers[i] == i + 1);
    if (scan.status.ok()) REQUIRE(scan.numbers.size() >= 39);
    REQUIRE(bed.vfs->FlipBit(segment.path, bit).ok());
  }
}

TEST_CASE("wal reader: frames of a torn group do not count as proof once their file is reused",
          "[wal][WAL-6]") {
  // Records 4 and 5 are one group of two frames, of which only the second reached the medium.
  ReaderBed bed(0);
  WriterOptions options = TestWriterOptions(&bed.clock);
  options.store.segment_bytes_min = 64 << 10;
  REQUIRE(bed.memory->Delete(bed.SegmentName(1)).ok());
  bed.vfs = std::move(platform::FaultVfs::Make(bed.memory.get()).value());
  bed.writer = std::move(LogWriter::Open(bed.vfs.get(), kTestDirectory, options).value());
  for (int i = 0; i < 3; ++i) bed.Append(100);
  REQUIRE(AppendTestRecord(bed.writer.get(), 4, 40'000).ok());
  const Lsn cut = bed.writer->Cut();
  REQUIRE(AppendTestRecord(bed.writer.get(), 5, 1'000).ok());
  REQUIRE(bed.writer->WaitPosition(cut).ok());
  REQUIRE(bed.writer->Flush().ok());
  bed.writer.reset();
  uint64_t offset;
  const SegmentFile torn = bed.SegmentOf(4, &offset);
  bed.Patch(torn.path, offset, std::string(4096, '\0'));
  const TestScan crashed = bed.Scan();
  INFO(crashed.status.ToString());
  REQUIRE(crashed.status.ok());
  REQUIRE(crashed.numbers.size() == 3);

  // Recovery goes on in segment 2; a checkpoint spends segment 1, which becomes the next one.
  ContinueFrom(crashed.end, &options);
  bed.writer = std::move(LogWriter::Open(bed.vfs.get(), kTestDirectory, options).value());
  bed.last = 3;
  bed.positions.resize(3);
  bed.Append(100);
  const LogPosition checkpoint = bed.positions.back();
  REQUIRE(bed.writer->RecycleBefore(checkpoint.lsn).ok());
  bed.Append(100);
  REQUIRE(bed.writer->PrepareSpace(60'500).ok());
  CHECK_FALSE(*bed.vfs->Exists(bed.SegmentName(1)));
  bed.writer.reset();
  const TestScan again = ScanTestLog(bed.vfs.get(), checkpoint);
  INFO(again.status.ToString());
  REQUIRE(again.status.ok());
  CHECK(again.numbers == std::vector<uint64_t>{5});
}

TEST_CASE("wal reader: after salvage a writer goes on and sets later segments aside", "[wal]") {
  ReaderBed bed;
  bed.writer.reset();
  uint64_t offset;
  const SegmentFile damaged = bed.SegmentOf(20, &offset);
  REQUIRE(bed.vfs->FlipBit(damaged.path, (offset + 130) * 8).ok());
  TestScan scan = bed.Scan(true);
  REQUIRE(scan.numbers.size() == 19);
  REQUIRE(scan.end.last_segment == damaged.number);
  WriterOptions options = TestWriterOptions(&bed.clock);
  ContinueFrom(scan.end, &options);
  bed.writer = std::move(LogWriter::Open(bed.vfs.get(), kTestDirectory, options).value());
  CHECK(*bed.vfs->Exists(bed.SegmentName(damaged.number + 1) + ".lost"));
  bed.last = 19;
  bed.Append(33);
  scan = bed.Scan();
  INFO(scan.status.ToString());
  REQUIRE(scan.status.ok());
  CHECK(scan.numbers.size() == 20);
}

}  // namespace
}  // namespace driftdb::wal
