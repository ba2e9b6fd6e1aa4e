// Sort and top-n against std::stable_sort over values.
// Covers: lib/exec/sort/row_sorter.cc
// Covers: lib/exec/sort/top_n.cc
#include "exec/sort/sort.h"

#include "exec/exec_test_bed.h"

namespace driftdb::exec {
namespace {

struct SortCase {
  std::vector<LogicalType> types;
  struct Key {
    uint32_t column;
    bool descending = false;
    bool nulls_first = false;
  };
  std::vector<Key> keys;
};

int OrderValues(const Value& a, const Value& b) {
  if (a.type().is_floating()) {
    const bool x = std::isnan(a.float64()), y = std::isnan(b.float64());
    if (x || y) return static_cast<int>(x) - static_cast<int>(y);
    return a.float64() < b.float64() ? -1 : (a.float64() > b.float64() ? 1 : 0);
  }
  if (a.type().physical() == PhysicalType::kString) {
    const int order = a.string().compare(b.string());
    return order < 0 ? -1 : (order > 0 ? 1 : 0);
  }
  if (a.type().physical() == PhysicalType::kInterval) {
    const auto length = [](const Interval& v) {
      return (int64_t{v.months} * 30 + v.days) * kMicrosPerDay + v.micros;
    };
    const int64_t x = length(a.interval()), y = length(b.interval());
    return x < y ? -1 : (x > y ? 1 : 0);
  }
  return a.integer() < b.integer() ? -1 : (a.integer() > b.integer() ? 1 : 0);
}
int OrderRows(const SortCase& c, const TestRow& a, const TestRow& b) {
  for (const SortCase::Key& key : c.keys) {
    const Value& x = a[key.column];
    const Value& y = b[key.column];
    if (x.is_null() && y.is_null()) continue;
    if (x.is_null() || y.is_null()) return x.is_null() == key.nulls_first ? -1 : 1;
    const int order = OrderValues(x, y);
    if (order != 0) return key.descending ? -order : order;
  }
  return 0;
}
std::string KeyLine(const SortCase& c, const TestRow& row) {
  std::string line;
  for (const SortCase::Key& key : c.keys) line += TestText(row[key.column]) + "|";
  return line;
}

// The output's rows must be the expected ones, and their keys in the expected order; rows with
// equal keys may come in any order. The last column is a row number.
void CheckOrdered(const SortCase& c, const TestTable& table, const TestTable& expected,
                  const TestLines& lines) {
  REQUIRE(lines.size() == expected.size());
  std::vector<std::string> by_number(table.size());
  for (size_t i = 0; i < table.size(); ++i) by_number[i] = TestLine(table[i]);
  for (size_t i = 0; i < lines.size(); ++i) {
    const size_t end = lines[i].size() - 1;
    const size_t begin = lines[i].rfind('|', end - 1) + 1;
    const auto number = static_cast<size_t>(std::stoll(lines[i].substr(begin, end - begin)));
    REQUIRE(by_number[number] == lines[i]);
    REQUIRE(KeyLine(c, table[number]) == KeyLine(c, expected[i]));
    by_number[number] = "taken";
  }
}

TestTable SortTable(const SortCase& c, size_t rows, uint64_t distinct, double nulls,
                    uint64_t seed) {
  std::mt19937_64 rng(seed);
  TestTable table = TestRandomTable(rng, c.types, rows, distinct, nulls);
  for (size_t i = 0; i < rows; ++i) table[i].back() = Value::Int64(static_cast<int64_t>(i));
  return table;
}

std::vector<SortKeyRef> SortKeysOf(const SortCase& c, TestSlots* slots) {
  std::vector<SortKeyRef> keys;
  for (const SortCase::Key& key : c.keys) {
    slots->Add(key.column, c.types[key.column]);
    keys.push_back({slots->refs.back(), key.descending, key.nulls_first});
  }
  return keys;
}

TestTable SortedTable(const SortCase& c, TestTable table) {
  std::stable_sort(table.begin(), table.end(),
                   [&](const TestRow& a, const TestRow& b) { return OrderRows(c, a, b) < 0; });
  return table;
}

void CheckSort(const SortCase& c, size_t rows, uint64_t distinct, double nulls, uint64_t seed) {
  const TestTable table = SortTable(c, rows, distinct, nulls, seed);
  const TestTable expected = SortedTable(c, table);
  for (const unsigned threads : {1U, 4U}) {
    INFO("seed " << seed << " threads " << threads << " rows " << rows);
    TestContext test(threads);
    TestSink sink(true);
    {
      TestSlots slots;
      SortOptions options;
      options.types = c.types;
      options.keys = SortKeysOf(c, &slots);
      Sort sort(options);
      TestSource source(&table, c.types, seed, rows > 10000);
      REQUIRE_OK(TestRun(&test.context, {TestPhase(&source)}, sort.sink()));
      REQUIRE_OK(TestRun(&test.context, {TestPhase(sort.source())}, &sink));
    }
    CheckOrdered(c, table, expected, sink.lines());
    REQUIRE(test.memory.used_bytes() == 0);
  }
}

void CheckTopN(const SortCase& c, const TestTable& table, uint64_t limit, uint64_t offset,
               bool with_ties, uint64_t seed) {
  TestTable expected = SortedTable(c, table);
  const uint64_t begin = std::min<uint64_t>(offset, expected.size());
  uint64_t end = std::min<uint64_t>(limit > UINT64_MAX - offset ? UINT64_MAX : offset + limit,
                                    expected.size());
  if (with_ties && end > begin) {
    while (end < expected.size() && OrderRows(c, expected[end], expected[end - 1]) == 0) ++end;
  }
  expected = TestTable(expected.begin() + static_cast<ptrdiff_t>(begin),
                       expected.begin() + static_cast<ptrdiff_t>(end));
  for (const unsigned threads : {1U, 4U}) {
    INFO("seed " << seed << " threads " << threads << " limit " << limit << " offset " << offset
                 << " ties " << with_ties);
    TestContext test(threads);
    TestSink sink(true);
    {
      TestSlots slots;
      TopNOptions options;
      options.types = c.types;
      options.keys = SortKeysOf(c, &slots);
      options.with_ties = with_ties;
      TopN top(options);
      top.set_limits(limit, offset);
      TestSource source(&table, c.types, seed);
      REQUIRE_OK(TestRun(&test.context, {TestPhase(&source)}, top.sink()));
      REQUIRE_OK(TestRun(&test.context, {TestPhase(top.source())}, &sink));
    }
    CheckOrdered(c, table, expected, sink.lines());
    REQUIRE(test.memory.used_bytes() == 0);
  }
}

}  // namespace

TEST_CASE("sort: one key of every type, both directions, NULLs at both ends", "[exec][sort]") {
  const LogicalType key_types[] = {TypeId::kBoolean,
                                   TypeId::kInt16,
                                   TypeId::kInt32,
                                   TypeId::kInt64,
                                   TypeId::kDouble,
                                   TypeId::kReal,
                                   TypeId::kText,
                                   TypeId::kInterval,
                                   TypeId::kUuid,
                                   TypeId::kDate,
                                   LogicalType::Decimal(30, 2)};
  uint64_t seed = 1000;
  for (const LogicalType& type : key_types) {
    for (const bool descending : {false, true}) {
      for (const bool nulls_first : {false, true}) {
        SortCase c;
        c.types = {TypeId::kText, type, TypeId::kInt64};
        c.keys = {{1, descending, nulls_first}};
        CheckSort(c, 3000, 900, 0.1, ++seed);
        CheckSort(c, 700, 100000, 0, ++seed);
      }
    }
  }
}

TEST_CASE("sort: several keys", "[exec][sort]") {
  SortCase c;
  c.types = {TypeId::kText, TypeId::kInt32, TypeId::kDouble, TypeId::kInt16, TypeId::kInt64};
  c.keys = {{3, true, true}, {0, false, false}, {2, true, false}};
  CheckSort(c, 5000, 6, 0.1, 1100);
  c.keys = {{1, false, true}, {3, true, false}};
  CheckSort(c, 5000, 60, 0.1, 1101);
  c.keys = {{2, false, false}, {1, true, true}, {0, true, false}};
  CheckSort(c, 5000, 4, 0.2, 1102);
}

TEST_CASE("sort: empty input, one row, and inputs large enough for buckets", "[exec][sort]") {
  SortCase c;
  c.types = {TypeId::kInt64, TypeId::kText, TypeId::kInt64};
  c.keys = {{0, false, false}, {1, true, true}};
  CheckSort(c, 0, 5, 0, 1200);
  CheckSort(c, 1, 5, 0, 1201);
  CheckSort(c, 80000, 30000, 0.01, 1202);
  c.keys = {{1, false, false}};
  CheckSort(c, 80000, 50, 0.01, 1203);
}

TEST_CASE("top-n: limit, offset and ties", "[exec][sort]") {
  SortCase c;
  c.types = {TypeId::kText, TypeId::kInt32, TypeId::kInt64};
  uint64_t seed = 1300;
  for (const std::vector<SortCase::Key>& keys : {std::vector<SortCase::Key>{{1, false, false}},
                                                 {{1, true, true}},
                                                 {{0, true, false}},
                                                 {{1, false, true}, {0, false, false}}}) {
    for (const uint64_t distinct : {5, 20000}) {
      c.keys = keys;
      const TestTable table = SortTable(c, 30000, distinct, 0.05, ++seed);
      for (const bool ties : {false, true}) {
        CheckTopN(c, table, 10, 0, ties, seed);
        CheckTopN(c, table, 3000, 100, ties, seed);
        CheckTopN(c, table, 5, 29998, ties, seed);
        CheckTopN(c, table, 0, 5, ties, seed);
        CheckTopN(c, table, 10, 40000, ties, seed);
      }
      CheckTopN(c, table, UINT64_MAX, 7, false, seed);
    }
  }
}

TEST_CASE("sort: out of memory is 53200 and leaves nothing reserved", "[exec][sort]") {
  SortCase c;
  c.types = {TypeId::kText, TypeId::kInt32, TypeId::kInt64};
  c.keys = {{0, false, false}};
  const TestTable table = SortTable(c, 20000, 5000, 0, 1400);
  for (const size_t limit : {size_t{10} << 10, size_t{300} << 10, size_t{1} << 20}) {
    TestContext test(2, limit);
    {
      TestSlots slots;
      SortOptions options;
      options.types = c.types;
      options.keys = SortKeysOf(c, &slots);
      Sort sort(options);
      TestSource source(&table, c.types, 1401);
      const Status status = TestRun(&test.context, {TestPhase(&source)}, sort.sink());
      REQUIRE(status.sqlstate() == sqlstate::kOutOfMemory);
    }
    REQUIRE(test.memory.used_bytes() == 0);
  }
}

}  // namespace driftdb::exec
