// Goal: the free map never hands out a granule twice and forgets none. Method: random operations
// against a model that keeps a state per granule.
#include "storage/page/free_map.h"

#include <map>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "platform/rng.h"

namespace driftdb::storage {

TEST_CASE("free map: best fit, lowest address, coalescing", "[storage][page]") {
  FreeMap map(17);
  const uint64_t a = map.Allocate(10);
  const uint64_t b = map.Allocate(5);
  const uint64_t c = map.Allocate(7);
  CHECK(a == 17);
  CHECK(b == 27);
  CHECK(c == 32);
  map.FreeNow({a, 10});
  map.FreeNow({b, 5});
  CHECK(map.largest_free() == 15);
  CHECK(map.Allocate(12) == a);
  CHECK(map.Allocate(4) == 39);  // 3 free granules do not fit
  CHECK(map.Allocate(3) == 29);
  CHECK(map.free_granules() == 0);
}

TEST_CASE("free map: released granules wait for the checkpoint that began later",
          "[storage][page][MAP-2]") {
  FreeMap map(17);
  const uint64_t a = map.Allocate(4);
  const uint64_t b = map.Allocate(4);
  map.MarkReferenced({a, 4});
  map.MarkReferenced({b, 4});
  map.Release({a, 4}, 1);
  map.BeginCheckpoint();
  map.Release({b, 4}, 2);
  uint64_t end = 0;
  const std::string stored = map.Serialize({}, &end);
  auto reopened = FreeMap::Deserialize(stored, end);
  REQUIRE(reopened.ok());
  CHECK(reopened->IsFree({a, 4}));
  CHECK_FALSE(reopened->IsFree({b, 4}));
  CHECK_FALSE(map.IsFree({a, 4}));
  for (const PendingRange& pending : map.FinishCheckpoint()) map.FreePending(pending);
  CHECK(map.IsFree({a, 4}));
  CHECK_FALSE(map.IsFree({b, 4}));
  map.BeginCheckpoint();
  map.AbandonCheckpoint();
  map.BeginCheckpoint();
  for (const PendingRange& pending : map.FinishCheckpoint()) map.FreePending(pending);
  CHECK(map.IsFree({a, 8}));
}

TEST_CASE("free map: uncommitted extents are free in the map, claims take them back",
          "[storage][page][C18]") {
  FreeMap map(17);
  const uint64_t committed = map.Allocate(6);
  const uint64_t bulk = map.Allocate(9);
  const uint64_t later = map.Allocate(2);
  map.MarkReferenced({committed, 6});
  map.MarkReferenced({later, 2});
  uint64_t end = 0;
  const std::string stored = map.Serialize({}, &end);
  auto reopened = FreeMap::Deserialize(stored, end);
  REQUIRE(reopened.ok());
  CHECK(reopened->IsFree({bulk, 9}));
  REQUIRE(reopened->Claim({bulk, 4}).ok());
  REQUIRE(reopened->Claim({bulk, 4}).ok());
  REQUIRE(reopened->Claim({committed, 6}).ok());
  CHECK(reopened->Claim({bulk + 2, 4}).sqlstate() == sqlstate::kDataCorrupted);
  REQUIRE(reopened->Claim({end + 10, 3}).ok());
  CHECK(reopened->end() == end + 13);
  CHECK(reopened->Allocate(5) == bulk + 4);
}

TEST_CASE("free map: damaged bytes are refused or give a map within bounds", "[storage][page]") {
  FreeMap map(17);
  std::vector<uint64_t> starts;
  for (int i = 0; i < 40; ++i) starts.push_back(map.Allocate(1 + i % 7));
  for (int i = 0; i < 40; ++i) map.MarkReferenced({starts[i], static_cast<uint64_t>(1 + i % 7)});
  for (int i = 0; i < 40; i += 2) map.FreeNow({starts[i], static_cast<uint64_t>(1 + i % 7)});
  uint64_t end = 0;
  const std::string stored = map.Serialize({}, &end);
  for (size_t i = 0; i < stored.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string bad = stored;
      bad[i] = static_cast<char>(bad[i] ^ (1 << bit));
      auto got = FreeMap::Deserialize(bad, end);
      if (got.ok()) CHECK(got->free_granules() <= end);
    }
    CHECK_FALSE(FreeMap::Deserialize(std::string_view(stored).substr(0, i), end).ok());
  }
}

TEST_CASE("free map: opening keeps what the checkpoint names and frees the rest",
          "[storage][page][MAP-4]") {
  FreeMap map(30);
  map.FreeNow({20, 2});
  CHECK(map.KeepOnly(17, {{18, 2}, {24, 3}}).ok());
  CHECK(map.IsFree({17, 1}));
  CHECK_FALSE(map.IsFree({18, 1}));
  CHECK_FALSE(map.IsFree({19, 1}));
  CHECK(map.IsFree({20, 4}));
  CHECK_FALSE(map.IsFree({26, 1}));
  CHECK(map.IsFree({27, 3}));
  CHECK(map.free_granules() == 8);
  const auto refused = [&map](const std::vector<GranuleRange>& used) {
    FreeMap copy = map;
    return copy.KeepOnly(17, used).sqlstate() == sqlstate::kDataCorrupted;
  };
  CHECK(refused({{16, 2}}));           // a superblock
  CHECK(refused({{18, 2}, {19, 1}}));  // twice
  CHECK(refused({{29, 2}}));           // beyond the end
  CHECK(refused({{24, ~uint64_t{0}}}));
  CHECK(refused({{20, 1}}));  // free
  CHECK(refused({{18, 3}}));  // in part
  CHECK(refused({{23, 2}}));
  CHECK_FALSE(refused({{24, 3}}));
  CHECK_FALSE(refused({}));
}

TEST_CASE("free map: random operations agree with a model", "[storage][page][MAP-1]") {
  const uint64_t seed = GENERATE(1, 2, 3, 4, 5);
  CAPTURE(seed);
  platform::Rng rng(seed);
  FreeMap map(17);
  std::map<uint64_t, uint64_t> used;     // start -> count
  std::map<uint64_t, uint64_t> waiting;  // released
  for (int step = 0; step < 4000; ++step) {
    const uint64_t what = rng.Below(10);
    if (what < 5) {
      const uint64_t count = 1 + rng.Below(30);
      const uint64_t start = map.Allocate(count);
      for (const auto* ranges : {&used, &waiting}) {
        auto next = ranges->lower_bound(start);
        REQUIRE((next == ranges->end() || start + count <= next->first));
        if (next != ranges->begin()) {
          --next;
          REQUIRE(next->first + next->second <= start);
        }
      }
      used[start] = count;
      if (rng.Below(2) == 0) map.MarkReferenced({start, count});
    } else if (what < 9 && !used.empty()) {
      auto victim = std::next(used.begin(), static_cast<long>(rng.Below(used.size())));
      if (rng.Below(3) == 0) {
        map.FreeNow({victim->first, victim->second});
      } else {
        map.Release({victim->first, victim->second}, 0);
        waiting.insert(*victim);
      }
      used.erase(victim);
    } else {
      map.BeginCheckpoint();
      for (const PendingRange& pending : map.FinishCheckpoint()) {
        map.FreePending(pending);
        REQUIRE(waiting.erase(pending.range.start) == 1);
      }
      REQUIRE(waiting.empty());
    }
    uint64_t in_use = 0;
    for (const auto* ranges : {&used, &waiting}) {
      for (const auto& [start, count] : *ranges) in_use += count;
    }
    REQUIRE(in_use + map.free_granules() == map.end() - 17);
  }
}

}  // namespace driftdb::storage
