#include "txn/redo.h"

#include <vector>

#include "txn/row_codec.h"

namespace driftdb::txn {

void RedoWriter::Insert(StorageId table, RowId first, const Chunk& chunk, const uint16_t* rows,
                        size_t count) {
  Kind(RedoKind::kInsert);
  encoder_.Varint(table.value);
  encoder_.Varint(first.value);
  encoder_.Varint(count);
  encoder_.Varint(chunk.column_count());
  // The length of the rows is known only afterwards: a fixed field is patched.
  const size_t length_at = out_->size();
  encoder_.U32(0);
  const Vector* columns_inline[32];
  std::vector<const Vector*> columns_heap;
  const Vector** columns = columns_inline;
  if (chunk.column_count() > 32) {
    columns_heap.resize(chunk.column_count());
    columns = columns_heap.data();
  }
  for (size_t c = 0; c < chunk.column_count(); ++c) columns[c] = &chunk.column(c);
  const std::span<const Vector* const> span(columns, chunk.column_count());
  for (size_t i = 0; i < count; ++i) EncodeRow(span, rows == nullptr ? i : rows[i], out_);
  StoreFixed(out_->data() + length_at, static_cast<uint32_t>(out_->size() - length_at - 4));
}

void RedoWriter::Update(StorageId table, RowId row, std::span<const uint32_t> ordinals,
                        std::span<const Vector* const> values, size_t value_row,
                        std::string_view old_key) {
  Kind(RedoKind::kUpdate);
  encoder_.Varint(table.value);
  encoder_.Varint(row.value);
  encoder_.Bytes(old_key);
  encoder_.Varint(ordinals.size());
  for (const uint32_t ordinal : ordinals) encoder_.U16(static_cast<uint16_t>(ordinal));
  const size_t length_at = out_->size();
  encoder_.U32(0);
  EncodeRow(values, value_row, out_);
  StoreFixed(out_->data() + length_at, static_cast<uint32_t>(out_->size() - length_at - 4));
}

void RedoWriter::Delete(StorageId table, RowId row, std::string_view old_key) {
  Kind(RedoKind::kDelete);
  encoder_.Varint(table.value);
  encoder_.Varint(row.value);
  encoder_.Bytes(old_key);
}

void RedoWriter::IndexInsert(StorageId index, std::string_view key, RowId row) {
  Kind(RedoKind::kIndexInsert);
  encoder_.Varint(index.value);
  encoder_.Bytes(key);
  encoder_.Varint(row.value);
}

void RedoWriter::IndexRemove(StorageId index, std::string_view key, RowId row) {
  Kind(RedoKind::kIndexRemove);
  encoder_.Varint(index.value);
  encoder_.Bytes(key);
  encoder_.Varint(row.value);
}

void RedoWriter::CreateTable(StorageId table, std::string_view schema) {
  Kind(RedoKind::kCreateTable);
  encoder_.Varint(table.value);
  encoder_.Bytes(schema);
}

void RedoWriter::CreateIndex(StorageId index, StorageId table, std::string_view definition) {
  Kind(RedoKind::kCreateIndex);
  encoder_.Varint(index.value);
  encoder_.Varint(table.value);
  encoder_.Bytes(definition);
}

void RedoWriter::DropStorage(StorageId storage) {
  Kind(RedoKind::kDropStorage);
  encoder_.Varint(storage.value);
}

void RedoWriter::AlterTable(StorageId table, std::string_view schema) {
  Kind(RedoKind::kAlterTable);
  encoder_.Varint(table.value);
  encoder_.Bytes(schema);
}

void RedoWriter::ExtendTable(StorageId table, std::string_view schema) {
  Kind(RedoKind::kExtendTable);
  encoder_.Varint(table.value);
  encoder_.Bytes(schema);
}

void RedoWriter::SequenceAdvance(Oid sequence, int64_t value, bool is_called) {
  Kind(RedoKind::kSequenceAdvance);
  encoder_.Varint(sequence.value);
  encoder_.U64(static_cast<uint64_t>(value));
  encoder_.U8(is_called ? 1 : 0);
}

void RedoWriter::RowIdReserve(StorageId table, RowId upto) {
  Kind(RedoKind::kRowIdReserve);
  encoder_.Varint(table.value);
  encoder_.Varint(upto.value);
}

void RedoWriter::AttachGroup(StorageId table, std::string_view descriptor) {
  Kind(RedoKind::kAttachGroup);
  encoder_.Varint(table.value);
  encoder_.Bytes(descriptor);
}

void RedoWriter::AttachRun(StorageId index, std::string_view descriptor, bool shadows) {
  Kind(RedoKind::kAttachRun);
  encoder_.Varint(index.value);
  encoder_.Bytes(descriptor);
  encoder_.U8(shadows ? 1 : 0);
}

void RedoWriter::Commit(const CommitRecord& commit) {
  Kind(RedoKind::kCommit);
  encoder_.U64(commit.txn.value);
  encoder_.U64(commit.seq.value);
  encoder_.U8(static_cast<uint8_t>(commit.level));
  encoder_.Varint(commit.catalog_version);
  encoder_.Varint(commit.origin);
}

void RedoWriter::PartHeader(TxnId txn, size_t bytes) {
  Kind(RedoKind::kPart);
  encoder_.U64(txn.value);
  encoder_.Varint(bytes);
}

void RedoWriter::RollbackTo(TxnId txn, uint64_t position) {
  Kind(RedoKind::kRollbackTo);
  encoder_.U64(txn.value);
  encoder_.Varint(position);
}

void RedoWriter::Abort(TxnId txn) {
  Kind(RedoKind::kAbort);
  encoder_.U64(txn.value);
}

namespace {

StorageId RedoStorage(Decoder* decoder) {
  return StorageId(static_cast<uint32_t>(decoder->Varint()));
}

Status RedoDecodeRows(Decoder* decoder, RedoRecord* record) {
  switch (record->kind) {
    case RedoKind::kInsert:
      record->storage = RedoStorage(decoder);
      record->row = RowId(decoder->Varint());
      record->count = decoder->Varint();
      record->column_count = static_cast<uint32_t>(decoder->Varint());
      record->body = decoder->Raw(decoder->U32());
      break;
    case RedoKind::kUpdate:
      record->storage = RedoStorage(decoder);
      record->row = RowId(decoder->Varint());
      record->key = decoder->Bytes();
      record->count = decoder->Varint();
      if (record->count > decoder->remaining()) return DataLossError("redo record is damaged");
      record->ordinals = decoder->Raw(record->count * 2);
      record->body = decoder->Raw(decoder->U32());
      break;
    case RedoKind::kDelete:
      record->storage = RedoStorage(decoder);
      record->row = RowId(decoder->Varint());
      record->key = decoder->Bytes();
      break;
    default:  // index entries
      record->storage = RedoStorage(decoder);
      record->key = decoder->Bytes();
      record->row = RowId(decoder->Varint());
      break;
  }
  if (record->row.value > kRowIdMax)
    return DataLossError("redo record has row id {}", record->row.value);
  return decoder->status("redo record");
}

Status RedoDecodeStorage(Decoder* decoder, RedoRecord* record) {
  record->storage = RedoStorage(decoder);
  switch (record->kind) {
    case RedoKind::kCreateIndex:
      record->table = RedoStorage(decoder);
      record->body = decoder->Bytes();
      break;
    case RedoKind::kDropStorage:
      break;
    case RedoKind::kRowIdReserve:
      record->row = RowId(decoder->Varint());
      break;
    case RedoKind::kAttachRun:
      record->body = decoder->Bytes();
      record->shadows = decoder->U8() != 0;
      break;
    default:
      record->body = decoder->Bytes();
      break;
  }
  return decoder->status("redo record");
}

}  // namespace

Status DecodeRedo(Decoder* decoder, RedoRecord* record) {
  *record = RedoRecord();
  record->kind = static_cast<RedoKind>(decoder->U8());
  switch (record->kind) {
    case RedoKind::kInsert:
    case RedoKind::kUpdate:
    case RedoKind::kDelete:
    case RedoKind::kIndexInsert:
    case RedoKind::kIndexRemove:
      return RedoDecodeRows(decoder, record);
    case RedoKind::kCreateTable:
    case RedoKind::kCreateIndex:
    case RedoKind::kDropStorage:
    case RedoKind::kAlterTable:
    case RedoKind::kRowIdReserve:
    case RedoKind::kAttachGroup:
    case RedoKind::kAttachRun:
    case RedoKind::kAttachPatch:
    case RedoKind::kExtendTable:
      return RedoDecodeStorage(decoder, record);
    case RedoKind::kSequenceAdvance:
      record->sequence = Oid(static_cast<uint32_t>(decoder->Varint()));
      record->sequence_value = static_cast<int64_t>(decoder->U64());
      record->sequence_called = decoder->U8() != 0;
      return decoder->status("redo record");
    case RedoKind::kCommit:
      record->commit.txn = TxnId(decoder->U64());
      record->commit.seq = CommitSeq(decoder->U64());
      record->commit.level = static_cast<CommitLevel>(decoder->U8());
      record->commit.catalog_version = decoder->Varint();
      record->commit.origin = decoder->Varint();
      return decoder->status("commit record");
    case RedoKind::kRollbackTo:
      record->commit.txn = TxnId(decoder->U64());
      record->position = decoder->Varint();
      return decoder->status("redo record");
    case RedoKind::kPart:
      record->commit.txn = TxnId(decoder->U64());
      record->body = decoder->Bytes();
      return decoder->status("redo record");
    case RedoKind::kAbort:
      record->commit.txn = TxnId(decoder->U64());
      return decoder->status("redo record");
    default:
      return DataLossError("redo record of unknown kind {}", static_cast<int>(record->kind));
  }
}

}  // namespace driftdb::txn
