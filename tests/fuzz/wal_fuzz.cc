// libFuzzer target: LogReader on junk. The input is laid out as segment files; a repair step then
// gives headers and frames the right checksums and chain, so that mutations reach the checks behind
// them. Build: clang++ -std=c++20 -fsanitize=fuzzer,address,undefined -Ilib tests/fuzz/wal_fuzz.cc
// lib/base/*.cc
//        lib/platform/*.cc lib/wal/*.cc -lfmt -lpthread
// Input: byte 0 = options (1 repair headers, 2 repair frames, 4 salvage, 8 also open a writer),
// then up to four pieces of equal size, each the contents of a segment with a header block of 256
// bytes.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>

#include "platform/clock.h"
#include "platform/vfs.h"
#include "wal/log_reader.h"
#include "wal/log_writer.h"

namespace driftdb::wal {
namespace {

constexpr size_t kFuzzHeaderBytes = 256;
constexpr Uuid kFuzzDatabase = {1, 2, 3};

struct FuzzChain {
  uint64_t lsn = 0;
  Hash128 hash;
};

void RepairHeader(uint64_t number, const FuzzChain& chain, std::string* file) {
  SegmentHeader header;
  std::memcpy(&header, file->data(), sizeof(header));
  header.magic = kSegmentMagic;
  // Some bits of the input stay in charge of what is broken.
  if ((file->at(200) & 1) == 0) header.format_version = kLogFormatVersion;
  if ((file->at(200) & 2) == 0) header.database = kFuzzDatabase;
  if ((file->at(200) & 4) == 0) header.number = number;
  if ((file->at(200) & 8) == 0) header.first_lsn = chain.lsn;
  if ((file->at(200) & 16) == 0) header.previous_chain = chain.hash;
  if ((file->at(200) & 32) == 0) header.epoch = 1;
  if ((file->at(200) & 64) == 0) header.block_bytes = 512;
  if ((file->at(201) & 1) == 0) header.cipher = 0;
  if ((file->at(201) & 2) == 0) header.segment_bytes = std::max<uint64_t>(file->size(), 8192);
  std::string block(kSegmentHeaderBytes, '\0');
  EncodeSegmentHeader(header, block.data());
  file->replace(0, block.size(), block);
}

void RepairFrames(FuzzChain* chain, std::string* file) {
  size_t at = kSegmentHeaderBytes;
  while (at + kFrameHeaderBytes <= file->size()) {
    FrameHeader header;
    std::memcpy(&header, file->data() + at, sizeof(header));
    const uint8_t broken = header.tag[0];
    header.tag = {};
    header.magic = kFrameMagic;
    header.payload_bytes %= 2048;
    if (at + kFrameHeaderBytes + header.payload_bytes > file->size()) return;
    header.database_tag = DatabaseTag(kFuzzDatabase);
    header.reserved = 0;
    if ((broken & 1) == 0) header.previous = chain->hash;
    if ((broken & 2) == 0) header.lsn = chain->lsn;
    if ((broken & 4) == 0) header.durable_lsn = chain->lsn;
    if ((broken & 8) == 0) header.epoch = 1;
    SealFrame(&header, file->data() + at);
    if ((broken & 16) != 0) (*file)[at] = static_cast<char>((*file)[at] ^ 1);
    chain->hash = header.chain;
    const uint64_t step = AlignToBlock(kFrameHeaderBytes + header.payload_bytes, 512);
    chain->lsn += step;
    at += step;
  }
}

[[noreturn]] void FuzzFail() { std::abort(); }

void Check(bool condition) {
  if (!condition) FuzzFail();
}

}  // namespace

void FuzzLog(const uint8_t* data, size_t size) {
  if (size < 1 + kFuzzHeaderBytes) return;
  const uint8_t flags = data[0];
  const std::string_view input(reinterpret_cast<const char*>(data + 1), size - 1);
  const size_t files = 1 + (flags >> 4) % 4;
  const size_t piece = input.size() / files;
  if (piece < kFuzzHeaderBytes) return;
  std::unique_ptr<platform::Vfs> vfs = platform::MakeMemoryVfs();
  Check(vfs->MakeDirectory("/wal").ok());
  FuzzChain chain;
  for (size_t i = 0; i < files; ++i) {
    std::string file(input.substr(i * piece, kFuzzHeaderBytes));
    file.resize(kSegmentHeaderBytes);
    file += input.substr(i * piece + kFuzzHeaderBytes, piece - kFuzzHeaderBytes);
    if ((flags & 1) != 0) RepairHeader(i + 1, chain, &file);
    if ((flags & 2) != 0) RepairFrames(&chain, &file);
    platform::OpenOptions options;
    options.mode = platform::OpenMode::kCreate;
    Check((*vfs->Open(SegmentPath("/wal", i + 1), options))
              ->WriteAt(0, file.data(), file.size())
              .ok());
  }
  ReaderOptions options;
  options.database = kFuzzDatabase;
  options.salvage = (flags & 4) != 0;
  uint64_t expected = 0;
  Result<LogEnd> end = ScanLog(vfs.get(), "/wal", options, [&expected](const Frame& frame) {
    Check(frame.lsn.value == expected);
    Check(frame.end > frame.lsn);
    expected = frame.end.value;
    return OkStatus();
  });
  if (!end.ok() || (flags & 8) == 0) return;
  // What a scan accepts, a writer can continue, and a second scan accepts again up to there.
  WriterOptions writing;
  writing.database = kFuzzDatabase;
  writing.position = end->position;
  writing.last_segment = end->last_segment;
  writing.clock = platform::SystemClock();
  writing.background = false;
  Result<std::unique_ptr<LogWriter>> writer = LogWriter::Open(vfs.get(), "/wal", writing);
  Check(writer.ok() || !end->damage.ok());
  if (!writer.ok()) return;
  const std::string_view pieces[] = {"after"};
  Check((*writer)->Append(pieces, 1, 0).ok() && (*writer)->Flush().ok());
  writer->reset();
  std::string last;
  Result<LogEnd> again = ScanLog(vfs.get(), "/wal", options, [&last](const Frame& frame) {
    last = frame.payload;
    return OkStatus();
  });
  Check(again.ok());
  if (end->damage.ok()) Check(last == "after" && again->frames == end->frames + 1);
}

}  // namespace driftdb::wal

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  driftdb::wal::FuzzLog(data, size);
  return 0;
}
