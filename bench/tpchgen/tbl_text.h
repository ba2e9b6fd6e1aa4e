// TPC-H tables as the text of dbgen's .tbl files: '|' after every column, '\n' after every row.
//
// Shape: AppendTbl formats one typed row; AppendUnits formats a range of units; StreamTable hands a
// whole table to a sink in pieces of complete rows, in order, so that memory stays bounded.
// Threads: StreamTable generates pieces on options.threads threads and calls the sink one piece at
// a time. Errors: the sink returns false to stop; StreamTable then returns false.
#ifndef DRIFTDB_BENCH_TPCHGEN_TBL_TEXT_H_
#define DRIFTDB_BENCH_TPCHGEN_TBL_TEXT_H_

#include <functional>
#include <string>
#include <string_view>

#include "tpchgen/row_sources.h"
#include "tpchgen/rows.h"

namespace driftdb::tpchgen {

void AppendTbl(const RegionRow& row, std::string* out);
void AppendTbl(const NationRow& row, std::string* out);
void AppendTbl(const SupplierRow& row, std::string* out);
void AppendTbl(const CustomerRow& row, std::string* out);
void AppendTbl(const PartRow& row, std::string* out);
void AppendTbl(const PartsuppRow& row, std::string* out);
void AppendTbl(const OrdersRow& row, std::string* out);
void AppendTbl(const LineitemRow& row, std::string* out);

// What ends a row: dbgen's files have a separator before the newline, loaders of CSV want none.
enum class RowEnd { kSeparator, kNewlineOnly };

void AppendUnits(Table table, const UnitRange& range, RowEnd row_end, std::string* out);

using TextSink = std::function<bool(std::string_view rows)>;
struct StreamOptions {
  double scale = 1;
  int threads = 1;
  RowEnd row_end = RowEnd::kSeparator;
};
bool StreamTable(Table table, const StreamOptions& options, const TextSink& sink);

}  // namespace driftdb::tpchgen

#endif  // DRIFTDB_BENCH_TPCHGEN_TBL_TEXT_H_
