// What the tests of the operators share: random tables, a source that yields them as chunks of
// every vector kind with selections and garbage between the alive rows, a sink that collects rows
// as text, and a context with a memory budget and worker threads.
#ifndef DRIFTDB_TESTS_UNIT_EXEC_EXEC_TEST_BED_H_
#define DRIFTDB_TESTS_UNIT_EXEC_EXEC_TEST_BED_H_

#include <algorithm>
#include <atomic>
#include <cmath>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "exec/operator.h"
#include "exec/pipeline.h"
#include "exec/task_pool.h"
#include "expr/binding.h"
#include "expr/expr.h"
#include "platform/clock.h"
#include "platform/mutex.h"

namespace driftdb::exec {

using TestRow = std::vector<Value>;
using TestTable = std::vector<TestRow>;
using TestLines = std::vector<std::string>;

struct TestContext {
  explicit TestContext(unsigned threads, size_t memory_bytes = size_t{1} << 30)
      : memory(memory_bytes), tasks(threads) {
    context.memory = &memory;
    context.tasks = &tasks;
    context.threads = threads;
    context.clock = platform::SystemClock();
  }
  MemoryAccountant memory;
  TaskPool tasks;
  QueryContext context;
};

inline Value TestRandomValue(std::mt19937_64& rng, LogicalType type, uint64_t distinct,
                             double null_share) {
  if (static_cast<double>(rng() % 1000) < null_share * 1000) return Value::Null(type);
  const uint64_t pick = rng() % distinct;
  switch (type.physical()) {
    case PhysicalType::kBool:
      return Value::Boolean(pick % 2 == 1);
    case PhysicalType::kInt16:
      return Value::Integer(type, static_cast<int16_t>(pick % 30000) - 5);
    case PhysicalType::kInt32:
      return Value::Integer(type, static_cast<int32_t>(pick) - 3);
    case PhysicalType::kInt64:
      // Sparse for type bigint, dense for the other 8-byte types.
      return Value::Integer(type, type.id == TypeId::kInt64
                                      ? static_cast<int64_t>(pick * 0x9e3779b97f4a7c15ULL)
                                      : static_cast<int64_t>(pick) - 7);
    case PhysicalType::kInt128:
      return Value::Integer(type, static_cast<int128_t>(pick) << (pick % 3 == 0 ? 64 : 1));
    case PhysicalType::kFloat:
    case PhysicalType::kDouble: {
      double value = static_cast<double>(pick) / 4 - 1;
      if (pick == 0) value = std::nan("");
      if (pick == 1) value = rng() % 2 == 0 ? 0.0 : -0.0;
      return type.id == TypeId::kReal ? Value::Real(static_cast<float>(value))
                                      : Value::Double(value);
    }
    case PhysicalType::kInterval: {
      Interval interval;
      interval.months = static_cast<int32_t>(pick % 3);
      interval.days = static_cast<int32_t>(pick / 3);
      if (interval.months > 0 && rng() % 2 == 0) {  // the same length
        --interval.months;
        interval.days += 30;
      }
      return Value::OfInterval(interval);
    }
    case PhysicalType::kString:
      break;
  }
  std::string text = "k" + std::to_string(pick);
  if (pick % 3 == 0) text += " with a tail that is not inline";
  if (pick % 7 == 6) text = std::string(pick % 4, 'p');
  return Value::String(type, std::move(text));
}

inline TestTable TestRandomTable(std::mt19937_64& rng, const std::vector<LogicalType>& types,
                                 size_t rows, uint64_t distinct, double null_share) {
  TestTable table(rows);
  for (TestRow& row : table) {
    for (const LogicalType& type : types) {
      row.push_back(TestRandomValue(rng, type, distinct, null_share));
    }
  }
  return table;
}

// Equal values give equal texts: -0 as 0, intervals by length.
inline std::string TestText(const Value& value) {
  if (value.is_null()) return "NULL";
  switch (value.type().physical()) {
    case PhysicalType::kFloat:
    case PhysicalType::kDouble:
      if (value.float64() == 0) return "0";
      return std::isnan(value.float64()) ? "NaN" : std::to_string(value.float64());
    case PhysicalType::kInterval: {
      const Interval& v = value.interval();
      return std::to_string((int64_t{v.months} * 30 + v.days) * kMicrosPerDay + v.micros) + "us";
    }
    case PhysicalType::kString:
      return "'" + value.string() + "'";
    default: {
      int128_t v = value.integer();
      const bool negative = v < 0;
      std::string digits;
      do {
        const int digit = static_cast<int>(v % 10);
        digits += static_cast<char>('0' + (digit < 0 ? -digit : digit));
        v /= 10;
      } while (v != 0);
      if (negative) digits += '-';
      std::reverse(digits.begin(), digits.end());
      return digits;
    }
  }
}
inline std::string TestLine(const TestRow& row) {
  std::string line;
  for (const Value& value : row) line += TestText(value) + "|";
  return line;
}
inline TestLines TestSorted(TestLines lines) {
  std::sort(lines.begin(), lines.end());
  return lines;
}
inline TestLines TestLinesOf(const TestTable& table) {
  TestLines lines;
  for (const TestRow& row : table) lines.push_back(TestLine(row));
  return lines;
}

// Fails with the first difference only.
inline void RequireLines(const TestLines& lines, const TestLines& expected) {
  for (size_t i = 0; i < std::min(lines.size(), expected.size()); ++i) {
    if (lines[i] != expected[i]) {
      INFO("line " << i << " of " << lines.size() << ", expected " << expected.size());
      REQUIRE(lines[i].substr(0, 300) == expected[i].substr(0, 300));
      REQUIRE(lines[i] == expected[i]);
    }
  }
  REQUIRE(lines.size() == expected.size());
}

// Ids are equal only for equal dictionaries, in all of the process.
inline uint64_t TestDictionaryId() {
  static std::atomic<uint64_t> next{0};
  return ++next;
}

// Yields a table in chunks of random size; safe for several workers.
class TestSource : public Source {
 public:
  TestSource(const TestTable* table, std::vector<LogicalType> types, uint64_t seed,
             bool plain = false)
      : table_(table), types_(std::move(types)), rng_(seed), plain_(plain) {}
  Status Prepare(QueryContext* context) override {
    next_ = 0;
    return OkStatus();
  }
  size_t max_threads() const override { return 64; }
  Result<std::unique_ptr<LocalState>> MakeLocal() override {
    return std::make_unique<LocalState>();
  }
  Result<bool> Next(LocalState* local, Chunk* chunk) override {
    platform::MutexLock lock(&mutex_);
    if (next_ == table_->size()) return false;
    const size_t count =
        std::min<size_t>(1 + rng_() % (plain_ ? kVectorRows : 700), table_->size() - next_);
    Fill(next_, count, chunk);
    next_ += count;
    return true;
  }

