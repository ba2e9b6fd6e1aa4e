// kill -9 on the real file system. A child runs writers that report each acknowledged commit over a
// pipe; the parent kills it at a random moment, opens the directory and checks that every reported
// commit is there, that transactions are all or nothing, and that indexes agree. Repeated on the
// same directory: kill_test DIRECTORY [ROUNDS [SEED]].
//
// Writer w's transaction n does in one commit: inserts row (w, n) into `a`, moves the writer's row
// of `b` to n (value and key), and deletes row n - 100 of `a`. So after recovery b's value N of
// writer w says which rows of `a` must be there: (N - 100, N].
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "platform/rng.h"
#include "platform/thread.h"
#include "txn/txn_bed.h"

namespace driftdb::txn {

namespace {

constexpr int kKillWriters = 4;
constexpr int64_t kKillStride = 100'000'000;  // keys of writer w: w * stride + n
constexpr int64_t kKillKept = 100;

struct KillReport {
  int32_t writer;
  int32_t padding = 0;
  int64_t number;
};

[[noreturn]] void KillFail(const std::string& what) {
  std::fprintf(stderr, "kill_test: %s\n", what.c_str());
  std::exit(1);
}
void KillOk(const Status& status, const char* what) {
  if (!status.ok()) KillFail(std::string(what) + ": " + std::string(status.message()));
}

int64_t KillKey(int writer, int64_t n) { return (writer + 1) * kKillStride + n; }

Status KillTransaction(BedSession* session, int w, int64_t n) {
  session->Begin();
  const auto run = [&]() -> Status {
    const int64_t k = KillKey(w, n);
    DRIFTDB_RETURN_IF_ERROR(
        session->Insert("a", {{k, n % 10, k, std::string(static_cast<size_t>(n % 200), 'x')}}));
    DRIFTDB_ASSIGN_OR_RETURN(const size_t moved,
                             session->Update("b", {KillKey(w, n - 1)}, [&](BedRow* row) {
                               row->k = k;
                               row->v = n;
                             }));
    if (moved != 1) return InternalError("writer {} has {} rows in b", w, moved);
    if (n > kKillKept) {
      DRIFTDB_ASSIGN_OR_RETURN(const size_t gone,
                               session->Delete("a", {KillKey(w, n - kKillKept)}));
      if (gone != 1) return InternalError("row {} of writer {} was gone", n - kKillKept, w);
    }
    return OkStatus();
  };
  const Status status = run();
  if (!status.ok()) {
    session->Abort();
    return status;
  }
  return session->Commit();
}

void KillWriter(TxnBed* bed, int w, int64_t n, int pipe) {
  BedSession session(bed);
  for (;; ++n) {
    KillOk(KillTransaction(&session, w, n), "commit");
    const KillReport report{w, 0, n};
    if (write(pipe, &report, sizeof(report)) != sizeof(report)) return;
  }
}

TxnBed KillBed(const std::string& directory, bool background) {
  TxnBed bed(platform::PosixVfs());
  bed.options.directory = directory;
  bed.options.background = background;
  return bed;
}

[[noreturn]] void KillChild(const std::string& directory, const int64_t* last, int pipe) {
  TxnBed bed = KillBed(directory, true);
  KillOk(bed.Open(), "open in the child");
  std::vector<platform::Thread> threads;
  for (int w = 0; w < kKillWriters; ++w) {
    auto thread = platform::Thread::Start(
        "writer", [&bed, w, last, pipe] { KillWriter(&bed, w, last[w] + 1, pipe); });
    threads.push_back(std::move(*thread));
  }
  for (;;) {
    platform::SleepMicros(40'000);
    KillOk(bed.engine->Checkpoint(), "checkpoint");
  }
}

void KillVerify(const std::string& directory, const int64_t* acknowledged, int64_t* last) {
  TxnBed bed = KillBed(directory, false);
  KillOk(bed.Open(), "open after the kill");
  {
    BedSession session(&bed);
    const auto a = session.Rows("a");
    const auto b = session.Rows("b");
    KillOk(a.status(), "read a");
    KillOk(b.status(), "read b");
    if (b->size() != kKillWriters) KillFail("b has " + std::to_string(b->size()) + " rows");
    size_t rows = 0;
    for (int w = 0; w < kKillWriters; ++w) {
      const auto mine = b->lower_bound(KillKey(w, 0));
      const int64_t n = *mine->second.v;
      if (mine->first != KillKey(w, n)) KillFail("key and value of b disagree");
      if (n < acknowledged[w]) {
        KillFail("writer " + std::to_string(w) + " had commit " + std::to_string(acknowledged[w]) +
                 " acknowledged, found " + std::to_string(n));
      }
      for (int64_t i = std::max<int64_t>(1, n - kKillKept + 1); i <= n; ++i, ++rows) {
        if (a->count(KillKey(w, i)) == 0) KillFail("row " + std::to_string(i) + " is missing");
      }
      last[w] = n;
    }
    if (a->size() != rows) KillFail("a has rows of unfinished transactions");
  }
  std::vector<std::string> problems;
  KillOk(CheckStorage(bed.engine.get(), &problems), "check");
  if (!problems.empty()) KillFail(problems[0]);
  // Sometimes closed, sometimes dropped: the next child then replays the same log again.
  if (last[0] % 2 == 0) KillOk(bed.Close(), "close");
  bed.Drop();
}

void KillPrepare(const std::string& directory) {
  TxnBed bed = KillBed(directory, false);
  KillOk(bed.Open(), "first open");
  {
    BedSession session(&bed);
    KillOk(session.CreateTable("a"), "create a");
    KillOk(session.CreateTable("b"), "create b");
    for (int w = 0; w < kKillWriters; ++w) {
      KillOk(session.Insert("b", {{KillKey(w, 0), 0, std::nullopt, "writer"}}), "insert");
    }
  }
  KillOk(bed.Close(), "first close");
}

int64_t KillRound(const std::string& directory, int64_t* last, platform::Rng* rng) {
  int ends[2];
  if (pipe(ends) != 0) KillFail("pipe");
  const pid_t child = fork();
  if (child < 0) KillFail("fork");
  if (child == 0) {
    close(ends[0]);
    KillChild(directory, last, ends[1]);
  }
  close(ends[1]);
  // From "still opening" to "several checkpoints later".
  platform::SleepMicros(static_cast<int64_t>(rng->Below(300'000)));
  kill(child, SIGKILL);
  int64_t acknowledged[kKillWriters];
  std::copy(last, last + kKillWriters, acknowledged);
  int64_t commits = 0;
  KillReport report;
  while (read(ends[0], &report, sizeof(report)) == sizeof(report)) {
    acknowledged[report.writer] = std::max(acknowledged[report.writer], report.number);
    ++commits;
  }
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  if (!WIFSIGNALED(status)) KillFail("the child ended by itself");
  KillVerify(directory, acknowledged, last);
  return commits;
}

}  // namespace

}  // namespace driftdb::txn

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: kill_test DIRECTORY [ROUNDS [SEED]]\n");
    return 2;
  }
  const std::string directory = argv[1];
  const int rounds = argc > 2 ? std::atoi(argv[2]) : 10;
  const uint64_t seed =
      argc > 3 ? std::strtoull(argv[3], nullptr, 10) : static_cast<uint64_t>(getpid());
  std::printf("kill_test: seed %llu\n", static_cast<unsigned long long>(seed));
  driftdb::platform::Rng rng(seed);
  driftdb::txn::KillPrepare(directory);
  int64_t last[driftdb::txn::kKillWriters] = {};
  int64_t commits = 0;
  for (int round = 0; round < rounds; ++round) {
    commits += driftdb::txn::KillRound(directory, last, &rng);
  }
  std::printf("kill_test: %d kills, %lld acknowledged commits, none lost\n", rounds,
              static_cast<long long>(commits));
  return 0;
}
