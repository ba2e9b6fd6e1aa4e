// Nested loop joins against a naive double loop. Condition: l0 < r0 AND l1 <> r1, NULL when a
// comparison is; also no condition.
// Covers: lib/exec/join/nested_loop_probe.cc
#include "exec/join/nested_loop_join.h"

#include "exec/exec_test_bed.h"

namespace driftdb::exec {
namespace {

using sql::PhysicalJoinType;

const std::vector<LogicalType> kNestedTypes = {TypeId::kInt32, TypeId::kText};

// 1 true, 0 false, -1 unknown.
int NestedCondition(const TestRow& l, const TestRow& r) {
  const int first = l[0].is_null() || r[0].is_null() ? -1 : (l[0].int64() < r[0].int64() ? 1 : 0);
  const int second =
      l[1].is_null() || r[1].is_null() ? -1 : (l[1].string() != r[1].string() ? 1 : 0);
  if (first == 0 || second == 0) return 0;
  return first == 1 && second == 1 ? 1 : -1;
}

TestLines NestedOracle(PhysicalJoinType type, bool conditional, const TestTable& left,
                       const TestTable& right) {
  TestLines lines;
  std::vector<bool> right_found(right.size(), false);
  for (const TestRow& l : left) {
    bool found = false;
    for (size_t r = 0; r < right.size(); ++r) {
      const int outcome = conditional ? NestedCondition(l, right[r]) : 1;
      if (outcome != 1) continue;
      found = right_found[r] = true;
      if (type == PhysicalJoinType::kInner || type == PhysicalJoinType::kLeft ||
          type == PhysicalJoinType::kRight || type == PhysicalJoinType::kFull) {
        lines.push_back(TestLine(l) + TestLine(right[r]));
      }
    }
    if (!found && (type == PhysicalJoinType::kLeft || type == PhysicalJoinType::kFull)) {
      lines.push_back(TestLine(l) + "NULL|NULL|");
    }
    if (type == PhysicalJoinType::kSemi && found) lines.push_back(TestLine(l));
    if (type == PhysicalJoinType::kAnti && !found) lines.push_back(TestLine(l));
    if (type == PhysicalJoinType::kMark) {
      lines.push_back(TestLine(l) + (found ? "1|" : "0|"));
    }
  }
  for (size_t r = 0; r < right.size(); ++r) {
    const bool outer = type == PhysicalJoinType::kRight || type == PhysicalJoinType::kFull;
    if (outer && !right_found[r]) lines.push_back("NULL|NULL|" + TestLine(right[r]));
    if (type == PhysicalJoinType::kRightSemi && right_found[r]) lines.push_back(TestLine(right[r]));
    if (type == PhysicalJoinType::kRightAnti && !right_found[r]) {
      lines.push_back(TestLine(right[r]));
    }
  }
  return TestSorted(lines);
}

struct BuiltNestedLoop {
  std::vector<expr::ExprPtr> conditions;
  std::unique_ptr<NestedLoopJoin> join;
};

void BuildNestedLoop(PhysicalJoinType type, bool conditional, BuiltNestedLoop* built) {
  NestedLoopJoinOptions options;
  options.type = type;
  options.left_types = options.right_types = kNestedTypes;
  if (conditional) {
    built->conditions.push_back(expr::MakeComparison(expr::ComparisonOp::kLess,
                                                     expr::MakeSlot(0, kNestedTypes[0]),
                                                     expr::MakeSlot(2, kNestedTypes[0])));
    built->conditions.push_back(expr::MakeComparison(expr::ComparisonOp::kNotEqual,
                                                     expr::MakeSlot(1, kNestedTypes[1]),
                                                     expr::MakeSlot(3, kNestedTypes[1])));
    for (const auto& condition : built->conditions) options.conditions.push_back(condition.get());
  }
  const bool right_only =
      type == PhysicalJoinType::kRightSemi || type == PhysicalJoinType::kRightAnti;
  const bool left_only = type == PhysicalJoinType::kSemi || type == PhysicalJoinType::kAnti ||
                         type == PhysicalJoinType::kMark;
  if (!right_only) options.output = {0, 1};
  if (!left_only) options.output.insert(options.output.end(), {2, 3});
  if (type == PhysicalJoinType::kMark) options.output.push_back(4);
  built->join = std::make_unique<NestedLoopJoin>(options);
}

Status RunNestedLoop(QueryContext* context, NestedLoopJoin* join, const TestTable& left,
                     const TestTable& right, TestLines* lines) {
  TestSource right_source(&right, kNestedTypes, 11);
  TestSource left_source(&left, kNestedTypes, 12);
  Status status = TestRun(context, {TestPhase(&right_source)}, join->build_sink());
  if (!status.ok()) return status;
  TestSink sink;
  std::vector<Phase> phases{TestPhase(&left_source, {join->probe()})};
  if (join->unmatched() != nullptr) phases.push_back(TestPhase(join->unmatched()));
  status = TestRun(context, phases, &sink);
  *lines = TestSorted(sink.lines());
  return status;
}

}  // namespace

TEST_CASE("nested loop join: every type equals the double loop", "[exec][join]") {
  const std::pair<size_t, size_t> sizes[] = {{400, 30}, {30, 3000}, {1, 5000}, {5, 0}, {0, 5}};
  for (const auto& [left_rows, right_rows] : sizes) {
    std::mt19937_64 rng(3000 + left_rows);
    const TestTable left = TestRandomTable(rng, kNestedTypes, left_rows, 40, 0.1);
    const TestTable right = TestRandomTable(rng, kNestedTypes, right_rows, 40, 0.1);
    for (int type = 0; type < static_cast<int>(PhysicalJoinType::kSingle); ++type) {
      for (const bool conditional : {false, true}) {
        const auto join_type = static_cast<PhysicalJoinType>(type);
        const TestLines expected = NestedOracle(join_type, conditional, left, right);
        for (const unsigned threads : {1U, 4U}) {
          INFO("type " << type << " conditional " << conditional << " rows " << left_rows << " x "
                       << right_rows << " threads " << threads);
          TestContext test(threads);
          TestLines lines;
          {
            BuiltNestedLoop built;
            BuildNestedLoop(join_type, conditional, &built);
            REQUIRE_OK(RunNestedLoop(&test.context, built.join.get(), left, right, &lines));
          }
          RequireLines(lines, expected);
          REQUIRE(test.memory.used_bytes() == 0);
        }
      }
    }
  }
}

TEST_CASE("nested loop join: a single join fails with 21000 on a second match", "[exec][join]") {
  const TestTable left = {{Value::Int32(1), Value::Text("a")}};
  TestTable right = {{Value::Int32(2), Value::Text("b")}, {Value::Int32(0), Value::Text("b")}};
  TestContext test(1);
  TestLines lines;
  BuiltNestedLoop one;
  BuildNestedLoop(PhysicalJoinType::kSingle, true, &one);
  REQUIRE_OK(RunNestedLoop(&test.context, one.join.get(), left, right, &lines));
  REQUIRE(lines == TestLines{"1|'a'|2|'b'|"});
  right.push_back({Value::Int32(3), Value::Text("c")});
  BuiltNestedLoop two;
  BuildNestedLoop(PhysicalJoinType::kSingle, true, &two);
  const Status status = RunNestedLoop(&test.context, two.join.get(), left, right, &lines);
  REQUIRE(status.sqlstate() == sqlstate::kCardinalityViolation);
}

}  // namespace driftdb::exec
