// Measures: encoding TPC-H lineitem (16 columns, groups of 131,072 rows), its size per column, and
// scans of its segments in memory: filter to a bitmap, read, sum of a packed column, point reads.
// Excluded: reading files, the pool. Decision it supports: encodings and their choice; budgets 8, 9
// and 14 (sum of packed values at 28 GB/s of decoded values, 100 M rows in 15 ms).
#include <memory>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "storage/column/bitmap.h"
#include "storage/column/segment_reader.h"
#include "storage/column/segment_writer.h"
#include "tpchgen/row_sources.h"

namespace driftdb::storage {
namespace {

struct LineitemBench {
  struct Column {
    const char* name;
    LogicalType type;
    std::vector<Vector> vectors;
  };
  std::vector<Column> columns;
  uint32_t rows = 0;

  LineitemBench() {
    const LogicalType money = LogicalType::Decimal(15, 2);
    columns = {{"l_orderkey", TypeId::kInt64, {}},
               {"l_partkey", TypeId::kInt64, {}},
               {"l_suppkey", TypeId::kInt64, {}},
               {"l_linenumber", TypeId::kInt32, {}},
               {"l_quantity", money, {}},
               {"l_extendedprice", money, {}},
               {"l_discount", money, {}},
               {"l_tax", money, {}},
               {"l_returnflag", TypeId::kText, {}},
               {"l_linestatus", TypeId::kText, {}},
               {"l_shipdate", TypeId::kDate, {}},
               {"l_commitdate", TypeId::kDate, {}},
               {"l_receiptdate", TypeId::kDate, {}},
               {"l_shipinstruct", TypeId::kText, {}},
               {"l_shipmode", TypeId::kText, {}},
               {"l_comment", TypeId::kText, {}}};
    tpchgen::LineitemSource source({1.0, 0, 40'000});
    tpchgen::LineitemRow row;
    while (rows < kGroupRows && source.Next(&row)) {
      const uint32_t at = rows % kVectorRows;
      if (at == 0) {
        for (Column& column : columns) column.vectors.emplace_back(column.type, kVectorRows);
      }
      const int64_t wide[] = {row.order_key, row.part_key,       row.supp_key, 0,
                              row.quantity,  row.extended_price, row.discount, row.tax};
      for (size_t c = 0; c < 8; ++c) {
        if (c != 3) columns[c].vectors.back().data<int64_t>()[at] = wide[c];
      }
      columns[3].vectors.back().data<int32_t>()[at] = static_cast<int32_t>(row.line_number);
      const int64_t dates[] = {row.ship_date, row.commit_date, row.receipt_date};
      for (size_t c = 0; c < 3; ++c) {
        columns[10 + c].vectors.back().data<int32_t>()[at] = static_cast<int32_t>(dates[c]);
      }
      columns[8].vectors.back().SetString(at, row.return_flag);
      columns[9].vectors.back().SetString(at, {&row.line_status, 1});
      columns[13].vectors.back().SetString(at, row.ship_instructions);
      columns[14].vectors.back().SetString(at, row.ship_mode);
      columns[15].vectors.back().SetString(at, row.comment);
      ++rows;
    }
  }
  EncodedColumn Encode(size_t c) const {
    SegmentWriter writer(columns[c].type);
    for (uint32_t from = 0; from < rows; from += kVectorRows) {
      writer.Append(columns[c].vectors[from / kVectorRows],
                    std::min<uint32_t>(kVectorRows, rows - from));
    }
    return std::move(writer.Finish()).value();
  }
  std::shared_ptr<const SegmentReader> Open(size_t c) const {
    EncodedColumn encoded = Encode(c);
    auto bytes = std::make_shared<std::string>(std::move(encoded.segments[0].payload));
    return std::move(SegmentReader::Open(encoded.segments[0].meta, columns[c].type,
                                         PinnedBytes(bytes->data(), bytes->size(), bytes), nullptr))
        .value();
  }
};

const LineitemBench& Lineitem() {
  static const LineitemBench* const bench = new LineitemBench();
  return *bench;
}

void SetPerRow(benchmark::State& state, uint64_t rows) {
  state.counters["ns/row"] =
      benchmark::Counter(static_cast<double>(state.iterations()) * static_cast<double>(rows) * 1e-9,
                         benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void BM_EncodeColumn(benchmark::State& state) {
  const LineitemBench& bench = Lineitem();
  const auto c = static_cast<size_t>(state.range(0));
  size_t bytes = 0;
  int encoding = 0;
  for (auto _ : state) {
    EncodedColumn encoded = bench.Encode(c);
    bytes = 0;
    for (const EncodedSegment& segment : encoded.segments) bytes += segment.payload.size();
    encoding = static_cast<int>(encoded.segments[0].meta.encoding);
  }
  state.SetLabel(bench.columns[c].name);
  state.counters["bytes/row"] = static_cast<double>(bytes) / bench.rows;
  state.counters["encoding"] = encoding;
  SetPerRow(state, bench.rows);
}
BENCHMARK(BM_EncodeColumn)->DenseRange(0, 15);

void BM_EncodeLineitem(benchmark::State& state) {
  const LineitemBench& bench = Lineitem();
  for (auto _ : state) {
    for (size_t c = 0; c < 16; ++c) benchmark::DoNotOptimize(bench.Encode(c).segments.size());
  }
  SetPerRow(state, bench.rows);
}
BENCHMARK(BM_EncodeLineitem);

void BM_FilterColumn(benchmark::State& state, size_t c, ColumnPredicate predicate) {
  const auto reader = Lineitem().Open(c);
  auto scratch = std::make_unique<SegmentScratch>();
  size_t passed = 0;
  for (auto _ : state) {
    const SegmentPredicate prepared = std::move(reader->Prepare(predicate)).value();
    passed = 0;
    for (uint32_t v = 0; v < reader->vector_count(); ++v) {
      uint64_t bits[kValidityWords];
      FillBitmap(bits, kVectorRows);
      benchmark::DoNotOptimize(reader->Filter(v, prepared, scratch.get(), bits).ok());
      passed += CountBits(bits);
    }
  }
  state.counters["percent"] = 100.0 * static_cast<double>(passed) / reader->meta().row_count;
  SetPerRow(state, reader->meta().row_count);
}
BENCHMARK_CAPTURE(BM_FilterColumn, shipdate_year, 10,
                  ColumnPredicate::Range(Value::Integer(TypeId::kDate, 8766), true,
                                         Value::Integer(TypeId::kDate, 9131), false));
BENCHMARK_CAPTURE(BM_FilterColumn, quantity_less_24, 4,
                  ColumnPredicate::Compare(CompareOp::kLess,
                                           Value::Integer(LogicalType::Decimal(15, 2), 24)));
BENCHMARK_CAPTURE(BM_FilterColumn, shipmode_in_2, 14,
                  ColumnPredicate::In({Value::Text("MAIL"), Value::Text("SHIP")}));
BENCHMARK_CAPTURE(BM_FilterColumn, comment_equal, 15,
                  ColumnPredicate::Compare(CompareOp::kEqual,
                                           Value::Text("nothing is equal to this text")));
BENCHMARK_CAPTURE(BM_FilterColumn, orderkey_range, 0,
                  ColumnPredicate::Range(Value::Int64(1000), true, Value::Int64(100'000), false));

void BM_ReadColumn(benchmark::State& state) {
  const auto c = static_cast<size_t>(state.range(0));
  const auto reader = Lineitem().Open(c);
  state.SetLabel(Lineitem().columns[c].name);
  Vector out(Lineitem().columns[c].type);
  for (auto _ : state) {
    for (uint32_t v = 0; v < reader->vector_count(); ++v) {
      benchmark::DoNotOptimize(reader->Read(v, &out).ok());
    }
  }
  SetPerRow(state, reader->meta().row_count);
}
BENCHMARK(BM_ReadColumn)->Arg(0)->Arg(1)->Arg(4)->Arg(5)->Arg(10)->Arg(14)->Arg(15);

void BM_SumPacked(benchmark::State& state) {
  const auto reader = Lineitem().Open(5);
  Vector out(LogicalType::Decimal(15, 2));
  for (auto _ : state) {
    int64_t sum = 0;
    for (uint32_t v = 0; v < reader->vector_count(); ++v) {
      if (!reader->Read(v, &out).ok()) return;
      const auto* values = out.data<int64_t>();
      for (size_t i = 0; i < kVectorRows; ++i) sum += values[i];
    }
    benchmark::DoNotOptimize(sum);
  }
  SetPerRow(state, reader->meta().row_count);
  state.SetBytesProcessed(state.iterations() * reader->meta().row_count * 8);
}
BENCHMARK(BM_SumPacked);

void BM_ReadOne(benchmark::State& state) {
  const auto c = static_cast<size_t>(state.range(0));
  const auto reader = Lineitem().Open(c);
  state.SetLabel(Lineitem().columns[c].name);
  Vector out(Lineitem().columns[c].type, 1);
  uint32_t row = 1;
  uint32_t reads = 0;
  for (auto _ : state) {
    row = (row * 1103515245 + 12345) % reader->meta().row_count;
    if (++reads % 1024 == 0) out.AllocateFlat(1);  // drops the heap of strings
    benchmark::DoNotOptimize(reader->ReadOne(row, &out, 0).ok());
  }
}
BENCHMARK(BM_ReadOne)->Arg(0)->Arg(1)->Arg(5)->Arg(14)->Arg(15);

}  // namespace
}  // namespace driftdb::storage
