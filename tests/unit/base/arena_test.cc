#include "base/arena.h"

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

namespace driftdb {

TEST_CASE("arena: every allocation is aligned as asked", "[base]") {
  Arena arena(64);
  for (size_t alignment = 1; alignment <= 16; alignment *= 2) {
    for (size_t bytes = 1; bytes < 40; ++bytes) {
      const char* p = arena.Allocate(bytes, alignment);
      INFO("bytes " << bytes << ", alignment " << alignment);
      REQUIRE(reinterpret_cast<uintptr_t>(p) % alignment == 0);
    }
  }
}

TEST_CASE("arena: allocations do not overlap and keep their bytes while the arena grows",
          "[base]") {
  Arena arena(32);
  std::vector<std::pair<std::string_view, std::string>> copies;
  for (int i = 0; i < 2000; ++i) {
    std::string text(static_cast<size_t>(i % 97), static_cast<char>('a' + i % 26));
    copies.emplace_back(arena.Copy(text), text);
  }
  for (const auto& [copy, text] : copies) REQUIRE(copy == text);
}

TEST_CASE("arena: a request above the block size gets a block of its own", "[base]") {
  Arena arena(64);
  char* large = arena.Allocate(3 << 20);
  std::memset(large, 1, 3 << 20);
  REQUIRE(arena.allocated_bytes() >= (3u << 20));
}

TEST_CASE("arena: allocated_bytes counts blocks, not requests, and Reset gives all back",
          "[base]") {
  Arena arena(4096);
  REQUIRE(arena.allocated_bytes() == 0);
  arena.Allocate(1);
  REQUIRE(arena.allocated_bytes() == 4096);
  arena.Allocate(4000);
  REQUIRE(arena.allocated_bytes() == 4096);
  arena.Allocate(4000);
  REQUIRE(arena.allocated_bytes() == 4096 + 8192);
  arena.Reset();
  REQUIRE(arena.allocated_bytes() == 0);
  REQUIRE(arena.Copy("again") == "again");
}

TEST_CASE("arena: a moved-to arena owns the bytes", "[base]") {
  Arena from(64);
  const std::string_view copy = from.Copy("kept");
  Arena to(std::move(from));
  REQUIRE(copy == "kept");
  REQUIRE(to.allocated_bytes() == 64);
}

}  // namespace driftdb
