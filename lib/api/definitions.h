// Definitions: executes CREATE, ALTER, DROP and TRUNCATE through catalog::CatalogEditor, and fills
// fresh indexes. Threads: one owner; index builds use the statement's workers. Errors: 42P07,
// 42P06, 23505, 23502, 23514, 40P01 and what the editor reports.
#ifndef DRIFTDB_API_DEFINITIONS_H_
#define DRIFTDB_API_DEFINITIONS_H_

#include <memory>
#include <vector>

#include "api/connection.h"
#include "base/status.h"
#include "catalog/catalog_editor.h"
#include "exec/query_context.h"
#include "sql/bind/bound_statement.h"

namespace driftdb::api {

class Definitions {
 public:
  Definitions(Connection* connection, exec::QueryContext* context, const Snapshot& snapshot,
              std::shared_ptr<const catalog::CatalogSnapshot> catalog)
      : connection_(connection),
        context_(context),
        snapshot_(snapshot),
        catalog_(std::move(catalog)) {}

  // Rows that CREATE TABLE AS put in; 0 otherwise.
  Result<int64_t> Run(sql::BoundStatement* statement);
  static std::vector<sql::RequiredPrivilege> RequiredPrivileges(
      const sql::BoundStatement& statement);

 private:
  Status Edit();
  Status LockExclusive(const std::shared_ptr<const catalog::TableEntry>& table);
  Result<std::shared_ptr<const catalog::TableEntry>> CreateTable(sql::BoundCreateTable* create);
  Result<int64_t> CreateTableAs(sql::BoundCreateTableAs* create);
  Status CreateIndex(sql::BoundCreateIndex* create);
  Status AlterSequence(sql::BoundAlterSequence* alter);
  Status Drop(const sql::BoundDrop& drop);
  Status Alter(sql::BoundAlterTable* alter);
  Status AlterOne(Oid relation, sql::BoundAlterAction* action);
  Status AddColumn(Oid relation, sql::BoundAlterAction* action);
  Status AddConstraint(Oid relation, sql::BoundAlterAction* action);
  Status Truncate(const sql::BoundTruncate& truncate);
  Status FillIndex(const catalog::TableEntry& table, const catalog::IndexEntry& index);
  Status CheckExistingRows(const catalog::TableEntry& table, const std::vector<uint32_t>& not_null,
                           const std::vector<expr::ExprPtr>& checks,
                           const std::vector<std::string>& names);

  Connection* const connection_;
  exec::QueryContext* const context_;
  const Snapshot snapshot_;
  const std::shared_ptr<const catalog::CatalogSnapshot> catalog_;
  catalog::CatalogEditor* editor_ = nullptr;
};

}  // namespace driftdb::api

#endif  // DRIFTDB_API_DEFINITIONS_H_
