// Catalog: all versions of the catalog in memory, and the way to change it.
// Shape: snapshots by the commit that made them; a statement binds against the newest one at or
// below its own snapshot, a transaction that has changed the catalog against its private one
// (CatalogEditor::snapshot). Invariants: (CATALOG-1) one transaction edits at a time, holding the
// DDL lock to its end; (CATALOG-2) a version becomes visible exactly when its commit does;
// (CATALOG-3) what is in memory equals what the rows of the system tables say. Threads: safe.
#ifndef DRIFTDB_CATALOG_CATALOG_H_
#define DRIFTDB_CATALOG_CATALOG_H_

#include <atomic>
#include <list>
#include <memory>

#include "base/status.h"
#include "catalog/catalog_snapshot.h"
#include "platform/mutex.h"
#include "txn/engine.h"
#include "txn/table_lock.h"

namespace driftdb::catalog {

class CatalogEditor;

class Catalog {
 public:
  explicit Catalog(txn::Engine* engine);
  // Reads the system tables, or writes the first ones into a database just made.
  Status Open();

  txn::Engine* engine() const { return engine_; }
  std::shared_ptr<const CatalogSnapshot> AsOf(CommitSeq seq);
  // What statements of `transaction` with this snapshot bind against.
  std::shared_ptr<const CatalogSnapshot> For(txn::Transaction* transaction,
                                             const Snapshot& snapshot);
  // `catalog` as a snapshot at `seen` may use it: without the indexes that were made after it. They
  // have no entries for what only older snapshots see, and what they say to be unique was not.
  std::shared_ptr<const CatalogSnapshot> UsableAt(
      const std::shared_ptr<const CatalogSnapshot>& catalog, CommitSeq seen);
  // The transaction's editor, made (and the DDL lock taken) at the first call. Lives as long as the
  // transaction. Errors: 25006, 40P01, 55P03.
  Result<CatalogEditor*> Edit(txn::Transaction* transaction, const Snapshot& snapshot);

  // Whoever changes the catalog holds it exclusively to the end of his transaction.
  const std::shared_ptr<txn::TableLock>& ddl_lock() const { return ddl_lock_; }

  Result<Oid> NextOid();
  // Of the catalog committed last, whether its commit is published yet or not.
  uint64_t newest_version() const { return newest_version_.load(std::memory_order_acquire); }
  // Never given twice while the process lives, so a cached plan of an aborted version is never
  // mistaken (CAT-2).
  uint64_t NextVersion() { return next_version_.fetch_add(1) + 1; }

 private:
  friend class CatalogEditor;
  Status Bootstrap();
  Status Load();

  txn::Engine* const engine_;
  const std::shared_ptr<txn::TableLock> ddl_lock_;
  platform::Mutex mutex_;
  struct Version {
    CommitSeq seq;
    std::shared_ptr<const CatalogSnapshot> snapshot;
  };
  using Versions = std::list<Version>;  // a list, so that publishing need not allocate (C11)
  // Takes the one version of `made`, allocated before the commit had its number.
  void Publish(CommitSeq seq, Versions* made);
  void DropVersionsBefore(CommitSeq horizon) DRIFTDB_REQUIRES(mutex_);
  Versions versions_ DRIFTDB_GUARDED_BY(mutex_);
  std::atomic<uint64_t> next_version_{0};
  std::atomic<uint64_t> newest_version_{0};
  int64_t next_oid_ DRIFTDB_GUARDED_BY(mutex_) = 0;
  int64_t logged_oid_ DRIFTDB_GUARDED_BY(mutex_) = 0;
};

}  // namespace driftdb::catalog

#endif  // DRIFTDB_CATALOG_CATALOG_H_
