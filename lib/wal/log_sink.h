// LogSink: who wants to know what became durable. The transaction manager advances its published
// watermark from it, replication and archiving ship the frames. Implemented above or beside wal/.
// Threads: called by the leader of a group, one call at a time, in log order, before any waiter of
// the group is woken; so it must be quick, must not block on I/O, and must not call WaitDurable.
#ifndef DRIFTDB_WAL_LOG_SINK_H_
#define DRIFTDB_WAL_LOG_SINK_H_

#include <span>

#include "wal/log_format.h"

namespace driftdb::wal {

class LogSink {
 public:
  virtual ~LogSink() = default;
  // `frames` became durable together; their views are valid during the call only.
  virtual void FramesDurable(std::span<const Frame> frames) = 0;
};

}  // namespace driftdb::wal

#endif  // DRIFTDB_WAL_LOG_SINK_H_
