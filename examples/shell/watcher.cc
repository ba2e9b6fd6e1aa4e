#include "watcher.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>

namespace shell {

sigjmp_buf g_prompt_jump;
volatile sig_atomic_t g_prompt_active = 0;

namespace {

constexpr int kFirstBarMs = 1000;
constexpr int kBarIntervalMs = 200;
constexpr int kBarColumns = 40;

int g_watcher_pipe = -1;
volatile sig_atomic_t g_statement_runs = 0;
volatile sig_atomic_t g_interrupted = 0;
bool g_interactive = false;

void HandleInterrupt(int) {
  const int saved = errno;
  if (g_prompt_active != 0) {
    g_prompt_active = 0;
    siglongjmp(g_prompt_jump, 1);
  }
  if (g_statement_runs == 0 && !g_interactive) _exit(130);
  g_interrupted = 1;
  const ssize_t ignored = write(g_watcher_pipe, "i", 1);
  static_cast<void>(ignored);
  errno = saved;
}

long long NowMs() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace

Watcher::Watcher(bool interactive) {
  if (pipe2(pipe_, O_CLOEXEC) != 0)
    return;  // without the pipe Ctrl-C ends the shell, nothing worse
  g_watcher_pipe = pipe_[1];
  g_interactive = interactive;
  // The new thread inherits the mask: the signal goes to the thread that may be at the prompt.
  sigset_t interrupt, before;
  sigemptyset(&interrupt);
  sigaddset(&interrupt, SIGINT);
  pthread_sigmask(SIG_BLOCK, &interrupt, &before);
  thread_ = std::thread([this] { Loop(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  struct sigaction action {};
  action.sa_handler = HandleInterrupt;
  action.sa_flags = SA_RESTART;
  sigaction(SIGINT, &action, nullptr);
}

Watcher::~Watcher() {
  if (!thread_.joinable()) return;
  std::signal(SIGINT, SIG_DFL);
  const ssize_t ignored = write(pipe_[1], "q", 1);
  static_cast<void>(ignored);
  thread_.join();
  close(pipe_[0]);
  close(pipe_[1]);
}

void Watcher::Begin(driftdb_connection* connection, bool progress_bar) {
  const std::lock_guard lock(mutex_);
  running_ = connection;
  progress_bar_ = progress_bar;
  g_statement_runs = 1;
  if (!progress_bar) return;
  begin_ms_ = NowMs();
  const ssize_t ignored = write(pipe_[1], "b", 1);
  static_cast<void>(ignored);
}

void Watcher::RowsFollow() {
  const std::lock_guard lock(mutex_);
  progress_bar_ = false;
  Erase();
}

void Watcher::End() {
  const std::lock_guard lock(mutex_);
  progress_bar_ = false;
  running_ = nullptr;
  g_statement_runs = 0;
  Erase();
}

bool Watcher::TakeInterrupted() {
  const bool interrupted = g_interrupted != 0;
  g_interrupted = 0;
  return interrupted;
}

void Watcher::Loop() {
  bool bar = false;
  while (true) {
    pollfd waiting{pipe_[0], POLLIN, 0};
    const int ready = poll(&waiting, 1, bar ? kBarIntervalMs : -1);
    char byte = 0;
    if (ready > 0 && read(pipe_[0], &byte, 1) != 1) return;
    if (byte == 'q') return;
    const std::lock_guard lock(mutex_);
    if (byte == 'i' && running_ != nullptr) driftdb_interrupt(running_);
    bar = progress_bar_;
    if (bar && NowMs() - begin_ms_ >= kFirstBarMs) Draw();
  }
}

void Watcher::Draw() {
  const double percent = running_ == nullptr ? -1 : driftdb_progress(running_);
  if (percent < 0) return;
  const int filled = static_cast<int>(percent / 100 * kBarColumns);
  std::fprintf(stderr, "\r%3d%% [", static_cast<int>(percent));
  for (int i = 0; i < kBarColumns; ++i) std::fputc(i < filled ? '#' : ' ', stderr);
  std::fputs("] ", stderr);
  std::fflush(stderr);
  drawn_ = true;
}

void Watcher::Erase() {
  if (!drawn_) return;
  std::fputs("\r\033[K", stderr);
  std::fflush(stderr);
  drawn_ = false;
}

}  // namespace shell