 private:
  // Rows go to ascending positions; gaps hold garbage unless the chunk has no selection.
  void Fill(size_t from, size_t count, Chunk* chunk) {
    const bool selected = !plain_ && rng_() % 2 == 0;
    std::vector<size_t> at;
    size_t position = 0;
    for (size_t i = 0; i < count; ++i) {
      if (selected) position += rng_() % 3;
      at.push_back(std::min(position, kVectorRows - (count - i)));
      position = at.back() + 1;
    }
    const size_t rows = selected ? std::min<size_t>(position + rng_() % 5, kVectorRows) : count;
    chunk->columns().clear();
    for (size_t c = 0; c < types_.size(); ++c)
      chunk->columns().push_back(Column(from, at, rows, c));
    chunk->set_row_count(rows);
    chunk->set_selection(nullptr);
    if (!selected) return;
    auto selection = std::make_shared<Selection>();
    for (const size_t row : at) selection->Append(row);
    chunk->set_selection(std::move(selection));
  }
  Vector Column(size_t from, const std::vector<size_t>& at, size_t rows, size_t c) {
    Vector flat(types_[c], kVectorRows);
    bool constant = true;
    for (size_t row = 0; row < rows; ++row) {
      flat.SetValue(row, TestRandomValue(rng_, types_[c], 50, 0.1));
    }
    for (size_t i = 0; i < at.size(); ++i) {
      const Value& value = (*table_)[from + i][c];
      flat.SetValue(at[i], value);
      constant &= TestText(value) == TestText((*table_)[from][c]);
    }
    if (constant && rng_() % 2 == 0) {
      Vector vector(types_[c]);
      vector.SetConstant((*table_)[from][c]);
      return vector;
    }
    if (plain_ || rng_() % 2 == 0) return flat;
    return Dictionary(flat, rows, c);
  }
  // Sometimes with a dictionary of the distinct values and an id, sometimes one entry per row and a
  // mask of NULL rows.
  Vector Dictionary(const Vector& flat, size_t rows, size_t c) {
    const bool distinct = rng_() % 2 == 0;
    auto entries = std::make_shared<Vector>(types_[c], kVectorRows);
    auto codes = std::make_shared<std::vector<uint32_t>>(kVectorRows);
    auto mask = std::make_shared<std::vector<uint64_t>>(kValidityWords, ~uint64_t{0});
    std::vector<std::string> texts;
    bool masked = false;
    for (size_t row = 0; row < rows; ++row) {
      Value value = flat.GetValue(row);
      if (value.is_null() && !distinct) {
        ClearBit(mask->data(), row);
        masked = true;
        value = TestRandomValue(rng_, types_[c], 50, 0);
      }
      size_t code = texts.size();
      if (distinct) {
        code = static_cast<size_t>(std::find(texts.begin(), texts.end(), TestText(value)) -
                                   texts.begin());
      }
      if (code == texts.size()) {
        texts.push_back(TestText(value));
        entries->SetValue(code, value);
      }
      (*codes)[row] = static_cast<uint32_t>(code);
    }
    Vector vector(types_[c]);
    const uint64_t id = distinct && rng_() % 2 == 0 ? TestDictionaryId() : 0;
    vector.ReferDictionary(codes->data(), codes, entries, texts.size(), id);
    if (masked) vector.ReferValidity(mask->data(), mask);
    return vector;
  }

