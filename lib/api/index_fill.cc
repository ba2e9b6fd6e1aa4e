#include "api/index_fill.h"

#include <algorithm>
#include <vector>

#include "api/database.h"
#include "base/coding.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "exec/scan/index_scan_source.h"
#include "storage/btree/bulk_build.h"
#include "storage/btree/index.h"
#include "storage/table/table_scan.h"
#include "txn/redo.h"
#include "types/text_format.h"

namespace driftdb::api {

namespace {

// Runs a transaction has attached: they vanish with it, or with the savepoint behind which they
// were attached.
class AttachedRuns final : public txn::TransactionHook {
 public:
  void Add(std::shared_ptr<storage::Index> index, uint64_t run) {
    runs_.push_back({std::move(index), run, depth_});
  }
  void OnAbort() override { AbandonFrom(0); }
  void OnMark(uint32_t depth) override { depth_ = depth; }
  void OnRollbackTo(uint32_t depth) override {
    AbandonFrom(depth);
    depth_ = depth - 1;
  }

 private:
  struct Run {
    std::shared_ptr<storage::Index> index;
    uint64_t id;
    uint32_t depth;
  };
  void AbandonFrom(uint32_t depth) {
    while (!runs_.empty() && runs_.back().depth >= depth) {
      (void)runs_.back().index->AbandonRun(runs_.back().id);
      runs_.pop_back();
    }
  }
  std::vector<Run> runs_;
  uint32_t depth_ = 0;
};

AttachedRuns* IndexFillRuns(txn::Transaction* transaction) {
  for (const auto& hook : transaction->hooks()) {
    if (auto* runs = dynamic_cast<AttachedRuns*>(hook.get())) return runs;
  }
  auto runs = std::make_shared<AttachedRuns>();
  runs->OnMark(transaction->hook_depth());
  AttachedRuns* const raw = runs.get();
  transaction->AddHook(std::move(runs));
  return raw;
}

Status IndexFillDuplicate(const catalog::TableEntry& table, const catalog::IndexEntry& index,
                          const KeyEncoder& encoder, const std::string& key) {
  std::vector<Value> values;
  std::string names, shown;
  if (encoder.Decode(key, &values).ok()) {
    for (size_t c = 0; c < values.size(); ++c) {
      if (c > 0) {
        names += ", ";
        shown += ", ";
      }
      names += table.columns[index.columns[c].column].name;
      shown += FormatValue(values[c]);
    }
  }
  return Error(sqlstate::kUniqueViolation, "could not create unique index \"{}\"", index.name)
      .WithDetail(fmt::format("Key ({})=({}) is duplicated.", names, shown))
      .WithTable(table.name)
      .WithConstraint(index.name);
}

}  // namespace

Status BuildIndex(Connection* connection, exec::QueryContext* context,
                  const catalog::TableEntry& table, const catalog::IndexEntry& index) {
  return BuildIndexRange(connection, context, table, index, RowId(0), RowId(kRowIdMax));
}

Status BuildIndexRange(Connection* connection, exec::QueryContext* context,
                       const catalog::TableEntry& table, const catalog::IndexEntry& index,
                       RowId first, RowId end) {
  txn::Transaction* transaction = connection->transaction();
  txn::Engine* engine = connection->database()->engine();
  DRIFTDB_ASSIGN_OR_RETURN(const TxnId txid, transaction->EnsureWriter());
  storage::ScanOptions scan_options;
  scan_options.snapshot = {transaction->LatestPublished(), txid, UINT32_MAX};
  scan_options.row_ids = true;
  scan_options.first = first;
  scan_options.end = end;
  for (const catalog::IndexColumn& column : index.columns) {
    scan_options.columns.push_back(table.columns[column.column].storage_ordinal);
  }
  const size_t key_columns = scan_options.columns.size();
  storage::TableScan scan(table.data.get(), std::move(scan_options));
  storage::ScanCursor cursor(&scan);
  storage::BulkBuildOptions options;
  options.unique = index.unique;
  const KeyEncoder encoder = exec::MakeIndexEncoder(table, index);
  options.reject_duplicates = index.unique ? &encoder : nullptr;
  options.filter = true;
  options.memory_bytes =
      std::clamp<size_t>(engine->memory()->limit_bytes() / 8, size_t{1} << 20, size_t{256} << 20);
  storage::BulkIndexBuilder builder(engine->extents(), engine->memory(), options);
  Chunk chunk;
  KeyBatch keys;
  std::vector<RowId> rids;
  bool any = false;
  Status status;
  while (status.ok()) {
    DRIFTDB_RETURN_IF_ERROR(context->CheckCancel());
    DRIFTDB_ASSIGN_OR_RETURN(const bool more, cursor.Next(&chunk));
    if (!more) break;
    any = true;
    std::vector<Vector*> columns;
    for (size_t c = 0; c < key_columns; ++c) columns.push_back(&chunk.column(c));
    DRIFTDB_RETURN_IF_ERROR(
        encoder.EncodeRows(columns.data(), chunk.row_count(), chunk.selection(), &keys));
    rids.resize(chunk.size());
    for (size_t i = 0; i < chunk.size(); ++i) {
      rids[i] =
          RowId(static_cast<uint64_t>(chunk.column(key_columns).GetValue(chunk.row(i)).int64()));
    }
    status = builder.AddBatch(keys, rids.data());
  }
  if (!any) return OkStatus();
  storage::RunDescriptor run;
  if (status.ok()) {
    Result<storage::RunDescriptor> finished = builder.Finish();
    if (finished.ok()) {
      run = std::move(*finished);
    } else {
      status = finished.status();
    }
  }
  if (!status.ok()) {
    if (status.sqlstate() == sqlstate::kUniqueViolation) {
      return IndexFillDuplicate(table, index, encoder, builder.duplicate_key());
    }
    return status;
  }
  std::string descriptor;
  Encoder bytes(&descriptor);
  run.Serialize(&bytes);
  DRIFTDB_ASSIGN_OR_RETURN(const uint64_t id, index.data->AttachRun(std::move(run), txid, false));
  IndexFillRuns(transaction)->Add(index.data, id);
  txn::RedoWriter(transaction->redo()).AttachRun(index.storage, descriptor);
  transaction->RequireMainSync();
  return OkStatus();
}

}  // namespace driftdb::api
