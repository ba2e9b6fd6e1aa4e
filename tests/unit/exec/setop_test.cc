// INTERSECT, EXCEPT, DISTINCT ON and materialised rows against counts of lines.
// Covers: lib/exec/materialize/chunk_collection.cc
// Covers: lib/exec/materialize/materialize.cc
// Covers: lib/exec/setop/distinct_on.cc
// Covers: lib/exec/setop/set_operation.cc
#include <map>
#include <set>

#include "exec/exec_test_bed.h"
#include "exec/materialize/materialize.h"
#include "exec/setop/distinct_on.h"
#include "exec/setop/set_operation.h"

namespace driftdb::exec {

TEST_CASE("set operations: every kind equals counting lines", "[exec][setop]") {
  const std::vector<std::vector<LogicalType>> shapes = {
      {TypeId::kInt32}, {TypeId::kText, TypeId::kDouble}, {TypeId::kInt64, TypeId::kInt16}};
  uint64_t seed = 2000;
  for (const std::vector<LogicalType>& types : shapes) {
    for (const size_t right_rows : {size_t{0}, size_t{1500}}) {
      std::mt19937_64 rng(++seed);
      const TestTable left = TestRandomTable(rng, types, 2000, 30, 0.1);
      const TestTable right = TestRandomTable(rng, types, right_rows, 25, 0.1);
      std::map<std::string, std::pair<int, int>> counts;
      for (const TestRow& row : left) ++counts[TestLine(row)].first;
      for (const TestRow& row : right) ++counts[TestLine(row)].second;
      for (const auto op : {sql::LogicalSetOp::kIntersect, sql::LogicalSetOp::kExcept}) {
        for (const bool all : {false, true}) {
          TestLines expected;
          for (const auto& [line, n] : counts) {
            int copies = 0;
            if (op == sql::LogicalSetOp::kIntersect) {
              copies = all ? std::min(n.first, n.second) : (n.first > 0 && n.second > 0 ? 1 : 0);
            } else {
              copies =
                  all ? std::max(n.first - n.second, 0) : (n.first > 0 && n.second == 0 ? 1 : 0);
            }
            for (int i = 0; i < copies; ++i) expected.push_back(line);
          }
          for (const unsigned threads : {1U, 4U}) {
            INFO("seed " << seed << " all " << all << " threads " << threads);
            TestContext test(threads);
            TestSink sink;
            {
              SetOperationOptions options;
              options.op = op;
              options.all = all;
              options.types = types;
              SetOperation operation(options);
              TestSource left_source(&left, types, seed);
              TestSource right_source(&right, types, seed + 1);
              REQUIRE_OK(TestRun(&test.context, {TestPhase(&left_source)}, operation.left_sink()));
              REQUIRE_OK(
                  TestRun(&test.context, {TestPhase(&right_source)}, operation.right_sink()));
              REQUIRE_OK(TestRun(&test.context, {TestPhase(operation.source())}, &sink));
            }
            RequireLines(TestSorted(sink.lines()), TestSorted(expected));
            REQUIRE(test.memory.used_bytes() == 0);
          }
        }
      }
    }
  }
}

TEST_CASE("distinct on: keeps the first row of each key in input order", "[exec][setop]") {
  const std::vector<std::vector<uint32_t>> key_lists = {{0}, {1}, {1, 0}, {2}};
  const std::vector<LogicalType> types = {TypeId::kInt32, TypeId::kText, TypeId::kInt64};
  for (const std::vector<uint32_t>& keys : key_lists) {
    for (const uint64_t distinct : {20, 3000}) {
      std::mt19937_64 rng(2100 + distinct);
      const TestTable table = TestRandomTable(rng, types, 5000, distinct, 0.1);
      std::set<std::string> seen;
      TestLines expected;
      for (const TestRow& row : table) {
        std::string key;
        for (const uint32_t k : keys) key += TestText(row[k]) + "|";
        if (seen.insert(key).second) expected.push_back(TestLine(row));
      }
      TestContext test(1);
      TestSlots slots;
      for (const uint32_t k : keys) slots.Add(k, types[k]);
      DistinctOnOptions options;
      options.types = types;
      options.keys = slots.refs;
      DistinctOn distinct_on(options);
      TestSource source(&table, types, 2101);
      TestSink sink(true);
      REQUIRE_OK(TestRun(&test.context, {TestPhase(&source, {&distinct_on})}, &sink));
      RequireLines(sink.lines(), expected);
    }
  }
}

TEST_CASE("materialize: several readers see all rows; order is kept on request",
          "[exec][materialize]") {
  const std::vector<LogicalType> types = {TypeId::kText, TypeId::kInt32, TypeId::kDouble,
                                          TypeId::kBoolean};
  std::mt19937_64 rng(2200);
  for (const size_t rows : {size_t{0}, size_t{1}, size_t{9000}}) {
    const TestTable table = TestRandomTable(rng, types, rows, 500, 0.1);
    for (const unsigned threads : {1U, 4U}) {
      TestContext test(threads);
      {
        MaterializeOptions options;
        options.types = types;
        options.parallel = threads > 1;
        Materialize materialize(options);
        TestSource source(&table, types, 2201);
        REQUIRE_OK(TestRun(&test.context, {TestPhase(&source)}, materialize.sink()));
        for (int reader = 0; reader < 2; ++reader) {
          const auto again = materialize.MakeSource();
          TestSink sink(threads == 1);
          REQUIRE_OK(TestRun(&test.context, {TestPhase(again.get())}, &sink));
          if (threads == 1) {
            RequireLines(sink.lines(), TestLinesOf(table));
          } else {
            RequireLines(TestSorted(sink.lines()), TestSorted(TestLinesOf(table)));
          }
        }
        REQUIRE(materialize.rows().row_count() == rows);
      }
      REQUIRE(test.memory.used_bytes() == 0);
    }
  }
}

TEST_CASE("materialize: out of memory is 53200", "[exec][materialize]") {
  const std::vector<LogicalType> types = {TypeId::kText};
  std::mt19937_64 rng(2300);
  const TestTable table = TestRandomTable(rng, types, 20000, 500, 0);
  TestContext test(2, size_t{300} << 10);
  {
    MaterializeOptions options;
    options.types = types;
    Materialize materialize(options);
    TestSource source(&table, types, 2301);
    const Status status = TestRun(&test.context, {TestPhase(&source)}, materialize.sink());
    REQUIRE(status.sqlstate() == sqlstate::kOutOfMemory);
  }
  REQUIRE(test.memory.used_bytes() == 0);
}

}  // namespace driftdb::exec
