// Nanoseconds per value of text parsers and of evaluated expressions on one thread; chunks of 2,048
// rows in cache, no I/O. Supports: engine.md budget 9 and the CSV load (< 15 ns per field).
#include <benchmark/benchmark.h>

#include "expr/binding.h"
#include "expr/evaluator.h"
#include "types/text_format.h"

namespace driftdb::expr {

namespace {

std::vector<std::string> BenchTexts(int kind) {
  std::vector<std::string> texts;
  for (int i = 0; i < 2048; ++i) {
    const unsigned n = static_cast<unsigned>(i) * 2654435761U;
    if (kind == 0) texts.push_back(std::to_string(n % 10000000));
    if (kind == 1) texts.push_back(std::to_string(n % 100000) + "." + std::to_string(10 + n % 90));
    if (kind == 2) {
      std::string date;
      AppendDate(static_cast<int32_t>(8000 + n % 2600), &date);
      texts.push_back(date);
    }
  }
  return texts;
}

void BM_ParseValue(benchmark::State& state) {
  const LogicalType types[] = {TypeId::kInt32, LogicalType::Decimal(15, 2), TypeId::kDate};
  const LogicalType type = types[state.range(0)];
  const auto texts = BenchTexts(static_cast<int>(state.range(0)));
  for (auto _ : state) {
    alignas(16) char out[16];
    for (const std::string& text : texts) {
      if (!ParseValue(type, text, out).ok()) state.SkipWithError("parse");
      benchmark::DoNotOptimize(out);
    }
  }
  state.SetItemsProcessed(state.iterations() * 2048);
}
BENCHMARK(BM_ParseValue)->Arg(0)->Arg(1)->Arg(2);

// Slots: 0 numeric(15,2), 1 numeric(15,2), 2 date, 3 integer, 4 text.
Chunk BenchChunk() {
  Chunk chunk({LogicalType::Decimal(15, 2), LogicalType::Decimal(15, 2), TypeId::kDate,
               TypeId::kInt32, TypeId::kText});
  for (int i = 0; i < 2048; ++i) {
    const unsigned n = static_cast<unsigned>(i) * 2654435761U;
    chunk.column(0).data<int64_t>()[i] = n % 10000000;
    chunk.column(1).data<int64_t>()[i] = n % 11;
    chunk.column(2).data<int32_t>()[i] = static_cast<int32_t>(8000 + n % 2600);
    chunk.column(3).data<int32_t>()[i] = static_cast<int32_t>(n % 1000);
    chunk.column(4).SetString(
        i, "carefully final requests about the special deposits " + std::to_string(n % 1000));
  }
  chunk.set_row_count(2048);
  return chunk;
}

ExprPtr BenchExpr(int kind) {
  const auto number = [](int32_t v) { return MakeConstant(Value::Int32(v)); };
  const auto slot = [](uint32_t s) {
    const LogicalType types[] = {LogicalType::Decimal(15, 2), LogicalType::Decimal(15, 2),
                                 TypeId::kDate, TypeId::kInt32, TypeId::kText};
    return MakeSlot(s, types[s]);
  };
  const auto op = [](std::string_view symbol, ExprPtr a, ExprPtr b) {
    return std::move(BindOperator(symbol, std::move(a), std::move(b))).value();
  };
  const auto text = [](const char* v) { return MakeConstant(Value::String(TypeId::kUnknown, v)); };
  switch (kind) {
    case 0:
      return op("+", slot(3), number(7));
    case 1:
      return op("*", slot(0), op("-", number(1), slot(1)));
    case 2:
      return op("<=", slot(2), text("1998-09-02"));
    case 3:
      return op("~~", slot(4), text("%special%requests%"));
    default: {
      std::vector<ExprPtr> args;
      args.push_back(text("year"));
      args.push_back(slot(2));
      return std::move(BindFunction("extract", std::move(args))).value();
    }
  }
}

void BM_Evaluate(benchmark::State& state) {
  const Chunk chunk = BenchChunk();
  auto compiled = CompiledExpr::Compile(*BenchExpr(static_cast<int>(state.range(0))), nullptr);
  if (!compiled.ok()) return state.SkipWithError("compile");
  Vector out;
  for (auto _ : state) {
    if (!compiled->Evaluate(chunk, &out).ok()) state.SkipWithError("evaluate");
    benchmark::DoNotOptimize(out.raw_data());
  }
  state.SetItemsProcessed(state.iterations() * 2048);
}
// 0: integer + constant, 1: price * (1 - discount), 2: date <= constant, 3: LIKE, 4: extract(year).
BENCHMARK(BM_Evaluate)->DenseRange(0, 4);

void BM_Filter(benchmark::State& state) {
  const Chunk chunk = BenchChunk();
  auto compiled = CompiledExpr::Compile(*BenchExpr(2), nullptr);
  if (!compiled.ok()) return state.SkipWithError("compile");
  Selection out;
  for (auto _ : state) {
    if (!compiled->Filter(chunk, &out).ok()) state.SkipWithError("filter");
    benchmark::DoNotOptimize(out.rows());
  }
  state.SetItemsProcessed(state.iterations() * 2048);
}
BENCHMARK(BM_Filter);

}  // namespace

}  // namespace driftdb::expr
