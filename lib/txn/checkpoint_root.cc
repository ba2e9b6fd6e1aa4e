#include "txn/checkpoint_root.h"

#include "base/coding.h"
#include "base/error.h"
#include "base/status_macros.h"

namespace driftdb::txn {

namespace {

constexpr uint32_t kCheckpointRootVersion = 1;

}  // namespace

std::string CheckpointRoot::Encode() const {
  std::string bytes;
  Encoder encoder(&bytes);
  encoder.U32(kCheckpointRootVersion);
  encoder.Varint(txid_generation);
  encoder.Varint(catalog_version);
  encoder.Varint(next_storage_id);
  encoder.Varint(tables.size());
  for (const TableSection& table : tables) {
    encoder.Varint(table.id.value);
    encoder.Varint(table.created.value);
    encoder.Bytes(table.schema);
    encoder.Bytes(table.directory);
  }
  encoder.Varint(indexes.size());
  for (const IndexSection& index : indexes) {
    encoder.Varint(index.id.value);
    encoder.Varint(index.table.value);
    encoder.Varint(index.created.value);
    encoder.Bytes(index.definition);
    encoder.Bytes(index.components);
  }
  encoder.Varint(sequences.size());
  for (const auto& [oid, counter] : sequences) {
    encoder.Varint(oid.value);
    encoder.U64(static_cast<uint64_t>(counter.value));
    encoder.U8(counter.called ? 1 : 0);
  }
  return bytes;
}

Result<CheckpointRoot> CheckpointRoot::Decode(std::string_view bytes) {
  Decoder decoder(bytes);
  CheckpointRoot root;
  const uint32_t version = decoder.U32();
  if (version != kCheckpointRootVersion) {
    return Error(sqlstate::kFeatureNotSupported,
                 "checkpoint root has version {}, this library reads version {}", version,
                 kCheckpointRootVersion);
  }
  root.txid_generation = decoder.Varint();
  root.catalog_version = decoder.Varint();
  root.next_storage_id = static_cast<uint32_t>(decoder.Varint());
  for (uint64_t left = decoder.Varint(); left > 0 && decoder.ok(); --left) {
    TableSection table;
    table.id = StorageId(static_cast<uint32_t>(decoder.Varint()));
    table.created = CommitSeq(decoder.Varint());
    table.schema = decoder.Bytes();
    table.directory = decoder.Bytes();
    root.tables.push_back(std::move(table));
  }
  for (uint64_t left = decoder.Varint(); left > 0 && decoder.ok(); --left) {
    IndexSection index;
    index.id = StorageId(static_cast<uint32_t>(decoder.Varint()));
    index.table = StorageId(static_cast<uint32_t>(decoder.Varint()));
    index.created = CommitSeq(decoder.Varint());
    index.definition = decoder.Bytes();
    index.components = decoder.Bytes();
    root.indexes.push_back(std::move(index));
  }
  for (uint64_t left = decoder.Varint(); left > 0 && decoder.ok(); --left) {
    const Oid oid(static_cast<uint32_t>(decoder.Varint()));
    SequenceCounter counter;
    counter.value = static_cast<int64_t>(decoder.U64());
    counter.called = decoder.U8() != 0;
    root.sequences[oid] = counter;
  }
  DRIFTDB_RETURN_IF_ERROR(decoder.status("checkpoint root"));
  return root;
}

}  // namespace driftdb::txn
