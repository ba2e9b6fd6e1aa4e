// The generator must reproduce dbgen byte for byte: the expected answers of the 22 queries, and
// every published comparison, depend on it. Fingerprints of the reference bytes are pinned here;
// the files themselves are compared when the data folder is present.
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "catch2/catch.hpp"

#include "base/hash.h"
#include "tpchgen/row_sources.h"
#include "tpchgen/tbl_text.h"

namespace driftdb::tpchgen {
namespace {

std::string WholeTable(Table table, double scale, int threads) {
  std::string text;
  REQUIRE(StreamTable(table, {.scale = scale, .threads = threads}, [&text](std::string_view rows) {
    text.append(rows);
    return true;
  }));
  return text;
}

std::string DataFolder() {
  const char* folder = std::getenv("DRIFTDB_TEST_DATA");
  return folder != nullptr ? folder : std::string(DRIFTDB_SOURCE_ROOT) + "/../shared";
}

// Empty when the file does not exist.
std::string FileBytes(const std::string& path) {
  std::string bytes;
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"),
                                                             std::fclose);
  if (file == nullptr) {
    return bytes;
  }
  char buffer[65536];
  size_t got = 0;
  while ((got = std::fread(buffer, 1, sizeof buffer, file.get())) > 0) {
    bytes.append(buffer, got);
  }
  return bytes;
}

struct Fingerprint {
  Table table;
  size_t bytes;
  uint64_t low;
  uint64_t high;
};

constexpr Fingerprint kScaleHundredth[] = {
    {Table::kRegion, 389, 0xbd6d17456f116a75, 0x225291ac5209cb8c},
    {Table::kNation, 2224, 0xec9be3fd7f0e5251, 0x08dabce2b0987aeb},
    {Table::kSupplier, 13795, 0x39a557d3c8d27393, 0xec614817cc66a6cd},
    {Table::kCustomer, 240990, 0x6f241ea71bc888db, 0xcc1954ad0928238b},
    {Table::kPart, 237134, 0xcdca9a38688284ab, 0x52912c23d00bf8fd},
    {Table::kPartsupp, 1161705, 0x22ccfa45e83fc381, 0xd55b0beef15ca71d},
    {Table::kOrders, 1659137, 0xd7a2bd66576059b4, 0xdd0cb3bb9939e600},
    {Table::kLineitem, 7264250, 0x0743c543845aa245, 0xb8854d6f37c6a298},
};

}  // namespace

TEST_CASE("tpchgen: every table at scale 0.01 has the reference generator's bytes", "[bench]") {
  for (const Fingerprint& expected : kScaleHundredth) {
    CAPTURE(TableName(expected.table));
    const std::string text = WholeTable(expected.table, 0.01, 1);
    CHECK(text.size() == expected.bytes);
    const Hash128 hash = HashBytes128(text.data(), text.size());
    CAPTURE(hash.low, hash.high);
    CHECK(hash == Hash128{expected.low, expected.high});
    const std::string file = FileBytes(DataFolder() + "/tpch/data-sf0.01/" +
                                       std::string(TableName(expected.table)) + ".tbl");
    if (!file.empty()) {
      CHECK((file == text));  // parenthesised: a failure must not print megabytes
    }
  }
}

TEST_CASE("tpchgen: a range of units is the same slice of the whole table", "[bench]") {
  for (const Table table : kAllTables) {
    CAPTURE(TableName(table));
    const std::string whole = WholeTable(table, 0.01, 1);
    const int64_t units = UnitCount(table, 0.01);
    std::string pieces;
    int64_t first = 0;
    for (const int64_t count : {int64_t{1}, units / 3, units - 1 - units / 3}) {
      AppendUnits(table, {0.01, first, count}, RowEnd::kSeparator, &pieces);
      first += count;
    }
    CHECK((pieces == whole));
  }
}

TEST_CASE("tpchgen: threads do not change the order of rows", "[bench]") {
  CHECK((WholeTable(Table::kOrders, 0.05, 3) == WholeTable(Table::kOrders, 0.05, 1)));
}

TEST_CASE("tpchgen: a sink that refuses a piece stops the stream", "[bench]") {
  int pieces = 0;
  CHECK_FALSE(StreamTable(Table::kOrders, {.scale = 0.05, .threads = 2},
                          [&pieces](std::string_view) { return ++pieces < 3; }));
  CHECK(pieces == 3);
}

TEST_CASE("tpchgen: rows can end without the last separator", "[bench]") {
  std::string text;
  AppendUnits(Table::kRegion, {1, 0, 5}, RowEnd::kNewlineOnly, &text);
  CHECK(text.size() == 389 - 5);
  CHECK(text.substr(0, 9) == "0|AFRICA|");
  CHECK(text.find("|\n") == std::string::npos);
}

TEST_CASE("tpchgen: orders agree with the lines generated apart from them", "[bench]") {
  struct Sum {
    int64_t total = 0;
    int64_t lines = 0;
    int64_t shipped = 0;
  };
  const UnitRange range{0.1, 70000, 5000};
  std::map<int64_t, Sum> sums;
  LineitemSource lines(range);
  LineitemRow line;
  while (lines.Next(&line)) {
    Sum& sum = sums[line.order_key];
    sum.total += line.extended_price * (100 - line.discount) / 100 * (100 + line.tax) / 100;
    sum.lines += 1;
    sum.shipped += line.line_status == 'F';
    CHECK(line.line_number == sum.lines);
  }
  CHECK(sums.size() == 5000);
  OrdersSource orders(range);
  OrdersRow order;
  while (orders.Next(&order)) {
    const Sum& sum = sums.at(order.order_key);
    CHECK(order.total_price == sum.total);
    CHECK(order.status == (sum.shipped == sum.lines ? 'F' : sum.shipped > 0 ? 'P' : 'O'));
    CHECK(order.cust_key % 3 != 0);
  }
}

TEST_CASE("tpchgen: cardinalities follow the scale", "[bench]") {
  CHECK(UnitCount(Table::kRegion, 10) == 5);
  CHECK(UnitCount(Table::kNation, 0.01) == 25);
  CHECK(UnitCount(Table::kSupplier, 0.01) == 100);
  CHECK(UnitCount(Table::kPart, 0.07) == 14000);
  CHECK(UnitCount(Table::kCustomer, 1) == 150000);
  CHECK(UnitCount(Table::kOrders, 10) == 15000000);
  CHECK(TableByName("lineitem") == Table::kLineitem);
  CHECK_FALSE(TableByName("lineitems").has_value());
}

}  // namespace driftdb::tpchgen
