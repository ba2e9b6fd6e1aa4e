#include "wal/log_format.h"

#include <cstdio>
#include <cstring>

#include "wal/wal_docs_path.h"
#include "wal_test_bed.h"

namespace driftdb::wal {
namespace {

SegmentHeader ExampleSegment() {
  SegmentHeader header;
  header.block_bytes = 512;
  for (uint8_t i = 0; i < 16; ++i) {
    header.database[i] = static_cast<uint8_t>(i * 0x11);
    header.segment[i] = static_cast<uint8_t>(0xa0 + i);
  }
  header.number = 7;
  header.first_lsn = 1024;
  header.previous_chain = {1, 2};
  header.segment_bytes = 256 << 10;
  return header;
}

std::string ExampleFrame() {
  const std::string payload = "hello, log";
  FrameHeader header;
  header.previous = {1, 2};
  header.payload_bytes = static_cast<uint32_t>(payload.size());
  header.lsn = 1024;
  header.durable_lsn = 1024;
  header.commit_time = 1'700'000'000'000'000;
  header.record_count = 1;
  header.database_tag = DatabaseTag(ExampleSegment().database);
  std::string frame(kFrameHeaderBytes, '\0');
  frame += payload;
  SealFrame(&header, frame.data());
  return frame;
}

std::string HexLines(std::string_view bytes) {
  std::string text;
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (i % 16 == 0) text += fmt::format("{:04x} ", i);
    text += fmt::format(" {:02x}", static_cast<uint8_t>(bytes[i]));
    if (i % 16 == 15 || i + 1 == bytes.size()) text += '\n';
  }
  return text;
}

// The text between ```hex NAME and ``` of the format page.
std::string DocsBlock(const std::string& name) {
  std::FILE* file = std::fopen(DRIFTDB_WAL_FORMAT_PAGE, "rb");
  REQUIRE(file != nullptr);
  std::string page(1 << 16, '\0');
  page.resize(std::fread(page.data(), 1, page.size(), file));
  std::fclose(file);
  const std::string head = "```hex " + name + "\n";
  const size_t begin = page.find(head);
  REQUIRE(begin != std::string::npos);
  return page.substr(begin + head.size(),
                     page.find("```\n", begin + head.size()) - begin - head.size());
}

TEST_CASE("wal format: the worked example of the format page is what the code writes", "[wal]") {
  std::string block(kSegmentHeaderBytes, 'x');
  EncodeSegmentHeader(ExampleSegment(), block.data());
  CHECK(HexLines(std::string_view(block).substr(0, sizeof(SegmentHeader))) == DocsBlock("segment"));
  CHECK(std::string_view(block).substr(sizeof(SegmentHeader)).find_first_not_of('\0') ==
        std::string_view::npos);
  CHECK(HexLines(ExampleFrame()) == DocsBlock("frame"));
}

TEST_CASE("wal format: a header survives coding, and any flipped bit makes it damaged (WAL-1)",
          "[wal]") {
  std::string block(kSegmentHeaderBytes, '\0');
  SegmentHeader header;
  CHECK(DecodeSegmentHeader(block, &header) == HeaderState::kBlank);
  CHECK(DecodeSegmentHeader({}, &header) == HeaderState::kBlank);
  EncodeSegmentHeader(ExampleSegment(), block.data());
  block.resize(sizeof(SegmentHeader));
  REQUIRE(DecodeSegmentHeader(block, &header) == HeaderState::kValid);
  CHECK(header.number == 7);
  CHECK(header.previous_chain == Hash128{1, 2});
  CHECK(CheckSegmentHeader(header, ExampleSegment().database, "f").ok());
  for (size_t bit = 0; bit < block.size() * 8; ++bit) {
    block[bit / 8] = static_cast<char>(block[bit / 8] ^ (1 << bit % 8));
    if (DecodeSegmentHeader(block, &header) != HeaderState::kDamaged) FAIL("bit " << bit);
    block[bit / 8] = static_cast<char>(block[bit / 8] ^ (1 << bit % 8));
  }
  for (size_t size = 1; size < block.size(); ++size) {
    if (DecodeSegmentHeader(std::string_view(block).substr(0, size), &header) !=
        HeaderState::kDamaged) {
      FAIL("size " << size);
    }
  }
}

TEST_CASE("wal format: a frame is refused with any bit flipped or any byte missing (WAL-7)",
          "[wal]") {
  std::string frame = ExampleFrame();
  const uint64_t tag = DatabaseTag(ExampleSegment().database);
  FrameHeader header;
  REQUIRE(DecodeFrame(frame, tag, &header));
  CHECK(header.commit_time == 1'700'000'000'000'000);
  CHECK_FALSE(DecodeFrame(frame, tag + 1, &header));
  for (size_t bit = 0; bit < frame.size() * 8; ++bit) {
    frame[bit / 8] = static_cast<char>(frame[bit / 8] ^ (1 << bit % 8));
    if (DecodeFrame(frame, tag, &header)) FAIL("bit " << bit);
    frame[bit / 8] = static_cast<char>(frame[bit / 8] ^ (1 << bit % 8));
  }
  for (size_t size = 0; size < frame.size(); ++size) {
    if (DecodeFrame(std::string_view(frame).substr(0, size), tag, &header)) FAIL("size " << size);
  }
}

TEST_CASE(
    "wal format: a valid header of another version, database or cipher is refused by name (WAL-1)",
    "[wal]") {
  SegmentHeader header = ExampleSegment();
  const Uuid database = header.database;
  header.format_version = 9;
  Status status = CheckSegmentHeader(header, database, "f");
  CHECK(status.sqlstate() == sqlstate::kFeatureNotSupported);
  CHECK(std::string(status.message()).find("version 9") != std::string::npos);
  CHECK(std::string(status.message()).find("up to 1") != std::string::npos);
  header = ExampleSegment();
  status = CheckSegmentHeader(header, kTestDatabase, "f");
  CHECK(status.sqlstate() == sqlstate::kObjectNotInState);
  CHECK(std::string(status.message()).find("00112233-4455-6677-8899-aabbccddeeff") !=
        std::string::npos);
  header.cipher = 1;
  CHECK(CheckSegmentHeader(header, database, "f").sqlstate() == sqlstate::kFeatureNotSupported);
  header = ExampleSegment();
  header.block_bytes = 513;
  CHECK(CheckSegmentHeader(header, database, "f").sqlstate() == sqlstate::kDataCorrupted);
  header = ExampleSegment();
  header.first_lsn = ~uint64_t{0};
  CHECK(CheckSegmentHeader(header, database, "f").sqlstate() == sqlstate::kDataCorrupted);
}

}  // namespace
}  // namespace driftdb::wal
