// Covers: lib/wal/log_append.cc
// Covers: lib/wal/segment_store.cc

#include "wal/log_writer.h"

#include <algorithm>
#include <atomic>
#include <cstring>

#include "platform/thread.h"
#include "platform/vfs_fault.h"
#include "wal_test_bed.h"

namespace driftdb::wal {
namespace {

struct WriterBed {
  explicit WriterBed(const WriterOptions* given = nullptr) {
    memory = platform::MakeMemoryVfs();
    REQUIRE(memory->MakeDirectory(kTestDirectory).ok());
    vfs = std::move(platform::FaultVfs::Make(memory.get()).value());
    WriterOptions options = given != nullptr ? *given : TestWriterOptions(&clock);
    options.clock = &clock;
    writer = std::move(LogWriter::Open(vfs.get(), kTestDirectory, options).value());
  }
  TestScan Scan(const LogPosition& from = {}) { return ScanTestLog(vfs.get(), from); }
  Result<Lsn> Append(uint64_t number, size_t size = 100, uint16_t flags = 0) {
    return AppendTestRecord(writer.get(), number, size, flags);
  }
  uint64_t DirectoryBytes() {
    uint64_t bytes = 0;
    const std::vector<std::string> names = vfs->List(kTestDirectory).value();
    for (const std::string& name : names) {
      platform::OpenOptions options;
      bytes += *(*vfs->Open(std::string(kTestDirectory) + "/" + name, options))->Size();
    }
    return bytes;
  }

