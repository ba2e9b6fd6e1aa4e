#include "catalog/catalog.h"

#include <algorithm>

#include "base/check.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "catalog/catalog_editor.h"
#include "catalog/catalog_loader.h"
#include "txn/redo.h"

namespace driftdb::catalog {

namespace {

constexpr int64_t kCatalogOidsAhead = 64;

}  // namespace

Catalog::Catalog(txn::Engine* engine)
    : engine_(engine), ddl_lock_(std::make_shared<txn::TableLock>()) {}

Status Catalog::Open() {
  engine_->registry()->NoteId(StorageId(kFirstUserStorage - 1));
  if (engine_->created()) DRIFTDB_RETURN_IF_ERROR(Bootstrap());
  return Load();
}

Status Catalog::Bootstrap() {
  txn::TransactionManager* manager = engine_->manager();
  txn::Transaction transaction(manager);
  transaction.Begin(txn::Isolation::kReadCommitted, false);
  const Snapshot snapshot = transaction.BeginStatement();
  Status status = [&]() -> Status {
    DRIFTDB_RETURN_IF_ERROR(transaction.EnsureWriter().status());
    for (const SystemTableDefinition& definition : SystemTables()) {
      const storage::TableSchema schema = definition.MakeSchema();
      DRIFTDB_ASSIGN_OR_RETURN(
          const auto table,
          engine_->registry()->CreateTable(SystemStorage(definition.table), schema, CommitSeq(0)));
      txn::RedoWriter(transaction.redo()).CreateTable(table->id(), txn::EncodeTableSchema(schema));
    }
    auto editor = std::make_shared<CatalogEditor>(this, &transaction,
                                                  std::make_shared<const CatalogSnapshot>());
    editor->set_statement(snapshot);
    DRIFTDB_RETURN_IF_ERROR(editor->BootstrapRows());
    transaction.AddHook(editor);
    return OkStatus();
  }();
  transaction.EndStatement(snapshot);
  if (!status.ok()) {
    transaction.Abort();
    return status;
  }
  return transaction.Commit();
}

Status Catalog::Load() {
  const CommitSeq seq = engine_->manager()->published();
  DRIFTDB_ASSIGN_OR_RETURN(CatalogContents contents, LoadCatalog(engine_, seq));
  platform::MutexLock lock(&mutex_);
  next_version_.store(std::max(engine_->recovered_catalog_version(), uint64_t{1}));
  contents.snapshot->set_version(next_version_.load());
  newest_version_.store(next_version_.load());
  next_oid_ = std::max<int64_t>(contents.oid_max + 1, kFirstUserOid.value);
  const txn::SequenceCounter counter = engine_->registry()->sequence(kOidCounter);
  next_oid_ = std::max(next_oid_, counter.value + 1);
  logged_oid_ = 0;
  versions_.clear();
  versions_.push_back({CommitSeq(0), std::move(contents.snapshot)});
  return OkStatus();
}

std::shared_ptr<const CatalogSnapshot> Catalog::AsOf(CommitSeq seq) {
  platform::MutexLock lock(&mutex_);
  // Publish could not drop the version before its own yet: that holds storages that may be dropped.
  if (versions_.size() > 1) {
    const CommitSeq horizon = std::min(seq, engine_->manager()->Horizon());
    DropVersionsBefore(horizon);
  }
  for (auto version = versions_.rbegin(); version != versions_.rend(); ++version) {
    if (version->seq <= seq) return version->snapshot;
  }
  return versions_.front().snapshot;
}

std::shared_ptr<const CatalogSnapshot> Catalog::For(txn::Transaction* transaction,
                                                    const Snapshot& snapshot) {
  for (const auto& hook : transaction->hooks()) {
    if (const auto* editor = dynamic_cast<const CatalogEditor*>(hook.get())) {
      return editor->snapshot();
    }
  }
  return AsOf(snapshot.seq);
}

std::shared_ptr<const CatalogSnapshot> Catalog::UsableAt(
    const std::shared_ptr<const CatalogSnapshot>& catalog, CommitSeq seen) {
  txn::StorageRegistry* const registry = engine_->registry();
  std::shared_ptr<CatalogSnapshot> usable;
  for (const auto& [oid, relation] : catalog->relations()) {
    const auto* table = std::get_if<std::shared_ptr<const TableEntry>>(&relation);
    // Of a table that the transaction itself has made, every version is in every index.
    if (table == nullptr || registry->CreatedSeq((*table)->storage).value == 0) continue;
    const auto too_late = [&](const std::shared_ptr<const IndexEntry>& index) {
      const CommitSeq created = registry->CreatedSeq(index->storage);
      return created.value == 0 || created > seen;
    };
    const auto& indexes = (*table)->indexes;
    if (std::none_of(indexes.begin(), indexes.end(), too_late)) continue;
    if (usable == nullptr) usable = std::make_shared<CatalogSnapshot>(*catalog);
    auto changed = std::make_shared<TableEntry>(**table);
    std::erase_if(changed->indexes, too_late);
    usable->PutRelation(std::shared_ptr<const TableEntry>(std::move(changed)));
  }
  if (usable == nullptr) return catalog;
  usable->set_version(NextVersion());  // plans for it are for nobody else (CAT-2)
  return usable;
}

Result<CatalogEditor*> Catalog::Edit(txn::Transaction* transaction, const Snapshot& snapshot) {
  for (const auto& hook : transaction->hooks()) {
    if (auto* editor = dynamic_cast<CatalogEditor*>(hook.get())) {
      editor->set_statement(snapshot);
      return editor;
    }
  }
  DRIFTDB_RETURN_IF_ERROR(transaction->EnsureWriter().status());
  DRIFTDB_RETURN_IF_ERROR(transaction->LockTable(ddl_lock_, txn::LockMode::kAccessExclusive));
  // The newest version, not the snapshot's: nobody else can change it any more, and building on an
  // older one would undo what was committed meanwhile. The lock has waited for its publishing.
  auto editor =
      std::make_shared<CatalogEditor>(this, transaction, AsOf(transaction->LatestPublished()));
  editor->set_statement(snapshot);
  CatalogEditor* const raw = editor.get();
  transaction->AddHook(std::move(editor));
  return raw;
}

void Catalog::Publish(CommitSeq seq, Versions* made) {
  Version& version = made->front();
  version.seq = seq;
  const CommitSeq horizon = engine_->manager()->Horizon();
  engine_->NoteCatalogVersion(version.snapshot->version());
  platform::MutexLock lock(&mutex_);
  newest_version_.store(version.snapshot->version(), std::memory_order_release);
  versions_.splice(versions_.end(), *made);
  DropVersionsBefore(horizon);
}

// Versions that no snapshot can ask for any more.
void Catalog::DropVersionsBefore(CommitSeq horizon) {
  while (versions_.size() > 1 && std::next(versions_.begin())->seq <= horizon) {
    versions_.pop_front();
  }
}

Result<Oid> Catalog::NextOid() {
  platform::MutexLock lock(&mutex_);
  const int64_t oid = next_oid_++;
  if (oid > UINT32_MAX) {
    return Error(sqlstate::kProgramLimitExceeded, "database has used up all object ids");
  }
  if (oid > logged_oid_) {
    const int64_t ahead = oid + kCatalogOidsAhead;
    engine_->registry()->SetSequence(kOidCounter, {ahead, true});
    std::string record;
    txn::RedoWriter(&record).SequenceAdvance(kOidCounter, ahead, true);
    DRIFTDB_RETURN_IF_ERROR(engine_->manager()->AppendSystem(record, 1));
    logged_oid_ = ahead;
  }
  return Oid(static_cast<uint32_t>(oid));
}

}  // namespace driftdb::catalog
