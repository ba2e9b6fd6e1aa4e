// Aggregation against a map from key text to rows, for every way to a group and every kind of call.
// Covers: lib/exec/aggregate/aggregate_merge.cc
// Covers: lib/exec/aggregate/aggregate_plan.cc
// Covers: lib/exec/aggregate/aggregate_worker.cc
// Covers: lib/exec/aggregate/group_table.cc
// Covers: lib/exec/aggregate/group_table_few.cc
// Covers: lib/exec/aggregate/group_table_integer.cc
// Covers: lib/exec/row/key_hash.cc
// Covers: lib/exec/row/row_layout.cc
// Covers: lib/exec/row/row_store.cc
#include "exec/aggregate/aggregate.h"

#include <map>
#include <set>

#include "exec/exec_test_bed.h"

namespace driftdb::exec {
namespace {

// What one call computes from the rows of a group, as text.
struct CallCase {
  const char* function;
  int column = -1;  // -1: count(*)
  bool distinct = false;
  bool filter = false;      // FILTER (WHERE last column > 0)
  bool descending = false;  // string_agg(x, ',' ORDER BY x [DESC])
};

struct AggregateCase {
  std::vector<LogicalType> types;  // the last one is int32
  std::vector<uint32_t> keys;
  std::vector<CallCase> calls;
  std::vector<std::vector<uint32_t>> sets;
  std::vector<std::vector<uint32_t>> grouping_calls;
  double estimated_groups = 0;
};

std::string OracleCall(const CallCase& call, const std::vector<const TestRow*>& rows) {
  std::vector<Value> values;
  std::set<std::string> seen;
  size_t count = 0;
  for (const TestRow* row : rows) {
    if (call.filter && (row->back().is_null() || row->back().int64() <= 0)) continue;
    ++count;
    if (call.column < 0) continue;
    const Value& value = (*row)[static_cast<size_t>(call.column)];
    if (value.is_null() || (call.distinct && !seen.insert(TestText(value)).second)) continue;
    values.push_back(value);
  }
  const std::string function = call.function;
  if (function == "count") return std::to_string(call.column < 0 ? count : values.size());
  if (values.empty()) return "NULL";
  if (function == "sum") {
    int128_t sum = 0;
    for (const Value& value : values) sum += value.integer();
    return TestText(Value::Integer(LogicalType::Decimal(38, 0), sum));
  }
  if (values[0].type().physical() == PhysicalType::kString) {
    std::sort(values.begin(), values.end(),
              [](const Value& a, const Value& b) { return a.string() < b.string(); });
    if (function == "min") return TestText(values.front());
    if (function == "max") return TestText(values.back());
    if (call.descending) std::reverse(values.begin(), values.end());
    std::string all;
    for (const Value& value : values) all += value.string() + ",";
    all.pop_back();
    return TestText(Value::Text(all));
  }
  std::sort(values.begin(), values.end(),
            [](const Value& a, const Value& b) { return a.integer() < b.integer(); });
  return TestText(function == "min" ? values.front() : values.back());
}

TestLines AggregateOracle(const AggregateCase& c, const TestTable& table) {
  TestLines lines;
  std::vector<std::vector<uint32_t>> sets = c.sets;
  if (sets.empty()) {
    sets.emplace_back();
    for (uint32_t k = 0; k < c.keys.size(); ++k) sets[0].push_back(k);
  }
  for (const std::vector<uint32_t>& set : sets) {
    std::map<std::string, std::vector<const TestRow*>> groups;
    if (set.empty()) {
      std::string all;
      for (size_t k = 0; k < c.keys.size(); ++k) all += "NULL|";
      groups[all];
    }
    for (const TestRow& row : table) {
      std::string key;
      for (uint32_t k = 0; k < c.keys.size(); ++k) {
        const bool in = std::find(set.begin(), set.end(), k) != set.end();
        key += (in ? TestText(row[c.keys[k]]) : "NULL") + "|";
      }
      groups[key].push_back(&row);
    }
    for (const auto& [key, rows] : groups) {
      std::string line = key;
      for (const CallCase& call : c.calls) line += OracleCall(call, rows) + "|";
      for (const std::vector<uint32_t>& call : c.grouping_calls) {
        int value = 0;
        for (const uint32_t k : call) {
          value = value * 2 + (std::find(set.begin(), set.end(), k) == set.end() ? 1 : 0);
        }
        line += std::to_string(value) + "|";
      }
      lines.push_back(line);
    }
  }
  return TestSorted(lines);
}

struct BuiltAggregate {
  TestSlots groups;
  std::vector<expr::ExprPtr> calls;
  AggregateOptions options;
};

void BuildAggregate(const AggregateCase& c, BuiltAggregate* built) {
  for (const uint32_t key : c.keys) built->groups.Add(key, c.types[key]);
  for (const CallCase& call : c.calls) {
    std::vector<expr::ExprPtr> args;
    const bool list = std::string(call.function) == "string_agg";
    if (call.column >= 0) {
      const auto column = static_cast<uint32_t>(call.column);
      args.push_back(expr::MakeSlot(column, c.types[column]));
      if (list) args.push_back(expr::MakeConstant(Value::Text(",")));
    }
    Result<expr::ExprPtr> bound = expr::BindAggregate(call.function, std::move(args));
    INFO(bound.status().ToString());
    REQUIRE(bound.ok());
    expr::AggregateCall& aggregate = *(*bound)->aggregate;
    aggregate.distinct = call.distinct;
    if (call.filter) {
      const auto last = static_cast<uint32_t>(c.types.size()) - 1;
      aggregate.filter =
          expr::MakeComparison(expr::ComparisonOp::kGreater, expr::MakeSlot(last, TypeId::kInt32),
                               expr::MakeConstant(Value::Int32(0)));
    }
    if (list) {
      expr::SortKey key;
      key.expr = expr::MakeSlot(static_cast<uint32_t>(call.column),
                                c.types[static_cast<size_t>(call.column)]);
      key.descending = call.descending;
      key.nulls_first = call.descending;
      aggregate.order_by.push_back(std::move(key));
    }
    built->calls.push_back(std::move(*bound));
  }
  built->options.input_types = c.types;
  built->options.groups = built->groups.refs;
  for (const auto& call : built->calls) built->options.aggregates.push_back(call.get());
  built->options.grouping_sets = c.sets;
  built->options.grouping_calls = c.grouping_calls;
  built->options.estimated_groups = c.estimated_groups;
}

void CheckAggregate(const AggregateCase& c, const TestTable& table, uint64_t seed,
                    bool plain = false) {
  const TestLines expected = AggregateOracle(c, table);
  for (const unsigned threads : {1U, 4U}) {
    INFO("seed " << seed << " threads " << threads);
    TestContext test(threads);
    TestLines lines;
    {
      BuiltAggregate built;
      BuildAggregate(c, &built);
      Aggregate aggregate(built.options);
      TestSource source(&table, c.types, seed, plain);
      REQUIRE_OK(TestRun(&test.context, {TestPhase(&source)}, aggregate.sink()));
      TestSink sink;
      REQUIRE_OK(TestRun(&test.context, {TestPhase(aggregate.source())}, &sink));
      lines = TestSorted(sink.lines());
    }
    RequireLines(lines, expected);
    REQUIRE(test.memory.used_bytes() == 0);
  }
}

const std::vector<CallCase> kCalls = {{"count"},  {"count", 1}, {"sum", 1},
                                      {"min", 2}, {"max", 2},   {"max", 1}};

}  // namespace

TEST_CASE("aggregate: groups of every key type equal the map's", "[exec][aggregate]") {
  const LogicalType key_types[] = {TypeId::kBoolean,  TypeId::kInt16,
                                   TypeId::kInt32,    TypeId::kInt64,
                                   TypeId::kDate,     TypeId::kDouble,
                                   TypeId::kReal,     TypeId::kText,
                                   TypeId::kInterval, LogicalType::Decimal(30, 2),
                                   TypeId::kUuid};
  uint64_t seed = 100;
  for (const LogicalType& key : key_types) {
    for (const uint64_t distinct : {4, 5000}) {
      AggregateCase c;
      c.types = {key, TypeId::kInt32, TypeId::kText, TypeId::kInt32};
      c.keys = {0};
      c.calls = kCalls;
      std::mt19937_64 rng(++seed);
      const TestTable table = TestRandomTable(rng, c.types, 6000, distinct, 0.02);
      CheckAggregate(c, table, seed);
    }
  }
}

TEST_CASE("aggregate: several keys, few and many groups", "[exec][aggregate]") {
  for (const uint64_t distinct : {3, 60}) {
    for (const double nulls : {0.0, 0.05}) {
      AggregateCase c;
      c.types = {TypeId::kText, TypeId::kInt32, TypeId::kText, TypeId::kInt16, TypeId::kInt32};
      c.keys = {0, 3};
      c.calls = kCalls;
      std::mt19937_64 rng(200 + distinct);
      CheckAggregate(c, TestRandomTable(rng, c.types, 8000, distinct, nulls), 201);
      c.keys = {2, 0, 3};
      CheckAggregate(c, TestRandomTable(rng, c.types, 8000, distinct, nulls), 202);
      c.keys = {3, 4};
      CheckAggregate(c, TestRandomTable(rng, c.types, 8000, distinct, nulls), 203, true);
    }
  }
}

TEST_CASE("aggregate: clustered, sorted and nearly sorted keys", "[exec][aggregate]") {
  for (const LogicalType key :
       {LogicalType(TypeId::kInt32), LogicalType(TypeId::kInt64), LogicalType(TypeId::kText)}) {
    AggregateCase c;
    c.types = {key, TypeId::kInt32, TypeId::kText, TypeId::kInt32};
    c.keys = {0};
    c.calls = kCalls;
    std::mt19937_64 rng(300);
    TestTable table = TestRandomTable(rng, c.types, 20000, 50, 0.05);
    for (size_t i = 0; i < table.size(); ++i) {
      const int64_t run = static_cast<int64_t>(i / 4);
      table[i][0] = key.id == TypeId::kText ? Value::Text("group number " + std::to_string(run))
                                            : Value::Integer(key, run * 3 - 1000);
    }
    CheckAggregate(c, table, 301);
    table[15000][0] = table[3][0];  // breaks the order late
    table[15001][0] = Value::Null(key);
    CheckAggregate(c, table, 302, true);
  }
}

TEST_CASE("aggregate: more groups than a worker's table keeps", "[exec][aggregate]") {
  AggregateCase c;
  c.types = {TypeId::kInt64, TypeId::kInt32, TypeId::kInt32};
  c.keys = {0};
  c.calls = {{"count"}, {"sum", 1}};
  std::mt19937_64 rng(400);
  CheckAggregate(c, TestRandomTable(rng, c.types, 300000, 200000, 0.001), 401, true);
  c.estimated_groups = 150000;
  c.calls.push_back({"count", 1, true});
  CheckAggregate(c, TestRandomTable(rng, c.types, 200000, 150000, 0.001), 402, true);
}

TEST_CASE("aggregate: without groups there is one row, over zero rows too", "[exec][aggregate]") {
  AggregateCase c;
  c.types = {TypeId::kText, TypeId::kInt32, TypeId::kText, TypeId::kInt32};
  c.calls = kCalls;
  c.calls.push_back({"count", 2, true});
  c.calls.push_back({"string_agg", 0});
  std::mt19937_64 rng(500);
  CheckAggregate(c, {}, 501);
  CheckAggregate(c, TestRandomTable(rng, c.types, 5000, 40, 0.1), 502);
  c.keys = {0};
  CheckAggregate(c, {}, 503);
  c.calls.clear();
  CheckAggregate(c, TestRandomTable(rng, c.types, 5000, 40, 0.1), 504);
}

TEST_CASE("aggregate: DISTINCT, FILTER and ORDER BY within calls", "[exec][aggregate]") {
  AggregateCase c;
  c.types = {TypeId::kText, TypeId::kInt32, TypeId::kText, TypeId::kInt32};
  c.calls = {{"count", 1, true},       {"sum", 1, true},
             {"count", 2, true, true}, {"count", -1, false, true},
             {"sum", 1, false, true},  {"min", 2, true},
             {"string_agg", 2},        {"string_agg", 2, false, false, true},
             {"string_agg", 2, true},  {"string_agg", 0, false, true}};
  uint64_t seed = 600;
  for (const std::vector<uint32_t>& keys :
       {std::vector<uint32_t>{}, std::vector<uint32_t>{0}, std::vector<uint32_t>{3, 0}}) {
    for (const uint64_t distinct : {5, 400}) {
      c.keys = keys;
      std::mt19937_64 rng(++seed);
      CheckAggregate(c, TestRandomTable(rng, c.types, 4000, distinct, 0.05), seed);
    }
  }
  c.keys = {0};
  std::mt19937_64 rng(650);
  CheckAggregate(c, TestRandomTable(rng, c.types, 60000, 9000, 0.01), 650, true);
}

TEST_CASE("aggregate: grouping sets and GROUPING()", "[exec][aggregate]") {
  AggregateCase c;
  c.types = {TypeId::kText, TypeId::kInt32, TypeId::kText, TypeId::kInt32};
  c.keys = {0, 1};
  c.sets = {{0, 1}, {0}, {1}, {}, {0}};
  c.grouping_calls = {{0}, {0, 1}, {1, 0}};
  c.calls = {{"count"}, {"sum", 1}, {"count", 2, true}, {"string_agg", 2}};
  std::mt19937_64 rng(700);
  CheckAggregate(c, TestRandomTable(rng, c.types, 3000, 7, 0.1), 701);
  CheckAggregate(c, {}, 702);
}

TEST_CASE("aggregate: out of memory is 53200 and leaves nothing reserved", "[exec][aggregate]") {
  AggregateCase c;
  c.types = {TypeId::kInt64, TypeId::kInt32, TypeId::kText, TypeId::kInt32};
  c.keys = {0};
  c.calls = kCalls;
  c.calls.push_back({"count", 2, true});
  std::mt19937_64 rng(800);
  const TestTable table = TestRandomTable(rng, c.types, 50000, 40000, 0);
  for (const size_t limit : {size_t{20} << 10, size_t{1} << 20, size_t{5} << 20}) {
    TestContext test(2, limit);
    {
      BuiltAggregate built;
      BuildAggregate(c, &built);
      Aggregate aggregate(built.options);
      TestSource source(&table, c.types, 801, true);
      const Status status = TestRun(&test.context, {TestPhase(&source)}, aggregate.sink());
      REQUIRE(status.sqlstate() == sqlstate::kOutOfMemory);
    }
    REQUIRE(test.memory.used_bytes() == 0);
  }
}

}  // namespace driftdb::exec
