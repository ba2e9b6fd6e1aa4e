// A log over any Vfs with records that carry their number, so that what a scan returns can be
// compared with what was appended.
#ifndef DRIFTDB_TESTS_UNIT_WAL_WAL_TEST_BED_H_
#define DRIFTDB_TESTS_UNIT_WAL_WAL_TEST_BED_H_

#include <memory>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "base/coding.h"
#include "platform/clock.h"
#include "platform/rng.h"
#include "wal/log_reader.h"
#include "wal/log_writer.h"

namespace driftdb::wal {

inline const Uuid kTestDatabase = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
inline constexpr char kTestDirectory[] = "/wal";

class TestClock final : public platform::Clock {
 public:
  int64_t WallMicros() override { return wall; }
  int64_t MonotonicNanos() override { return 0; }
  int64_t wall = 1'000'000;
};

// number, size, then bytes that follow from both.
inline std::string TestRecord(uint64_t number, size_t size) {
  std::string bytes;
  Encoder encoder(&bytes);
  encoder.Varint(number);
  encoder.Varint(size);
  platform::Rng rng(number * 7919 + size);
  for (size_t i = 0; i < size; ++i) encoder.U8(static_cast<uint8_t>(rng.Next()));
  return bytes;
}

// Appends the numbers of the records in a payload; a wrong byte fails the test.
inline void ParseTestRecords(std::string_view payload, std::vector<uint64_t>* numbers) {
  while (!payload.empty()) {
    Decoder decoder(payload);
    const uint64_t number = decoder.Varint();
    const uint64_t size = decoder.Varint();
    decoder.Raw(size);
    REQUIRE(decoder.ok());
    const size_t used = payload.size() - decoder.remaining();
    if (payload.substr(0, used) != TestRecord(number, size))
      FAIL("record " << number << " differs");
    numbers->push_back(number);
    payload.remove_prefix(used);
  }
}

struct TestScan {
  Status status;
  LogEnd end;
  std::vector<uint64_t> numbers;
  std::vector<int64_t> times;
};

inline TestScan ScanTestLog(platform::Vfs* vfs, const LogPosition& from, bool salvage = false,
                            Lsn reach = Lsn(0)) {
  ReaderOptions options;
  options.database = kTestDatabase;
  options.from = from;
  options.salvage = salvage;
  options.reach = reach;
  TestScan scan;
  Result<LogEnd> end = ScanLog(vfs, kTestDirectory, options, [&scan](const Frame& frame) {
    ParseTestRecords(frame.payload, &scan.numbers);
    scan.times.push_back(frame.commit_time);
    return OkStatus();
  });
  scan.status = end.status();
  if (end.ok()) scan.end = *end;
  return scan;
}

inline WriterOptions TestWriterOptions(platform::Clock* clock) {
  WriterOptions options;
  options.database = kTestDatabase;
  options.clock = clock;
  options.background = false;
  options.store.segment_bytes_min = 16 << 10;
  options.store.segment_bytes_max = 64 << 10;
  return options;
}

inline void ContinueFrom(const LogEnd& end, WriterOptions* options) {
  options->position = end.position;
  options->last_segment = end.last_segment;
  options->last_commit_time = end.last_commit_time;
}

inline Result<Lsn> AppendTestRecord(LogWriter* writer, uint64_t number, size_t size,
                                    uint16_t flags = 0) {
  const std::string record = TestRecord(number, size);
  const std::string_view pieces[] = {std::string_view(record).substr(0, record.size() / 2),
                                     std::string_view(record).substr(record.size() / 2)};
  DRIFTDB_ASSIGN_OR_RETURN(const LogWriter::Reservation reservation,
                           writer->Append(pieces, 1, flags));
  return reservation.end;
}

}  // namespace driftdb::wal

#endif  // DRIFTDB_TESTS_UNIT_WAL_WAL_TEST_BED_H_
