// What a durable commit costs: the floor (one aligned write and one fdatasync, no log code), the
// log writer with 1, 4 and 16 threads, and the writer's own processor time over an in-memory file.
// Excluded: transactions, record building. Supports: C10 (block size, O_DIRECT) and the group
// commit protocol in docs/internals/wal_format.md. Files go to a directory made in the current one.
#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <string>

#include <benchmark/benchmark.h>

#include "platform/clock.h"
#include "platform/mutex.h"
#include "platform/vfs.h"
#include "wal/log_writer.h"

namespace driftdb::wal {
namespace {

constexpr char kBenchDirectory[] = "commit-bench-wal";
constexpr size_t kBenchRecordBytes = 100;

void DeleteBenchFiles(platform::Vfs* vfs) {
  Result<std::vector<std::string>> names = vfs->List(kBenchDirectory);
  if (!names.ok()) return;
  for (const std::string& name : *names) {
    const Status deleted = vfs->Delete(std::string(kBenchDirectory) + "/" + name);
    if (!deleted.ok()) std::abort();
  }
}

// range(0): 0 buffered, 1 direct; range(1): bytes per write.
void BM_RawWriteAndSync(benchmark::State& state) {
  platform::Vfs* vfs = platform::PosixVfs();
  (void)vfs->MakeDirectory(kBenchDirectory).ok();
  platform::OpenOptions options;
  options.mode = platform::OpenMode::kCreate;
  options.direct = state.range(0) != 0;
  std::unique_ptr<platform::File> file =
      std::move(vfs->Open(std::string(kBenchDirectory) + "/raw", options).value());
  constexpr uint64_t kFileBytes = 16 << 20;
  if (!FillWithZeros(file.get(), 0, kFileBytes).ok() || !file->Sync().ok()) std::abort();
  const size_t size = static_cast<size_t>(state.range(1));
  alignas(4096) static char bytes[4096] = {1};
  uint64_t at = 0;
  for (auto _ : state) {
    if (!file->WriteAt(at, bytes, size).ok() || !file->Sync().ok()) std::abort();
    at = (at + size) % kFileBytes;
  }
  state.SetItemsProcessed(state.iterations());
  file.reset();
  DeleteBenchFiles(vfs);
}
BENCHMARK(BM_RawWriteAndSync)->Args({0, 4096})->Args({1, 512})->Args({1, 4096})->UseRealTime();

struct CommitBench {
  platform::SpinLatch commit_latch;
  std::unique_ptr<platform::Vfs> memory;
  std::unique_ptr<LogWriter> writer;
};
CommitBench* commit_bench = nullptr;

void OpenCommitBench(bool in_memory) {
  commit_bench = new CommitBench;
  platform::Vfs* vfs = platform::PosixVfs();
  if (in_memory) {
    commit_bench->memory = platform::MakeMemoryVfs();
    vfs = commit_bench->memory.get();
  }
  (void)vfs->MakeDirectory(kBenchDirectory).ok();
  WriterOptions options;
  options.database[0] = 1;
  options.clock = platform::SystemClock();
  Result<std::unique_ptr<LogWriter>> writer = LogWriter::Open(vfs, kBenchDirectory, options);
  if (!writer.ok()) std::abort();
  commit_bench->writer = std::move(writer).value();
}

void CloseCommitBench(benchmark::State& state, bool in_memory) {
  const LogCounters counters = commit_bench->writer->counters();
  state.counters["group"] = static_cast<double>(counters.appends) /
                            static_cast<double>(std::max<uint64_t>(1, counters.groups));
  if (!commit_bench->writer->Close().ok()) std::abort();
  commit_bench->writer.reset();
  if (!in_memory) DeleteBenchFiles(platform::PosixVfs());
  delete commit_bench;
}

void CommitLoop(benchmark::State& state, bool in_memory) {
  if (state.thread_index() == 0) OpenCommitBench(in_memory);
  const std::string record(kBenchRecordBytes, 'r');
  int64_t done = 0;
  for (auto _ : state) {
    LogWriter* const writer = commit_bench->writer.get();
    if (!writer->PrepareSpace(record.size()).ok()) std::abort();
    commit_bench->commit_latch.Lock();
    Result<LogWriter::Reservation> place = writer->Reserve(record.size(), 1, 0);
    commit_bench->commit_latch.Unlock();
    if (!place.ok()) std::abort();
    std::memcpy(place->to, record.data(), record.size());
    writer->Complete(*place);
    if (!writer->WaitDurable(place->end).ok()) std::abort();
    // A checkpoint now and then, so that segments are recycled.
    if (state.thread_index() == 0 && ++done % 10000 == 0) {
      if (!writer->RecycleBefore(writer->durable_lsn()).ok()) std::abort();
    }
  }
  state.SetItemsProcessed(state.iterations());
  if (state.thread_index() == 0) CloseCommitBench(state, in_memory);
}

void BM_Commit(benchmark::State& state) { CommitLoop(state, false); }
BENCHMARK(BM_Commit)->Threads(1)->Threads(4)->Threads(16)->UseRealTime();

void BM_CommitInMemory(benchmark::State& state) { CommitLoop(state, true); }
BENCHMARK(BM_CommitInMemory)->Threads(1)->UseRealTime();

}  // namespace
}  // namespace driftdb::wal
