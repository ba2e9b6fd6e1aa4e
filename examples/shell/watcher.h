// A thread beside the running statement: hands Ctrl-C to it and draws the progress bar.
// The signal handler only writes to a pipe, because driftdb_interrupt may take locks.
// Threads: Begin, RowsFollow and End are called by the thread that runs statements.
#ifndef DRIFTDB_EXAMPLES_SHELL_WATCHER_H_
#define DRIFTDB_EXAMPLES_SHELL_WATCHER_H_

#include <csetjmp>
#include <csignal>
#include <mutex>
#include <thread>

#include "driftdb/driftdb.h"

namespace shell {

class Watcher {
 public:
  // Installs the handler of SIGINT. Outside a statement the signal ends a shell that is not
  // interactive.
  explicit Watcher(bool interactive);
  ~Watcher();
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;

  void Begin(driftdb_connection* connection, bool progress_bar);
  // Takes the bar away before output is written.
  void RowsFollow();
  void End();
  // Ctrl-C was pressed since the last call of this.
  bool TakeInterrupted();

 private:
  void Loop();
  void Draw();
  void Erase();

  int pipe_[2] = {-1, -1};
  std::mutex mutex_;
  driftdb_connection* running_ = nullptr;  // under mutex_
  bool progress_bar_ = false;              // under mutex_
  bool drawn_ = false;                     // under mutex_
  long long begin_ms_ = 0;                 // under mutex_
  std::thread thread_;
};

// While the terminal's line editor reads, Ctrl-C jumps here and starts a fresh line, as in psql.
extern sigjmp_buf g_prompt_jump;
extern volatile sig_atomic_t g_prompt_active;

}  // namespace shell

#endif  // DRIFTDB_EXAMPLES_SHELL_WATCHER_H_
