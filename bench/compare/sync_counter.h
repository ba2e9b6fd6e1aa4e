// Counts the sync calls of every engine with one instrument.
//
// How: the executable defines fsync and fdatasync and exports them, so the
// dynamic linker resolves the calls of libsqlite3, libduckdb and the statically linked DriftDB to
// these counting forwarders. Writes with a sync flag (RWF_DSYNC, O_DSYNC) are not seen; an engine
// that uses them reports its own count (Engine::OwnSyncCount).
#ifndef DRIFTDB_BENCH_COMPARE_SYNC_COUNTER_H_
#define DRIFTDB_BENCH_COMPARE_SYNC_COUNTER_H_

#include <cstdint>
#include <string>

namespace driftdb::compare {

// Calls to fsync and fdatasync since the start of the process.
int64_t SyncCount();

// The device's floor: microseconds for overwriting 512 bytes of an allocated file at `path` and
// fdatasync, the median over `seconds`. Not counted as a sync of an engine. Negative: I/O error.
double SyncFloor(const std::string& path, double seconds);

}  // namespace driftdb::compare

#endif  // DRIFTDB_BENCH_COMPARE_SYNC_COUNTER_H_