  TestClock clock;
  std::unique_ptr<platform::Vfs> memory;
  std::unique_ptr<platform::FaultVfs> vfs;
  std::unique_ptr<LogWriter> writer;
};

TEST_CASE("wal writer: one commit is one write and one sync (C6)", "[wal][C6]") {
  WriterOptions options = TestWriterOptions(nullptr);
  options.store.segment_bytes_min = 256 << 10;  // nothing is prepared ahead in this test
  WriterBed bed(&options);
  const uint64_t operations = bed.vfs->operations();
  REQUIRE(bed.writer->WaitDurable(*bed.Append(1)).ok());
  CHECK(bed.vfs->operations() == operations + 2);
  // What is durable already needs nothing more.
  REQUIRE(bed.writer->Flush().ok());
  CHECK(bed.vfs->operations() == operations + 2);
}

TEST_CASE("wal writer: what is queued together is one frame and one sync (C6)", "[wal][C6]") {
  WriterOptions options = TestWriterOptions(nullptr);
  options.store.segment_bytes_min = 256 << 10;  // nothing is prepared ahead in this test
  WriterBed bed(&options);
  const uint64_t operations = bed.vfs->operations();
  Lsn first;
  for (uint64_t i = 1; i <= 20; ++i) {
    const Lsn end = *bed.Append(i);
    if (i == 1) first = end;
  }
  REQUIRE(bed.writer->WaitDurable(first).ok());
  CHECK(bed.vfs->operations() == operations + 2);
  const TestScan scan = bed.Scan();
  CHECK(scan.numbers.size() == 20);
  CHECK(scan.end.frames == 1);
  const LogCounters counters = bed.writer->counters();
  CHECK(counters.appends == 20);
  CHECK(counters.groups == 1);
  CHECK(counters.syncs == 2);  // the segment's header had one
}

TEST_CASE("wal writer: threads share groups and lose nothing, in commit order", "[wal][threads]") {
  platform::Clock* const clock = platform::SystemClock();
  WriterOptions options = TestWriterOptions(clock);
  options.background = GENERATE(false, true);
  WriterBed bed(&options);
  constexpr uint64_t kThreads = 8, kCommits = 150;
  platform::SpinLatch commit_latch;
  uint64_t sequence = 0;
  std::atomic<int> failures{0};
  {
    std::vector<platform::Thread> threads;
    for (uint64_t t = 0; t < kThreads; ++t) {
      threads.push_back(std::move(platform::Thread::Start("committer", [&, t] {
                                    for (uint64_t i = 0; i < kCommits; ++i) {
                                      // The number is the commit order, so it is assigned under the
                                      // latch as commit_seq is.
                                      commit_latch.Lock();
                                      const uint64_t number = ++sequence;
                                      const std::string record =
                                          TestRecord(number, (t * 37 + i) % 300);
                                      Result<LogWriter::Reservation> place =
                                          bed.writer->Reserve(record.size(), 1, 0);
                                      commit_latch.Unlock();
                                      if (!place.ok()) {
                                        ++failures;
                                        return;
                                      }
                                      std::memcpy(place->to, record.data(), record.size());
                                      bed.writer->Complete(*place);
                                      if (i % 4 == 3) {
                                        bed.writer->RequestFlush();
                                      } else if (!bed.writer->WaitDurable(place->end).ok() ||
                                                 bed.writer->durable_lsn() < place->end) {
                                        ++failures;
                                      }
                                      if (i % 50 == 49 && !bed.writer->PrepareSpace(1000).ok())
                                        ++failures;
                                    }
                                  }).value()));
    }
  }
  CHECK(failures == 0);
  REQUIRE(bed.writer->Close().ok());
  const TestScan scan = bed.Scan();
  INFO(scan.status.ToString());
  REQUIRE(scan.status.ok());
  REQUIRE(scan.numbers.size() == kThreads * kCommits);
  for (size_t i = 0; i < scan.numbers.size(); ++i) REQUIRE(scan.numbers[i] == i + 1);
}

TEST_CASE("wal writer: checkpoints, erasing and commits of many threads do not disturb each other",
          "[wal][threads]") {
  WriterOptions options = TestWriterOptions(platform::SystemClock());
  options.background = true;
  WriterBed bed(&options);
  platform::SpinLatch commit_latch;
  uint64_t sequence = 0;
  std::atomic<int> failures{0};
  uint64_t covered = 0;
  LogPosition checkpoint;
  {
    std::vector<platform::Thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.push_back(std::move(platform::Thread::Start("committer", [&] {
                                    for (int i = 0; i < 200; ++i) {
                                      commit_latch.Lock();
                                      Result<Lsn> end =
                                          AppendTestRecord(bed.writer.get(), ++sequence, 200);
                                      commit_latch.Unlock();
                                      if (!end.ok() || !bed.writer->WaitDurable(*end).ok())
                                        ++failures;
                                    }
                                  }).value()));
    }
    for (int round = 0; round < 10; ++round) {
      commit_latch.Lock();
      const uint64_t before = sequence;
      const Lsn cut = bed.writer->Cut();
      commit_latch.Unlock();
      Result<LogPosition> position = bed.writer->WaitPosition(cut);
      if (!position.ok()) {
        ++failures;
        break;
      }
      checkpoint = *position;
      covered = before;
      if (!bed.writer->RecycleBefore(checkpoint.lsn, round % 2 == 1).ok()) ++failures;
    }
  }
  CHECK(failures == 0);
  REQUIRE(bed.writer->Close().ok());
  const TestScan scan = bed.Scan(checkpoint);
  INFO(scan.status.ToString());
  REQUIRE(scan.status.ok());
  REQUIRE(scan.numbers.size() == 800 - covered);
  for (size_t i = 0; i < scan.numbers.size(); ++i) REQUIRE(scan.numbers[i] == covered + i + 1);
}

TEST_CASE("wal writer: a failed write or sync poisons the log for ever (C10, WAL-9)",
          "[wal][C10]") {
  const uint32_t operation = GENERATE(platform::kFaultWrite, platform::kFaultSync);
  WriterBed bed;
  REQUIRE(bed.writer->WaitDurable(*bed.Append(1)).ok());
  const Lsn durable = bed.writer->durable_lsn();
  bed.vfs->AddFault({platform::Fault::Kind::kIoError, operation, 0, false, ""});
  const Lsn lost = *bed.Append(2);
  const Status unknown = bed.writer->WaitDurable(lost);
  CHECK(unknown.sqlstate() == sqlstate::kOutcomeUnknown);
  CHECK(std::string(unknown.message()).find("/wal/000001") != std::string::npos);
  // The device would work again; the log does not try.
  const uint64_t operations = bed.vfs->operations();
  CHECK(bed.writer->WaitDurable(lost).sqlstate() == sqlstate::kOutcomeUnknown);
  CHECK(bed.Append(3).status().sqlstate() == sqlstate::kIoError);
  CHECK(bed.writer->Flush().sqlstate() == sqlstate::kOutcomeUnknown);
  CHECK(bed.writer->RecycleBefore(Lsn(0), true).sqlstate() == sqlstate::kIoError);
  CHECK_FALSE(bed.writer->Close().ok());
  CHECK(bed.vfs->operations() == operations);
  CHECK(bed.writer->durable_lsn() == durable);
  CHECK(bed.writer->WaitDurable(durable).ok());
  bed.writer.reset();
  CHECK(bed.Scan().numbers.size() >= 1);
}

TEST_CASE("wal writer: all waiters of a failed group learn it (C10)", "[wal][C10][threads]") {
  WriterOptions options = TestWriterOptions(platform::SystemClock());
  WriterBed bed(&options);
  bed.vfs->AddFault({platform::Fault::Kind::kIoError, platform::kFaultSync,
                     bed.vfs->operations() + 20, true, ""});
  std::atomic<int> unknown{0}, refused{0}, other{0};
  {
    std::vector<platform::Thread> threads;
    for (uint64_t t = 0; t < 6; ++t) {
      threads.push_back(std::move(platform::Thread::Start("committer", [&, t] {
                                    for (uint64_t i = 0; i < 1000; ++i) {
                                      Result<Lsn> end =
                                          AppendTestRecord(bed.writer.get(), t * 1000 + i, 50);
                                      const Status status =
                                          end.ok() ? bed.writer->WaitDurable(*end) : end.status();
                                      if (status.ok()) continue;
                                      ++(status.sqlstate() == sqlstate::kOutcomeUnknown ? unknown
                                         : status.sqlstate() == sqlstate::kIoError      ? refused
                                                                                        : other);
                                      return;
                                    }
                                    ++other;
                                  }).value()));
    }
  }
  CHECK(unknown >= 1);
  CHECK(unknown + refused == 6);
  CHECK(other == 0);
}

TEST_CASE(
    "wal writer: without room for a segment a commit fails before anything is appended (WAL-10)",
    "[wal][C10]") {
  WriterBed bed;
  bed.vfs->SetByteBudget(0);
  uint64_t appended = 0;
  Status full;
  while (full.ok() && appended < 1000) {
    Result<Lsn> end = bed.Append(appended + 1, 700);
    full = end.ok() ? bed.writer->WaitDurable(*end) : end.status();
    if (full.ok()) ++appended;
  }
  CHECK(full.sqlstate() == sqlstate::kDiskFull);
  CHECK(appended == 3);  // 12 KiB of blocks of 4 KiB
  CHECK(bed.writer->health().ok());
  CHECK(bed.Scan().numbers.size() == appended);
  // Again and still: no half-made files pile up.
  CHECK(bed.Append(appended + 1, 700).status().sqlstate() == sqlstate::kDiskFull);
  bed.vfs->ClearByteBudget();
  REQUIRE(bed.writer->WaitDurable(*bed.Append(appended + 1, 700)).ok());
  CHECK(bed.Scan().numbers.size() == appended + 1);
}

TEST_CASE("wal writer: level off is flushed in the background (C5)", "[wal][threads]") {
  WriterOptions options = TestWriterOptions(platform::SystemClock());
  options.background = true;
  options.flush_delay_us = 2000;
  WriterBed bed(&options);
  const Lsn end = *bed.Append(1);
  bed.writer->RequestFlush();
  for (int i = 0; i < 5000 && bed.writer->durable_lsn() < end; ++i) platform::SleepMicros(1000);
  CHECK(bed.writer->durable_lsn() >= end);
}

TEST_CASE("wal writer: sinks hear of frames in order, before their waiters return", "[wal]") {
  struct TestSink final : LogSink {
    void FramesDurable(std::span<const Frame> frames) override {
      for (const Frame& frame : frames) {
        CHECK(frame.lsn == end);
        end = frame.end;
        flags |= frame.flags;
        FrameHeader header;
        CHECK(DecodeFrame(frame.bytes, DatabaseTag(kTestDatabase), &header));
        CHECK(header.chain == frame.chain);
        ParseTestRecords(frame.payload, &numbers);
      }
    }
    Lsn end;
    uint16_t flags = 0;
    std::vector<uint64_t> numbers;
  } sink;
  WriterBed bed;
  bed.writer->AddSink(&sink);
  for (uint64_t i = 1; i <= 50; ++i) {
    const Lsn end = *bed.Append(i, 400, i == 7 ? kFramePart : 0);
    REQUIRE(bed.writer->WaitDurable(end).ok());
    REQUIRE(sink.numbers.size() == i);
    REQUIRE(sink.end >= end);
  }
  CHECK(sink.flags == kFramePart);
  bed.writer->RemoveSink(&sink);
  REQUIRE(bed.writer->WaitDurable(*bed.Append(51)).ok());
  CHECK(sink.numbers.size() == 50);
}

TEST_CASE(
    "wal writer: batches up to a frame are taken in any segment size, larger ones refused (C6)",
    "[wal][C6]") {
  WriterBed bed;
  CHECK(bed.writer->Reserve(kFramePayloadMax + 1, 1, 0).status().sqlstate() ==
        sqlstate::kProgramLimitExceeded);
  const size_t sizes[] = {10, 40'000, 300'000, kFramePayloadMax - 8, 10, kFramePayloadMax - 8};
  uint64_t number = 0;
  for (const size_t size : sizes) REQUIRE(bed.Append(++number, size).ok());
  REQUIRE(bed.writer->Flush().ok());
  REQUIRE(bed.Append(++number, 5).ok());
  REQUIRE(bed.writer->Flush().ok());
  const TestScan scan = bed.Scan();
  INFO(scan.status.ToString());
  REQUIRE(scan.status.ok());
  CHECK(scan.numbers.size() == number);
}

TEST_CASE("wal writer: commit times grow although the clock goes back (C3)", "[wal][C3]") {
  WriterBed bed;
  int64_t last = 0;
  for (uint64_t i = 1; i <= 10; ++i) {
    bed.clock.wall -= 100;
    const std::string record = TestRecord(i, 10);
    const std::string_view pieces[] = {record};
    const LogWriter::Reservation place = bed.writer->Append(pieces, 1, 0).value();
    CHECK(place.commit_time > last);
    last = place.commit_time;
    REQUIRE(bed.writer->WaitDurable(place.end).ok());
  }
  const TestScan scan = bed.Scan();
  CHECK(std::is_sorted(scan.times.begin(), scan.times.end()));
  CHECK(scan.end.last_commit_time == last);
}

TEST_CASE("wal writer: spent segments are reused and bounded, erased where asked (C2, C26)",
          "[wal][C26]") {
  WriterBed bed;
  uint64_t number = 0, bytes_max = 0;
  for (int round = 0; round < 30; ++round) {
    for (int i = 0; i < 20; ++i) REQUIRE(bed.writer->WaitDurable(*bed.Append(++number, 900)).ok());
    const LogPosition position = bed.writer->WaitPosition(bed.writer->Cut()).value();
    REQUIRE(bed.writer->RecycleBefore(position.lsn).ok());
    if (round > 5) bytes_max = std::max(bytes_max, bed.DirectoryBytes());
  }
  CHECK(bed.writer->counters().segments_recycled > 10);
  CHECK(bytes_max < 512 << 10);
  const std::string secret = TestRecord(++number, 2000);
  const std::string_view pieces[] = {secret};
  REQUIRE(bed.writer->Append(pieces, 1, 0).ok());
  REQUIRE(bed.writer->Flush().ok());
  // The secret stands in the current segment: it goes only when that one is spent and erased.
  while (bed.writer->counters().live_bytes != 0) {
    const uint64_t segments = bed.writer->counters().segments;
    REQUIRE(bed.writer->WaitDurable(*bed.Append(++number, 900)).ok());
    if (bed.writer->counters().segments > segments) break;
  }
  const LogPosition last = bed.writer->WaitPosition(bed.writer->Cut()).value();
  REQUIRE(bed.writer->RecycleBefore(last.lsn, true).ok());
  const std::vector<std::string> names = bed.vfs->List(kTestDirectory).value();
  for (const std::string& name : names) {
    platform::OpenOptions options;
    auto file = bed.vfs->Open(std::string(kTestDirectory) + "/" + name, options);
    std::string bytes(*(*file)->Size(), '\0');
    REQUIRE((*file)->ReadExactlyAt(0, bytes.data(), bytes.size()).ok());
    CHECK(bytes.find(secret.substr(0, 400)) == std::string::npos);
    CHECK(bytes.find(TestRecord(number - 25, 900).substr(0, 300)) == std::string::npos);
  }
  CHECK(bed.Scan(last).status.ok());
}

TEST_CASE("wal writer: an empty log is one small segment, also after closing (C2)", "[wal][C2]") {
  TestClock clock;
  WriterOptions options;
  options.database = kTestDatabase;
  WriterBed bed(&options);
  CHECK(bed.DirectoryBytes() == 256 << 10);
  REQUIRE(bed.writer->Close().ok());
  CHECK(bed.DirectoryBytes() == 256 << 10);
  CHECK(bed.Append(1).status().sqlstate() == sqlstate::kIoError);
  // Opening again and again does not make it grow: one segment, and one for the next opening.
  options.clock = &clock;
  for (int i = 0; i < 5; ++i) {
    bed.writer.reset();
    ContinueFrom(bed.Scan().end, &options);
    options.needed_from = options.position.lsn;
    bed.writer = std::move(LogWriter::Open(bed.vfs.get(), kTestDirectory, options).value());
    CHECK(bed.DirectoryBytes() <= 512 << 10);
    // Every second one is a crash.
    if (i % 2 == 0) REQUIRE(bed.writer->Close().ok());
    CHECK(bed.DirectoryBytes() <= 512 << 10);
  }
}

TEST_CASE("wal writer: waiting for what was never reserved is an internal error", "[wal]") {
  WriterBed bed;
  CHECK(bed.writer->WaitDurable(Lsn(1'000'000)).sqlstate() == sqlstate::kInternalError);
  CHECK(bed.writer->health().ok());
}

}  // namespace
}  // namespace driftdb::wal
