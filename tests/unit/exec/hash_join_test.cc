// Hash joins of every type against a naive double loop, over random tables with many duplicates,
// NULLs and all vector kinds.
// Covers: lib/exec/join/hash_probe.cc
// Covers: lib/exec/join/hash_probe_exists.cc
// Covers: lib/exec/join/join_filters.cc
// Covers: lib/exec/join/join_plan.cc
// Covers: lib/exec/join/join_table.cc
// Covers: lib/exec/pipeline.cc
// Covers: lib/exec/task_pool.cc
#include "exec/join/hash_join.h"

#include "exec/exec_test_bed.h"
#include "exec/join/join_filter_sink.h"

namespace driftdb::exec {
namespace {

using sql::PhysicalJoinType;

struct JoinCase {
  PhysicalJoinType type = PhysicalJoinType::kInner;
  std::vector<LogicalType> left_types, right_types;
  std::vector<uint32_t> left_keys, right_keys;
  std::vector<bool> null_safe;
  bool residual = false;  // last left column <> last right column
  bool null_aware = false;
};

bool JoinKeysEqual(const JoinCase& c, const TestRow& l, const TestRow& r) {
  for (size_t k = 0; k < c.left_keys.size(); ++k) {
    const Value& a = l[c.left_keys[k]];
    const Value& b = r[c.right_keys[k]];
    if (a.is_null() || b.is_null()) {
      if (c.null_safe.empty() || !c.null_safe[k] || !a.is_null() || !b.is_null()) return false;
    } else if (TestText(a) != TestText(b)) {
      return false;
    }
  }
  return true;
}
bool JoinResidualPasses(const JoinCase& c, const TestRow& l, const TestRow& r) {
  if (!c.residual) return true;
  return !l.back().is_null() && !r.back().is_null() && TestText(l.back()) != TestText(r.back());
}

TestLines JoinOracle(const JoinCase& c, const TestTable& left, const TestTable& right) {
  TestLines lines;
  const TestRow no_left = [&] {
    TestRow row;
    for (const LogicalType& type : c.left_types) row.push_back(Value::Null(type));
    return row;
  }();
  std::string no_right;
  for (size_t i = 0; i < c.right_types.size(); ++i) no_right += "NULL|";
  std::vector<bool> right_found(right.size(), false);
  for (const TestRow& l : left) {
    size_t found = 0;
    bool unknown = false;
    for (size_t r = 0; r < right.size(); ++r) {
      if (!JoinResidualPasses(c, l, right[r])) continue;
      if (c.null_aware && (l[c.left_keys[0]].is_null() || right[r][c.right_keys[0]].is_null())) {
        unknown = true;
      }
      if (!JoinKeysEqual(c, l, right[r])) continue;
      ++found;
      right_found[r] = true;
      if (c.type == PhysicalJoinType::kInner || c.type == PhysicalJoinType::kLeft ||
          c.type == PhysicalJoinType::kRight || c.type == PhysicalJoinType::kFull ||
          c.type == PhysicalJoinType::kSingle) {
        lines.push_back(TestLine(l) + TestLine(right[r]));
      }
    }
    switch (c.type) {
      case PhysicalJoinType::kLeft:
      case PhysicalJoinType::kFull:
      case PhysicalJoinType::kSingle:
        if (found == 0) lines.push_back(TestLine(l) + no_right);
        break;
      case PhysicalJoinType::kSemi:
        if (found > 0) lines.push_back(TestLine(l));
        break;
      case PhysicalJoinType::kAnti:
        if (found == 0 && !unknown) lines.push_back(TestLine(l));
        break;
      case PhysicalJoinType::kMark:
        lines.push_back(TestLine(l) + (found > 0 ? "1|" : unknown ? "NULL|" : "0|"));
        break;
      default:
        break;
    }
  }
  for (size_t r = 0; r < right.size(); ++r) {
    const bool outer = c.type == PhysicalJoinType::kRight || c.type == PhysicalJoinType::kFull;
    if (outer && !right_found[r]) lines.push_back(TestLine(no_left) + TestLine(right[r]));
    if (c.type == PhysicalJoinType::kRightSemi && right_found[r]) {
      lines.push_back(TestLine(right[r]));
    }
    if (c.type == PhysicalJoinType::kRightAnti && !right_found[r]) {
      lines.push_back(TestLine(right[r]));
    }
  }
  return TestSorted(lines);
}

struct BuiltJoin {
  TestSlots left_keys, right_keys;
  expr::ExprPtr residual;
  std::unique_ptr<HashJoin> join;
};

HashJoinOptions JoinOptionsOf(const JoinCase& c, BuiltJoin* built) {
  HashJoinOptions options;
  options.type = c.type;
  options.left_types = c.left_types;
  options.right_types = c.right_types;
  for (const uint32_t key : c.left_keys) built->left_keys.Add(key, c.left_types[key]);
  for (const uint32_t key : c.right_keys) built->right_keys.Add(key, c.right_types[key]);
  options.left_keys = built->left_keys.refs;
  options.right_keys = built->right_keys.refs;
  options.null_safe = c.null_safe;
  options.null_aware = c.null_aware;
  const auto left = static_cast<uint32_t>(c.left_types.size());
  const auto right = static_cast<uint32_t>(c.right_types.size());
  if (c.residual) {
    built->residual = expr::MakeComparison(expr::ComparisonOp::kNotEqual,
                                           expr::MakeSlot(left - 1, c.left_types.back()),
                                           expr::MakeSlot(left + right - 1, c.right_types.back()));
    options.residual = {built->residual.get()};
  }
  const bool right_only =
      c.type == PhysicalJoinType::kRightSemi || c.type == PhysicalJoinType::kRightAnti;
  const bool left_only = c.type == PhysicalJoinType::kSemi || c.type == PhysicalJoinType::kAnti ||
                         c.type == PhysicalJoinType::kMark;
  if (!right_only) {
    for (uint32_t i = 0; i < left; ++i) options.output.push_back(i);
  }
  if (!left_only) {
    for (uint32_t i = 0; i < right; ++i) options.output.push_back(left + i);
  }
  if (c.type == PhysicalJoinType::kMark) options.output.push_back(left + right);
  return options;
}

Status RunJoin(QueryContext* context, HashJoin* join, const JoinCase& c, const TestTable& left,
               const TestTable& right, uint64_t seed, TestLines* lines) {
  TestSource right_source(&right, c.right_types, seed + 1);
  TestSource left_source(&left, c.left_types, seed + 2);
  Status status = TestRun(context, {TestPhase(&right_source)}, join->build_sink());
  if (!status.ok()) return status;
  TestSink sink;
  std::vector<Phase> phases{TestPhase(&left_source, {join->probe()})};
  if (join->unmatched() != nullptr) phases.push_back(TestPhase(join->unmatched()));
  status = TestRun(context, phases, &sink);
  *lines = TestSorted(sink.lines());
  return status;
}

void CheckJoin(const JoinCase& c, const TestTable& left, const TestTable& right, uint64_t seed) {
  const TestLines expected = JoinOracle(c, left, right);
  for (const unsigned threads : {1U, 4U}) {
    INFO("seed " << seed << " type " << static_cast<int>(c.type) << " threads " << threads
                 << " residual " << c.residual << " null aware " << c.null_aware);
    TestContext test(threads);
    TestLines lines;
    {
      BuiltJoin built;
      built.join = std::make_unique<HashJoin>(JoinOptionsOf(c, &built));
      REQUIRE_OK(RunJoin(&test.context, built.join.get(), c, left, right, seed, &lines));
    }
    RequireLines(lines, expected);
    REQUIRE(test.memory.used_bytes() == 0);
  }
}

constexpr PhysicalJoinType kManyMatchTypes[] = {
    PhysicalJoinType::kInner,     PhysicalJoinType::kLeft,      PhysicalJoinType::kRight,
    PhysicalJoinType::kFull,      PhysicalJoinType::kSemi,      PhysicalJoinType::kAnti,
    PhysicalJoinType::kRightSemi, PhysicalJoinType::kRightAnti, PhysicalJoinType::kMark};

void CheckAllTypes(JoinCase c, size_t left_rows, size_t right_rows, uint64_t distinct,
                   uint64_t seed) {
  std::mt19937_64 rng(seed);
  const TestTable left = TestRandomTable(rng, c.left_types, left_rows, distinct, 0.05);
  const TestTable right = TestRandomTable(rng, c.right_types, right_rows, distinct, 0.05);
  for (const PhysicalJoinType type : kManyMatchTypes) {
    for (const bool residual : {false, true}) {
      c.type = type;
      c.residual = residual;
      CheckJoin(c, left, right, seed);
    }
  }
}

}  // namespace

TEST_CASE("hash join: every type equals the double loop, dense integer keys", "[exec][join]") {
  JoinCase c;
  c.left_types = {TypeId::kInt32, TypeId::kText, TypeId::kInt16};
  c.right_types = {TypeId::kText, TypeId::kInt32, TypeId::kInt16};
  c.left_keys = {0};
  c.right_keys = {1};
  CheckAllTypes(c, 900, 400, 300, 1);
  CheckAllTypes(c, 300, 2000, 20, 2);
  CheckAllTypes(c, 100, 0, 20, 3);
  CheckAllTypes(c, 0, 100, 20, 4);
}

TEST_CASE("hash join: every type equals the double loop, hashed keys", "[exec][join]") {
  const LogicalType key_types[] = {TypeId::kInt64,  TypeId::kText,
                                   TypeId::kDouble, LogicalType::Decimal(30, 2),
                                   TypeId::kReal,   TypeId::kInterval};
  uint64_t seed = 10;
  for (const LogicalType& key : key_types) {
    JoinCase c;
    c.left_types = {TypeId::kText, key, TypeId::kInt16};
    c.right_types = {key, LogicalType::Decimal(20, 0), TypeId::kInt16};
    c.left_keys = {1};
    c.right_keys = {0};
    CheckAllTypes(c, 700, 500, 200, seed++);
  }
}

TEST_CASE("hash join: composite and null-safe keys", "[exec][join]") {
  for (const bool null_safe : {false, true}) {
    JoinCase c;
    c.left_types = {TypeId::kInt32, TypeId::kText, TypeId::kInt16};
    c.right_types = {TypeId::kText, TypeId::kInt32, TypeId::kInt16};
    c.left_keys = {0, 1};
    c.right_keys = {1, 0};
    if (null_safe) c.null_safe = {true, false};
    CheckAllTypes(c, 800, 600, 12, null_safe ? 21 : 20);
  }
  JoinCase c;
  c.left_types = {TypeId::kInt32, TypeId::kInt16};
  c.right_types = {TypeId::kInt32, TypeId::kInt16};
  c.left_keys = {0};
  c.right_keys = {0};
  c.null_safe = {true};
  CheckAllTypes(c, 500, 100, 60, 22);
}

TEST_CASE("hash join: NOT IN and IN follow SQL's three-valued logic", "[exec][join]") {
  for (const bool residual : {false, true}) {
    for (const double right_nulls : {0.0, 0.1}) {
      for (const size_t right_rows : {size_t{0}, size_t{1}, size_t{80}}) {
        for (const PhysicalJoinType type : {PhysicalJoinType::kAnti, PhysicalJoinType::kMark}) {
          JoinCase c;
          c.type = type;
          c.left_types = {TypeId::kInt32, TypeId::kInt16};
          c.right_types = {TypeId::kInt32, TypeId::kInt16};
          c.left_keys = {0};
          c.right_keys = {0};
          c.null_aware = true;
          c.residual = residual;
          std::mt19937_64 rng(30 + right_rows);
          const TestTable left = TestRandomTable(rng, c.left_types, 300, 100, 0.1);
          const TestTable right = TestRandomTable(rng, c.right_types, right_rows, 100, right_nulls);
          CheckJoin(c, left, right, 31);
        }
      }
    }
  }
}

TEST_CASE("hash join: a single join fails with 21000 on a second match", "[exec][join]") {
  JoinCase c;
  c.type = PhysicalJoinType::kSingle;
  c.left_types = {TypeId::kInt32};
  c.right_types = {TypeId::kInt32, TypeId::kText};
  c.left_keys = {0};
  c.right_keys = {0};
  std::mt19937_64 rng(40);
  const TestTable left = TestRandomTable(rng, c.left_types, 500, 100, 0.1);
  TestTable right;
  for (int i = 0; i < 60; ++i) {
    right.push_back({Value::Int32(i), Value::Text("row " + std::to_string(i))});
  }
  CheckJoin(c, left, right, 40);
  right.push_back({Value::Int32(5), Value::Text("again")});
  TestContext test(1);
  BuiltJoin built;
  built.join = std::make_unique<HashJoin>(JoinOptionsOf(c, &built));
  TestLines lines;
  const Status status = RunJoin(&test.context, built.join.get(), c, left, right, 41, &lines);
  REQUIRE(status.sqlstate() == sqlstate::kCardinalityViolation);
}

TEST_CASE("hash join: more matches per row than fit one vector", "[exec][join]") {
  for (const LogicalType key : {LogicalType(TypeId::kInt32), LogicalType(TypeId::kText)}) {
    JoinCase c;
    c.left_types = {key, TypeId::kInt16};
    c.right_types = {key, TypeId::kInt16};
    c.left_keys = {0};
    c.right_keys = {0};
    std::mt19937_64 rng(50);
    const TestTable left = TestRandomTable(rng, c.left_types, 12, 2, 0.1);
    const TestTable right = TestRandomTable(rng, c.right_types, 6000, 2, 0.1);
    for (const PhysicalJoinType type : kManyMatchTypes) {
      c.type = type;
      c.residual = type == PhysicalJoinType::kLeft;
      CheckJoin(c, left, right, 51);
    }
  }
}

TEST_CASE("hash join: builds large enough for partitions", "[exec][join]") {
  JoinCase c;
  c.left_types = {TypeId::kInt64};
  c.right_types = {TypeId::kInt64, TypeId::kText};
  c.left_keys = {0};
  c.right_keys = {0};
  std::mt19937_64 rng(60);
  TestTable right;
  for (int i = 0; i < 100000; ++i) {
    const auto key = static_cast<int64_t>(static_cast<uint64_t>(i) * 0x9e3779b97f4a7c15ULL);
    right.push_back({Value::Int64(key), Value::Text("payload of row " + std::to_string(i))});
  }
  TestTable left;
  TestLines expected;
  for (int i = 0; i < 5000; ++i) {
    const uint64_t pick = rng() % 200000;
    left.push_back({Value::Int64(static_cast<int64_t>(pick * 0x9e3779b97f4a7c15ULL))});
    if (pick < 100000) expected.push_back(TestLine(left.back()) + TestLine(right[pick]));
  }
  for (const unsigned threads : {1U, 4U}) {
    TestContext test(threads);
    BuiltJoin built;
    built.join = std::make_unique<HashJoin>(JoinOptionsOf(c, &built));
    TestLines lines;
    REQUIRE_OK(RunJoin(&test.context, built.join.get(), c, left, right, 61, &lines));
    RequireLines(lines, TestSorted(expected));
  }
}

TEST_CASE("hash join: out of memory is 53200 and leaves nothing reserved", "[exec][join]") {
  JoinCase c;
  c.left_types = {TypeId::kInt64};
  c.right_types = {TypeId::kInt64, TypeId::kText};
  c.left_keys = {0};
  c.right_keys = {0};
  std::mt19937_64 rng(70);
  const TestTable left = TestRandomTable(rng, c.left_types, 100, 5000, 0);
  const TestTable right = TestRandomTable(rng, c.right_types, 20000, 5000, 0);
  for (const size_t limit : {size_t{10} << 10, size_t{300} << 10, size_t{1200} << 10}) {
    TestContext test(2, limit);
    {
      BuiltJoin built;
      built.join = std::make_unique<HashJoin>(JoinOptionsOf(c, &built));
      TestLines lines;
      const Status status = RunJoin(&test.context, built.join.get(), c, left, right, 71, &lines);
      REQUIRE(status.sqlstate() == sqlstate::kOutOfMemory);
    }
    REQUIRE(test.memory.used_bytes() == 0);
  }
}

namespace {
struct FilterCatcher : JoinFilterSink {
  void AddFilter(uint32_t scan_id, uint32_t column,
                 std::shared_ptr<const storage::ColumnPredicate> predicate) override {
    caught.push_back({scan_id, column, std::move(predicate)});
  }
  struct Caught {
    uint32_t scan_id, column;
    std::shared_ptr<const storage::ColumnPredicate> predicate;
  };
  std::vector<Caught> caught;
};
}  // namespace

TEST_CASE("hash join: published filters pass every build key and few others", "[exec][join]") {
  const LogicalType key_types[] = {TypeId::kInt32, TypeId::kInt64, TypeId::kText,
                                   LogicalType::Decimal(30, 2)};
  for (const LogicalType& key : key_types) {
    JoinCase c;
    c.left_types = {key, TypeId::kInt32};
    c.right_types = {key, TypeId::kInt32};
    c.left_keys = {0, 1};
    c.right_keys = {0, 1};
    std::mt19937_64 rng(80);
    const TestTable right = TestRandomTable(rng, c.right_types, 500, 400, 0.1);
    BuiltJoin built;
    FilterCatcher catcher;
    HashJoinOptions options = JoinOptionsOf(c, &built);
    options.filter_sink = &catcher;
    options.filters = {{0, 7, 3}, {1, 8, 4}};
    TestContext test(2);
    HashJoin join(std::move(options));
    TestSource source(&right, c.right_types, 81);
    REQUIRE_OK(TestRun(&test.context, {TestPhase(&source)}, join.build_sink()));
    REQUIRE(catcher.caught.size() == 2);
    CHECK(catcher.caught[0].scan_id == 7);
    CHECK(catcher.caught[0].column == 3);
    for (const TestRow& row : right) {
      if (row[0].is_null() || row[1].is_null()) continue;
      for (size_t k = 0; k < 2; ++k) {
        const Result<bool> passes = storage::Satisfies(*catcher.caught[k].predicate, row[k]);
        REQUIRE(passes.ok());
        REQUIRE(*passes);
      }
    }
    size_t passing = 0;
    for (int i = 0; i < 1000; ++i) {
      // Texts differ from keys; numbers lie far outside.
      Value other = key.id == TypeId::kText ? Value::Text("other" + std::to_string(i))
                                            : Value::Integer(key, 1000000 + i);
      passing += *storage::Satisfies(*catcher.caught[0].predicate, other) ? 1 : 0;
    }
    CHECK(passing < 100);
  }
}

}  // namespace driftdb::exec
