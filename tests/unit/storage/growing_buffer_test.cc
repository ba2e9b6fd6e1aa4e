// Covers: lib/storage/page/growing_buffer.cc
#include "storage/page/growing_buffer.h"

#include <cstring>

#include <catch2/catch.hpp>

namespace driftdb::storage {
namespace {

TEST_CASE("growing buffer: grows in place, charges what is usable, keeps it when refused",
          "[storage][page]") {
  MemoryAccountant memory(size_t{1} << 20);
  {
    GrowingBuffer buffer(&memory, "test");
    REQUIRE(buffer.Open(size_t{8} << 20).ok());
    CHECK(memory.used_bytes() == 0);
    REQUIRE(buffer.Extend(100).ok());
    const char* const data = buffer.data();
    std::memset(buffer.data(), 7, buffer.size());
    const size_t first = buffer.size();
    CHECK(first >= 100);
    CHECK(memory.used_bytes() == first);
    REQUIRE(buffer.Extend(600'000).ok());
    CHECK(buffer.data() == data);
    CHECK(data[first - 1] == 7);
    CHECK(memory.peak_bytes() <= memory.limit_bytes());
    const size_t before = buffer.size();
    CHECK(buffer.Extend(size_t{2} << 20).sqlstate() == sqlstate::kOutOfMemory);
    CHECK(buffer.size() == before);
    CHECK(data[0] == 7);
    memory.set_limit_bytes(size_t{8} << 20);
    REQUIRE(buffer.Extend(size_t{8} << 20).ok());
    CHECK(buffer.size() == size_t{8} << 20);
    CHECK(data[first - 1] == 7);
  }
  CHECK(memory.used_bytes() == 0);
}

}  // namespace
}  // namespace driftdb::storage
