// CheckStorage: reads the whole database and compares what is stored twice: every visible row with
// the entries of every index of its table, both ways; unique indexes for duplicates; seals, order
// and digests of sealed data and index pages. Serves driftdb_check and the tests. Problems are
// sentences for people, at most kCheckProblemsMax; an error is returned only when the check itself
// could not go on. Rows that change while the check runs are looked at again and judged by their
// newest version, or left out while somebody holds them. Threads: safe beside everything else.
#ifndef DRIFTDB_TXN_CHECK_H_
#define DRIFTDB_TXN_CHECK_H_

#include <string>
#include <vector>

#include "base/status.h"

namespace driftdb::txn {

class Engine;

inline constexpr size_t kCheckProblemsMax = 100;

Status CheckStorage(Engine* engine, std::vector<std::string>* problems);

}  // namespace driftdb::txn

#endif  // DRIFTDB_TXN_CHECK_H_
