// Goal: memory_limit is met by eviction first, then by letting go of pins, then by 53200; lowering
// it evicts at once. Method: an accountant with a reclaimer that has a store of evictable bytes.
#include "base/memory.h"

#include <algorithm>

#include <catch2/catch.hpp>

#include "base/sqlstate.h"

namespace driftdb {
namespace {

struct MemoryTestPool : MemoryReclaimer {
  MemoryAccountant* accountant = nullptr;
  size_t evictable = 0;
  size_t Reclaim(size_t bytes) override {
    const size_t freed = std::min(bytes, evictable);
    evictable -= freed;
    accountant->Release(freed);
    return freed;
  }
};

// Pins that can be given up: they become evictable.
struct MemoryTestPins : MemoryReclaimer {
  MemoryTestPool* pool = nullptr;
  size_t pinned = 0;
  size_t Reclaim(size_t bytes) override {
    const size_t released = std::min(bytes, pinned);
    pinned -= released;
    pool->evictable += released;
    return released;
  }
};

}  // namespace

TEST_CASE("memory: eviction comes before unpinning, unpinning before the error") {
  MemoryAccountant accountant(100);
  MemoryTestPool pool;
  pool.accountant = &accountant;
  MemoryTestPins pins;
  pins.pool = &pool;
  accountant.set_reclaimer(&pool);
  accountant.set_unpinner(&pins);
  REQUIRE(accountant.Reserve(90, "pool").ok());
  pool.evictable = 40;
  pins.pinned = 30;
  REQUIRE(accountant.Reserve(30, "sort").ok());
  CHECK(pool.evictable == 20);
  CHECK(pins.pinned == 30);
  REQUIRE(accountant.Reserve(40, "sort").ok());
  CHECK(pool.evictable == 0);
  CHECK(pins.pinned == 10);
  const Status status = accountant.Reserve(20, "sort");
  REQUIRE_FALSE(status.ok());
  CHECK(status.sqlstate() == sqlstate::kOutOfMemory);
  CHECK(accountant.used_bytes() <= 100);
}

TEST_CASE("memory: a lower limit evicts at once") {
  MemoryAccountant accountant(100);
  MemoryTestPool pool;
  pool.accountant = &accountant;
  accountant.set_reclaimer(&pool);
  REQUIRE(accountant.Reserve(90, "pool").ok());
  pool.evictable = 60;
  accountant.set_limit_bytes(50);
  CHECK(accountant.used_bytes() == 50);
  CHECK(pool.evictable == 20);
}

}  // namespace driftdb
