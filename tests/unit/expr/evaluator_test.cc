// The evaluator: kinds of vectors, selections, NULLs, and which rows may raise errors.
#include "expr/evaluator.h"

#include <random>

#include "catch2/catch.hpp"

#include "expr/binding.h"
#include "types/text_format.h"

namespace driftdb::expr {

namespace {

ExprPtr Bound(Result<ExprPtr> expr) {
  if (!expr.ok()) FAIL(expr.status().ToString());
  return std::move(expr).value();
}
ExprPtr Int(int32_t v) { return MakeConstant(Value::Int32(v)); }
ExprPtr Text(std::string v) { return MakeConstant(Value::String(TypeId::kUnknown, std::move(v))); }
ExprPtr Binary(std::string_view op, ExprPtr a, ExprPtr b) {
  return Bound(BindOperator(op, std::move(a), std::move(b)));
}
std::vector<ExprPtr> List(ExprPtr a, ExprPtr b) {
  std::vector<ExprPtr> list;
  list.push_back(std::move(a));
  list.push_back(std::move(b));
  return list;
}

// Slots: 0 integer with NULLs, 1 integer never 0 in odd rows, 2 text of few values.
Chunk MakeChunk(size_t rows, std::mt19937_64& random) {
  Chunk chunk({TypeId::kInt32, TypeId::kInt32, TypeId::kText});
  for (size_t i = 0; i < rows; ++i) {
    if (random() % 5 == 0) {
      chunk.column(0).SetValue(i, Value::Null(TypeId::kInt32));
    } else {
      chunk.column(0).SetValue(i, Value::Int32(static_cast<int32_t>(random() % 100) - 50));
    }
    chunk.column(1).SetValue(i, Value::Int32(i % 2 == 0 ? 0 : static_cast<int32_t>(i)));
    const std::string words[] = {"alpha", "a longer piece of text", "", "äöü", "ALPHA beta gamma"};
    chunk.column(2).SetValue(i, Value::Text(words[random() % 5]));
  }
  chunk.set_row_count(rows);
  return chunk;
}

// The same rows as dictionaries over shuffled values.
Chunk AsDictionaries(const Chunk& chunk) {
  Chunk out = chunk;
  for (Vector& column : out.columns()) {
    auto dictionary = std::make_shared<Vector>(column.type(), chunk.row_count());
    auto codes = std::make_shared<std::vector<uint32_t>>();
    for (size_t i = 0; i < chunk.row_count(); ++i) {
      codes->push_back(static_cast<uint32_t>(chunk.row_count() - 1 - i));
      dictionary->SetValue(chunk.row_count() - 1 - i, column.GetValue(i));
    }
    static uint64_t next_id = 100;
    Vector made(column.type());
    made.ReferDictionary(codes->data(), codes, dictionary, chunk.row_count(), next_id++);
    column = made;
  }
  return out;
}

std::vector<ExprPtr> Expressions() {
  const auto a = [] { return MakeSlot(0, TypeId::kInt32); };
  const auto b = [] { return MakeSlot(1, TypeId::kInt32); };
  const auto t = [] { return MakeSlot(2, TypeId::kText); };
  std::vector<ExprPtr> list;
  list.push_back(Binary("+", a(), b()));
  list.push_back(Binary("*", Binary("-", a(), Int(3)), b()));
  list.push_back(Binary("<", a(), Int(10)));
  list.push_back(
      Bound(BindCase(nullptr, List(Binary("<>", b(), Int(0)), Binary("/", a(), b())), Int(-1))));
  list.push_back(Bound(BindFunction("upper", [&] {
    std::vector<ExprPtr> args;
    args.push_back(t());
    return args;
  }())));
  list.push_back(Binary("||", t(), Text("/suffix that is long")));
  list.push_back(Bound(BindPattern(PatternKind::kLike, false, List(t(), Text("%a%e%")))));
  list.push_back(Bound(BindConditional(ExprKind::kCoalesce, List(a(), b()))));
  list.push_back(Bound(BindConditional(ExprKind::kGreatest, List(a(), b()))));
  list.push_back(Bound(BindConditional(ExprKind::kNullIf, List(a(), Int(5)))));
  list.push_back(MakeAnd(List(Binary(">", a(), Int(0)), Binary("=", b(), Int(0)))));
  list.push_back(MakeOr(List(Binary(">", a(), Int(0)), MakeIsTest(IsTest::kNull, false, a()))));
  list.push_back(MakeNot(Binary(">", a(), b())));
  list.push_back(Bound(BindComparison(ComparisonOp::kDistinct, a(), b())));
  std::vector<ExprPtr> in;
  in.push_back(a());
  for (int k = -20; k < 20; k += 3) in.push_back(Int(k));
  list.push_back(Bound(BindInList(std::move(in), true)));
  list.push_back(Bound(BindCast(a(), TypeId::kText, CastContext::kExplicit)));
  list.push_back(Bound(BindCast(a(), LogicalType::Decimal(12, 3), CastContext::kExplicit)));
  list.push_back(
      Binary("*", Bound(BindCast(a(), LogicalType::Decimal(12, 2), CastContext::kExplicit)),
             Binary("-", Int(1),
                    Bound(BindCast(b(), LogicalType::Decimal(15, 2), CastContext::kExplicit)))));
  return list;
}

}  // namespace

TEST_CASE("evaluator: every kind of vector, every selection and one row alone agree", "[expr]") {
  const uint32_t seed = std::random_device()();
  INFO("seed " << seed);
  std::mt19937_64 random(seed);
  const std::vector<ExprPtr> exprs = Expressions();
  for (const size_t rows : {size_t{1}, size_t{65}, size_t{700}, kVectorRows}) {
    const Chunk flat = MakeChunk(rows, random);
    Chunk dictionaries = AsDictionaries(flat);
    for (const ExprPtr& expr : exprs) {
      INFO(ToString(*expr) << " rows " << rows);
      Result<CompiledExpr> compiled = CompiledExpr::Compile(*expr, nullptr);
      REQUIRE(compiled.ok());
      Result<CompiledExpr> by_row = CompiledExpr::Compile(*expr, nullptr);
      REQUIRE(by_row.ok());
      std::vector<Value> expected;
      for (size_t i = 0; i < rows; ++i) {
        std::vector<Value> row;
        for (const Vector& column : flat.columns()) row.push_back(column.GetValue(i));
        Result<Value> value = by_row->EvaluateRow(row);
        REQUIRE(value.ok());
        expected.push_back(*value);
      }
      Vector out;
      for (int variant = 0; variant < 4; ++variant) {
        Chunk chunk = variant % 2 == 0 ? flat : dictionaries;
        auto selection = std::make_shared<Selection>();
        for (size_t i = 0; i < rows; ++i) {
          if (random() % (variant < 2 ? 1 : 7) == 0) selection->Append(i);
        }
        if (variant >= 2) chunk.set_selection(selection);
        REQUIRE(compiled->Evaluate(chunk, &out).ok());
        for (size_t k = 0; k < chunk.size(); ++k) {
          const size_t i = chunk.row(k);
          INFO("variant " << variant << " row " << i << ": " << FormatValue(out.GetValue(i))
                          << " wanted " << FormatValue(expected[i]));
          REQUIRE(out.GetValue(i) == expected[i]);
        }
        if (expr->type.id != TypeId::kBoolean) continue;
        Selection chosen;
        REQUIRE(compiled->Filter(chunk, &chosen).ok());
        size_t at = 0;
        for (size_t k = 0; k < chunk.size(); ++k) {
          const size_t i = chunk.row(k);
          if (expected[i].is_null() || !expected[i].boolean()) continue;
          REQUIRE(at < chosen.size());
          REQUIRE(chosen[at++] == i);
        }
        REQUIRE(at == chosen.size());
      }
    }
  }
}

TEST_CASE("evaluator: an error is raised only for rows that reach it (E1)", "[expr][E1]") {
  std::mt19937_64 random(1);
  Chunk chunk = MakeChunk(100, random);
  ExprPtr divide = Binary("/", Int(10), MakeSlot(1, TypeId::kInt32));
  auto compiled = CompiledExpr::Compile(*divide, nullptr);
  REQUIRE(compiled.ok());
  Vector out;
  const Status status = compiled->Evaluate(chunk, &out);
  REQUIRE_FALSE(status.ok());
  CHECK(status.sqlstate() == sqlstate::kDivisionByZero);
  auto odd = std::make_shared<Selection>();
  for (size_t i = 1; i < 100; i += 2) odd->Append(i);
  chunk.set_selection(odd);
  CHECK(compiled->Evaluate(chunk, &out).ok());
  chunk.set_selection(nullptr);
  // b <> 0 AND 10 / b > 0 never divides by zero, however often it runs.
  ExprPtr both = MakeAnd(List(Binary("<>", MakeSlot(1, TypeId::kInt32), Int(0)),
                              Binary(">", divide->Clone(), Int(0))));
  auto filter = CompiledExpr::Compile(*both, nullptr);
  REQUIRE(filter.ok());
  Selection chosen;
  for (int k = 0; k < 200; ++k) REQUIRE(filter->Filter(chunk, &chosen).ok());
  CHECK(chosen.size() == 5);
  CHECK(filter->Evaluate(chunk, &out).ok());
}

TEST_CASE("evaluator: overflow is found in dense loops and blamed on alive rows only", "[expr]") {
  Chunk chunk({TypeId::kInt32});
  for (int i = 0; i < 1000; ++i) {
    chunk.column(0).SetValue(i, Value::Int32(i == 777 ? INT32_MAX : i));
  }
  chunk.set_row_count(1000);
  ExprPtr sum = Binary("+", MakeSlot(0, TypeId::kInt32), Int(1));
  auto compiled = CompiledExpr::Compile(*sum, nullptr);
  REQUIRE(compiled.ok());
  Vector out;
  const Status status = compiled->Evaluate(chunk, &out);
  CHECK(status.sqlstate() == sqlstate::kNumericOutOfRange);
  CHECK(status.message() == "integer out of range");
  chunk.column(0).SetNull(777);
  CHECK(compiled->Evaluate(chunk, &out).ok());
  CHECK(out.GetValue(5).int64() == 6);
  CHECK(out.IsNull(777));
}

TEST_CASE("evaluator: a projection list computes equal subtrees once and keeps them equal",
          "[expr]") {
  std::mt19937_64 random(3);
  const Chunk chunk = MakeChunk(500, random);
  ExprPtr shared = Binary("*", MakeSlot(0, TypeId::kInt32), MakeSlot(1, TypeId::kInt32));
  ExprPtr outer = Binary("+", shared->Clone(), Int(1));
  auto list = ExpressionList::Compile({shared.get(), outer.get(), shared.get()}, nullptr);
  REQUIRE(list.ok());
  std::vector<Vector> out(3);
  for (int round = 0; round < 3; ++round) {
    REQUIRE(list->Evaluate(chunk, out.data()).ok());
    for (size_t i = 0; i < 500; ++i) {
      REQUIRE(out[0].GetValue(i) == out[2].GetValue(i));
      REQUIRE(out[0].IsNull(i) == out[1].IsNull(i));
      if (!out[0].IsNull(i)) {
        REQUIRE(out[0].GetValue(i).int64() + 1 == out[1].GetValue(i).int64());
      }
    }
  }
}

TEST_CASE("evaluator: constants fold, and failing ones stay", "[expr]") {
  ExprPtr sum = Binary("+", Int(1), Int(2));
  FoldConstants(sum);
  CHECK(sum->kind == ExprKind::kConstant);
  CHECK(sum->value.int64() == 3);
  ExprPtr bad = Binary("/", Int(1), Int(0));
  FoldConstants(bad);
  CHECK(bad->kind == ExprKind::kFunction);
  ExprPtr either = MakeOr(List(MakeBoolean(true), Binary("=", std::move(bad), Int(1))));
  FoldConstants(either);
  CHECK(either->kind == ExprKind::kConstant);
}

}  // namespace driftdb::expr
