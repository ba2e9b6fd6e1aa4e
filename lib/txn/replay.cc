#include "txn/replay.h"

#include <algorithm>

#include "base/error.h"
#include "base/status_macros.h"
#include "storage/table/table_types.h"
#include "txn/row_codec.h"

namespace driftdb::txn {

std::vector<TxnId> Replayer::unfinished() const {
  std::vector<TxnId> transactions;
  for (const auto& [txid, bytes] : parts_) transactions.push_back(TxnId(txid));
  return transactions;
}

Status Replayer::ApplyFrame(std::string_view payload) {
  Decoder decoder(payload);
  const char* records_begin = payload.data();
  while (decoder.remaining() > 0) {
    const char* record_begin = payload.data() + (payload.size() - decoder.remaining());
    RedoRecord record;
    DRIFTDB_RETURN_IF_ERROR(DecodeRedo(&decoder, &record));
    const char* record_end = payload.data() + (payload.size() - decoder.remaining());
    switch (record.kind) {
      case RedoKind::kPart:
        parts_[record.commit.txn.value].append(record.body);
        records_begin = record_end;
        break;
      case RedoKind::kRollbackTo: {
        std::string& sent = parts_[record.commit.txn.value];
        if (record.position < sent.size()) sent.resize(record.position);
        records_begin = record_end;
        break;
      }
      case RedoKind::kAbort:
        parts_.erase(record.commit.txn.value);
        records_begin = record_end;
        break;
      case RedoKind::kSequenceAdvance:
        registry_->SetSequence(record.sequence, {record.sequence_value, record.sequence_called});
        records_begin = record_end;
        break;
      case RedoKind::kExtendTable: {
        // Missing when it was dropped before the image was made.
        if (registry_->FindTable(record.storage) != nullptr) {
          DRIFTDB_RETURN_IF_ERROR(ApplySchema(record));
        }
        records_begin = record_end;
        break;
      }
      case RedoKind::kRowIdReserve: {
        const auto table = registry_->FindTable(record.storage);
        if (table != nullptr) table->AdvanceNextRid(record.row);
        records_begin = record_end;
        break;
      }
      case RedoKind::kCommit: {
        const std::string_view direct(records_begin,
                                      static_cast<size_t>(record_begin - records_begin));
        const auto part = parts_.find(record.commit.txn.value);
        if (part != parts_.end()) {
          std::string whole = std::move(part->second);
          parts_.erase(part);
          whole.append(direct);
          DRIFTDB_RETURN_IF_ERROR(ApplyCommit(whole, record.commit));
        } else {
          DRIFTDB_RETURN_IF_ERROR(ApplyCommit(direct, record.commit));
        }
        records_begin = record_end;
        break;
      }
      default:
        break;  // belongs to the commit that follows
    }
  }
  if (records_begin != payload.data() + payload.size()) {
    return DataLossError("log frame ends with records that no commit follows");
  }
  return OkStatus();
}

Status Replayer::ApplyCommit(std::string_view records, const CommitRecord& commit) {
  if (commit.seq <= snapshot_) return OkStatus();
  if (commit.seq.value != last_seq_.value + 1) {
    return DataLossError("log has commit {} after commit {}", commit.seq.value, last_seq_.value);
  }
  Decoder decoder(records);
  while (decoder.remaining() > 0) {
    RedoRecord record;
    DRIFTDB_RETURN_IF_ERROR(DecodeRedo(&decoder, &record));
    DRIFTDB_RETURN_IF_ERROR(ApplyRecord(record, commit.seq));
  }
  last_seq_ = commit.seq;
  if (commit.catalog_version != 0) catalog_version_ = commit.catalog_version;
  ++applied_commits_;
  return OkStatus();
}

Result<std::shared_ptr<storage::Table>> Replayer::Table(StorageId id) {
  std::shared_ptr<storage::Table> table = registry_->FindTable(id);
  if (table == nullptr)
    return DataLossError("log names table storage {}, which is missing", id.value);
  return table;
}

Status Replayer::ApplyRecord(const RedoRecord& record, CommitSeq seq) {
  switch (record.kind) {
    case RedoKind::kInsert:
      return ApplyInsert(record, seq);
    case RedoKind::kUpdate:
      return ApplyUpdate(record, seq);
    case RedoKind::kDelete: {
      DRIFTDB_ASSIGN_OR_RETURN(const auto table, Table(record.storage));
      const RowId row = record.row;
      return table->ReplayDelete({&row, 1}, seq);
    }
    case RedoKind::kIndexInsert:
    case RedoKind::kIndexRemove:
      return ApplyIndexEntry(record);
    case RedoKind::kCreateTable:
    case RedoKind::kCreateIndex:
    case RedoKind::kDropStorage:
    case RedoKind::kAlterTable:
      return ApplyStorage(record, seq);
    case RedoKind::kAttachGroup:
    case RedoKind::kAttachRun:
      return ApplyAttach(record, seq);
    default:
      return DataLossError("log has a record of kind {} inside a transaction",
                           static_cast<int>(record.kind));
  }
}

Status Replayer::ApplyInsert(const RedoRecord& record, CommitSeq seq) {
  DRIFTDB_ASSIGN_OR_RETURN(const auto table, Table(record.storage));
  const auto schema = table->schema();
  if (record.column_count > schema->columns.size()) {
    return DataLossError("log inserts {} columns into table storage {} of {}", record.column_count,
                         record.storage.value, schema->columns.size());
  }
  std::vector<LogicalType> types;
  for (uint32_t c = 0; c < record.column_count; ++c) types.push_back(schema->columns[c].type);
  Decoder decoder(record.body);
  for (uint64_t done = 0; done < record.count;) {
    Chunk rows(types);
    std::vector<Vector*> columns;
    for (Vector& column : rows.columns()) columns.push_back(&column);
    const uint64_t batch = std::min<uint64_t>(record.count - done, kVectorRows);
    for (uint64_t i = 0; i < batch; ++i) {
      DRIFTDB_RETURN_IF_ERROR(DecodeRow(&decoder, columns, i));
    }
    rows.set_row_count(batch);
    DRIFTDB_RETURN_IF_ERROR(table->ReplayInsert(RowId(record.row.value + done), rows, seq));
    done += batch;
  }
  return OkStatus();
}

Status Replayer::ApplyUpdate(const RedoRecord& record, CommitSeq seq) {
  DRIFTDB_ASSIGN_OR_RETURN(const auto table, Table(record.storage));
  const auto schema = table->schema();
  std::vector<uint32_t> ordinals;
  std::vector<Vector> values;
  for (uint64_t c = 0; c < record.count; ++c) {
    const uint16_t ordinal = LoadFixed<uint16_t>(record.ordinals.data() + 2 * c);
    if (ordinal >= schema->columns.size()) {
      return DataLossError("log updates column {} of table storage {}", ordinal,
                           record.storage.value);
    }
    ordinals.push_back(ordinal);
    values.emplace_back(schema->columns[ordinal].type, 1);
  }
  std::vector<Vector*> columns;
  for (Vector& value : values) columns.push_back(&value);
  Decoder decoder(record.body);
  DRIFTDB_RETURN_IF_ERROR(DecodeRow(&decoder, columns, 0));
  std::vector<const void*> pointers;
  std::vector<int64_t> scratch(values.size());
  for (size_t c = 0; c < values.size(); ++c) {
    pointers.push_back(LocateValue(values[c], 0, &scratch[c]));
  }
  return table->ReplayUpdate(record.row, ordinals, pointers, seq);
}

Status Replayer::ApplyIndexEntry(const RedoRecord& record) {
  const auto index = registry_->FindIndex(record.storage);
  if (index == nullptr) {
    return DataLossError("log names index storage {}, which is missing", record.storage.value);
  }
  const storage::EntryState state = record.kind == RedoKind::kIndexInsert
                                        ? storage::EntryState::kEntry
                                        : storage::EntryState::kAnti;
  const auto put = index->Put(record.key, record.row, state, TxnId(0));
  return put.ok() ? OkStatus() : put.status();
}

Status Replayer::ApplyStorage(const RedoRecord& record, CommitSeq seq) {
  switch (record.kind) {
    case RedoKind::kCreateTable: {
      DRIFTDB_ASSIGN_OR_RETURN(storage::TableSchema schema, DecodeTableSchema(record.body));
      const auto made = registry_->CreateTable(record.storage, std::move(schema), seq);
      return made.ok() ? OkStatus() : made.status();
    }
    case RedoKind::kCreateIndex: {
      DRIFTDB_ASSIGN_OR_RETURN(IndexDefinition definition, DecodeIndexDefinition(record.body));
      const auto made =
          registry_->CreateIndex(record.storage, record.table, std::move(definition), seq);
      return made.ok() ? OkStatus() : made.status();
    }
    case RedoKind::kDropStorage:
      registry_->MarkDropped(record.storage, seq);
      return OkStatus();
    default:
      return ApplySchema(record);
  }
}

Status Replayer::ApplySchema(const RedoRecord& record) {
  DRIFTDB_ASSIGN_OR_RETURN(const auto table, Table(record.storage));
  DRIFTDB_ASSIGN_OR_RETURN(const storage::TableSchema schema, DecodeTableSchema(record.body));
  for (size_t c = table->schema()->columns.size(); c < schema.columns.size(); ++c) {
    table->AddColumn(schema.columns[c]);
  }
  for (uint32_t c = 0; c < schema.columns.size(); ++c) {
    if (schema.columns[c].dropped && !table->schema()->columns[c].dropped) table->DropColumn(c);
  }
  return OkStatus();
}

Status Replayer::ApplyAttach(const RedoRecord& record, CommitSeq seq) {
  if (record.kind == RedoKind::kAttachGroup) {
    DRIFTDB_ASSIGN_OR_RETURN(const auto table, Table(record.storage));
    DRIFTDB_ASSIGN_OR_RETURN(const storage::GroupDescriptor descriptor,
                             storage::GroupDescriptor::Decode(record.body));
    for (const storage::ExtentRef& extent : descriptor.Extents()) {
      DRIFTDB_RETURN_IF_ERROR(extents_->Claim(extent));
    }
    return table->ReplayAttachGroup(descriptor, seq);
  }
  const auto index = registry_->FindIndex(record.storage);
  if (index == nullptr) {
    return DataLossError("log names index storage {}, which is missing", record.storage.value);
  }
  Decoder decoder(record.body);
  DRIFTDB_ASSIGN_OR_RETURN(storage::RunDescriptor run,
                           storage::RunDescriptor::Deserialize(&decoder));
  for (const storage::ExtentRef& extent : run.Extents()) {
    DRIFTDB_RETURN_IF_ERROR(extents_->Claim(extent));
  }
  const auto attached = index->AttachRun(std::move(run), TxnId(0), record.shadows);
  return attached.ok() ? OkStatus() : attached.status();
}

}  // namespace driftdb::txn
