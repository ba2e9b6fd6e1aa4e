// A hand-built catalog for tests of the binder: TPC-H's tables, t(a int primary key, b text, c
// numeric(10,2), d date), u(a bigint, x varchar(3) default 'ab' not null, y int check (y > 0)),
// view v over t, sequence s.
#ifndef DRIFTDB_TESTS_UNIT_SQL_BIND_CATALOG_H_
#define DRIFTDB_TESTS_UNIT_SQL_BIND_CATALOG_H_

#include <memory>
#include <string>
#include <vector>

#include "catalog/catalog_snapshot.h"
#include "sql/bind/binder.h"

namespace driftdb::sql {

class BindCatalog {
 public:
  BindCatalog();
  // Runs CREATE TABLE, INDEX, VIEW, SEQUENCE, SCHEMA and ALTER through the binder and puts the
  // result into the snapshot as the executor would.
  Status Define(const std::string& sql);
  Result<BoundStatement> Bind(const std::string& sql);
  // The plan's text, or "SQLSTATE message @position".
  std::string Plan(const std::string& sql);
  std::string Fail(const std::string& sql);
  Status Failure(const std::string& sql);
  std::shared_ptr<const catalog::TableEntry> Table(const std::string& name) const;

  Status ready;  // the first failure of the constructor's definitions
  catalog::CatalogSnapshot snapshot;
  BindContext context;

 private:
  uint32_t next_oid_ = 20000;
};

}  // namespace driftdb::sql

#endif  // DRIFTDB_TESTS_UNIT_SQL_BIND_CATALOG_H_
