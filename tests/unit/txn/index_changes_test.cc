// Covers: lib/txn/index_changes.cc
#include "txn/index_changes.h"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

namespace driftdb::txn {
namespace {

std::string ChangesKey(uint64_t i) { return std::string(i % 300, static_cast<char>('a' + i % 26)); }

TEST_CASE("index changes: come back latest first, count against the limit, and are given back",
          "[txn]") {
  MemoryAccountant memory(size_t{4} << 20);
  IndexChanges changes(&memory);
  constexpr uint64_t kCount = 5000;
  for (uint64_t i = 0; i < kCount; ++i) {
    const std::string key = ChangesKey(i);
    REQUIRE(changes.Reserve(key.size()).ok());
    changes.Push({nullptr, RowId(i), static_cast<uint32_t>(key.size()), storage::EntryState::kAnti},
                 key);
  }
  CHECK(changes.count() == kCount);
  CHECK(memory.used_bytes() > kCount * 150);
  for (uint64_t i = kCount; i-- > 10;) {
    REQUIRE(changes.last().row == RowId(i));
    REQUIRE(changes.last_key() == ChangesKey(i));
    changes.Pop();
  }
  CHECK(memory.used_bytes() == 0);
  CHECK(changes.last().row == RowId(9));
  changes.Clear();
  CHECK(changes.count() == 0);
  Status status;
  const std::string key(1000, 'k');
  while (status.ok()) {
    status = changes.Reserve(key.size());
    if (status.ok()) changes.Push({nullptr, RowId(1), 1000, storage::EntryState::kEntry}, key);
  }
  CHECK(status.sqlstate() == sqlstate::kOutOfMemory);
  CHECK(changes.last_key() == key);
  changes.Clear();
  CHECK(memory.used_bytes() == 0);
}

}  // namespace
}  // namespace driftdb::txn
