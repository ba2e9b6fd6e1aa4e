#include "compare/child_process.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "base/error.h"

namespace driftdb::compare {
namespace {

struct ChildMessage {
  bool ok = false;
  ChildValues values{};
  char error[400] = {};
};

[[noreturn]] void RunChildSide(const std::function<Result<ChildValues>()>& work, int out) {
  ChildMessage message;
  Result<ChildValues> result = work();
  message.ok = result.ok();
  if (result.ok()) {
    message.values = *result;
  } else {
    const std::string_view text = result.status().message();
    std::memcpy(message.error, text.data(), std::min(text.size(), sizeof message.error - 1));
  }
  const ssize_t written = write(out, &message, sizeof message);
  // No destructors and no exit handlers: they belong to the parent.
  _exit(written == static_cast<ssize_t>(sizeof message) ? 0 : 1);
}

}  // namespace

Result<ChildReport> RunInChild(const std::function<Result<ChildValues>()>& work) {
  int ends[2];
  if (pipe(ends) != 0) {
    return ErrnoError(errno, "pipe", "");
  }
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child < 0) {
    return ErrnoError(errno, "fork", "");
  }
  if (child == 0) {
    close(ends[0]);
    RunChildSide(work, ends[1]);
  }
  close(ends[1]);
  ChildMessage message;
  const ssize_t got = read(ends[0], &message, sizeof message);
  close(ends[0]);
  int wait_status = 0;
  struct rusage usage = {};
  while (wait4(child, &wait_status, 0, &usage) < 0) {
    if (errno != EINTR) {
      return ErrnoError(errno, "wait4", "");
    }
  }
  if (got != static_cast<ssize_t>(sizeof message)) {
    return InternalError("the child process died (wait status {:#x})", wait_status);
  }
  if (!message.ok) {
    return InternalError("{}", message.error);
  }
  return ChildReport{message.values, static_cast<double>(usage.ru_maxrss) / 1024.0};
}

}  // namespace driftdb::compare