  const TestTable* const table_;
  const std::vector<LogicalType> types_;
  platform::Mutex mutex_;
  std::mt19937_64 rng_;
  const bool plain_;
  size_t next_ = 0;
};

class TestSink : public Sink {
 public:
  explicit TestSink(bool in_order = false) : in_order_(in_order) {}
  bool parallel() const override { return !in_order_; }
  Result<std::unique_ptr<LocalState>> MakeLocal() override {
    return std::make_unique<LocalState>();
  }
  Result<SinkResult> Consume(LocalState* local, Chunk* chunk) override {
    TestLines lines;
    for (size_t i = 0; i < chunk->size(); ++i) {
      TestRow row;
      for (Vector& column : chunk->columns()) row.push_back(column.GetValue(chunk->row(i)));
      lines.push_back(TestLine(row));
    }
    platform::MutexLock lock(&mutex_);
    lines_.insert(lines_.end(), lines.begin(), lines.end());
    return SinkResult::kMore;
  }
  TestLines& lines() { return lines_; }

 private:
  const bool in_order_;
  platform::Mutex mutex_;
  TestLines lines_;
};

inline Phase TestPhase(Source* source, std::vector<Operator*> operators = {}) {
  Phase phase;
  phase.source = source;
  for (Operator* op : operators) phase.steps.push_back({op, UINT32_MAX});
  return phase;
}
inline Status TestRun(QueryContext* context, std::vector<Phase> phases, Sink* sink) {
  Pipeline pipeline;
  pipeline.phases = std::move(phases);
  pipeline.sink = sink;
  return RunPipeline(context, pipeline);
}
#define REQUIRE_OK(expression)                 \
  do {                                         \
    const ::driftdb::Status st = (expression); \
    INFO(st.ToString());                       \
    REQUIRE(st.ok());                          \
  } while (false)

// Lists of slots, owning their expressions.
struct TestSlots {
  std::vector<expr::ExprPtr> owned;
  std::vector<const expr::Expr*> refs;
  void Add(uint32_t slot, LogicalType type) {
    owned.push_back(expr::MakeSlot(slot, type));
    refs.push_back(owned.back().get());
  }
};

}  // namespace driftdb::exec

#endif  // DRIFTDB_TESTS_UNIT_EXEC_EXEC_TEST_BED_H_
