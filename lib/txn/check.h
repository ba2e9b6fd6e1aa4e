// CheckStorage: does everything in a database agree with everything else.
// Checks: every page and digest of every index; every entry of an index names a row that carries the key, or is stale; every
// visible row has its entry in every index; unique keys are unique.
// Threads: runs beside other work, on one snapshot.
#ifndef DRIFTDB_TXN_CHECK_H_
#define DRIFTDB_TXN_CHECK_H_

#include <string>
#include <vector>

#include "base/status.h"
#include "txn/engine.h"

namespace driftdb::txn {

// Appends a line for each problem. Errors: only what keeps the check itself from running.
Status CheckStorage(Engine* engine, std::vector<std::string>* problems);

}  // namespace driftdb::txn

#endif  // DRIFTDB_TXN_CHECK_H_
