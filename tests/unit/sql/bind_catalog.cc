#include "sql/bind_catalog.h"

#include "base/error.h"
#include "base/status_macros.h"
#include "sql/parse/parse.h"
#include "sql/plan/subquery_plan.h"

namespace driftdb::sql {

namespace {

constexpr const char* kBindCatalogTables[] = {
    "CREATE TABLE region (r_regionkey int PRIMARY KEY, r_name char(25) NOT NULL, r_comment "
    "varchar(152))",
    "CREATE TABLE nation (n_nationkey int PRIMARY KEY, n_name char(25) NOT NULL, n_regionkey int "
    "NOT NULL, n_comment varchar(152))",
    "CREATE TABLE part (p_partkey int PRIMARY KEY, p_name varchar(55), p_mfgr char(25), p_brand "
    "char(10), p_type varchar(25), p_size int, p_container char(10), p_retailprice decimal(15,2), "
    "p_comment varchar(23))",
    "CREATE TABLE supplier (s_suppkey int PRIMARY KEY, s_name char(25), s_address varchar(40), "
    "s_nationkey int, s_phone char(15), s_acctbal decimal(15,2), s_comment varchar(101))",
    "CREATE TABLE partsupp (ps_partkey int, ps_suppkey int, ps_availqty int, ps_supplycost "
    "decimal(15,2), ps_comment varchar(199), PRIMARY KEY (ps_partkey, ps_suppkey))",
    "CREATE TABLE customer (c_custkey int PRIMARY KEY, c_name varchar(25), c_address varchar(40), "
    "c_nationkey int, c_phone char(15), c_acctbal decimal(15,2), c_mktsegment char(10), c_comment "
    "varchar(117))",
    "CREATE TABLE orders (o_orderkey int PRIMARY KEY, o_custkey int, o_orderstatus char(1), "
    "o_totalprice decimal(15,2), o_orderdate date, o_orderpriority char(15), o_clerk char(15), "
    "o_shippriority int, o_comment varchar(79))",
    "CREATE TABLE lineitem (l_orderkey int, l_partkey int, l_suppkey int, l_linenumber int, "
    "l_quantity decimal(15,2), l_extendedprice decimal(15,2), l_discount decimal(15,2), l_tax "
    "decimal(15,2), l_returnflag char(1), l_linestatus char(1), l_shipdate date, l_commitdate "
    "date, l_receiptdate date, l_shipinstruct char(25), l_shipmode char(10), l_comment "
    "varchar(44))",
    "CREATE TABLE t (a int PRIMARY KEY, b text, c numeric(10,2), d date)",
    "CREATE TABLE u (a bigint, x varchar(3) DEFAULT 'ab' NOT NULL, y int CHECK (y > 0))",
    "CREATE VIEW v AS SELECT a, b FROM t WHERE a > 1",
    "CREATE SEQUENCE s",
};

}  // namespace

BindCatalog::BindCatalog() {
  for (const auto& [oid, name] :
       {std::pair(11u, "pg_catalog"), std::pair(2200u, "public"), std::pair(16400u, "other")}) {
    auto schema = std::make_shared<catalog::SchemaEntry>();
    schema->oid = Oid(oid);
    schema->name = name;
    schema->security.owner = Oid(10);
    snapshot.PutSchema(schema);
  }
  for (const auto& [oid, name] : {std::pair(10u, "postgres"), std::pair(16401u, "alice")}) {
    auto role = std::make_shared<catalog::RoleEntry>();
    role->oid = Oid(oid);
    role->name = name;
    snapshot.PutRole(role);
  }
  context.catalog = &snapshot;
  context.search_path = {Oid(2200)};
  context.role = Oid(10);
  for (const char* sql : kBindCatalogTables) {
    if (ready.ok()) ready = Define(sql);
  }
}

Result<BoundStatement> BindCatalog::Bind(const std::string& sql) {
  size_t consumed = 0;
  DRIFTDB_ASSIGN_OR_RETURN(auto parsed, ParseOne(sql, &consumed));
  if (!parsed.has_value()) return Error(sqlstate::kSyntaxError, "no statement");
  return sql::Bind(*parsed, context);
}

Status BindCatalog::Define(const std::string& sql) {
  DRIFTDB_ASSIGN_OR_RETURN(BoundStatement bound, Bind(sql));
  if (auto* create = bound.Get<BoundCreateTable>()) {
    catalog::TableEntry table = create->table;
    table.oid = Oid(next_oid_++);
    for (catalog::ColumnEntry& column : table.columns) column.id = ColumnId(table.next_column_id++);
    for (catalog::IndexEntry index : create->indexes) {
      index.oid = Oid(next_oid_++);
      index.table = table.oid;
      for (catalog::ConstraintEntry& constraint : table.constraints) {
        if (constraint.name == index.name) constraint.index = index.oid;
      }
      auto entry = std::make_shared<const catalog::IndexEntry>(index);
      table.indexes.push_back(entry);
      snapshot.PutRelation(entry);
    }
    for (catalog::SequenceEntry sequence : create->sequences) {
      sequence.oid = Oid(next_oid_++);
      sequence.owned_by_table = table.oid;
      snapshot.PutRelation(std::make_shared<const catalog::SequenceEntry>(sequence));
    }
    snapshot.PutRelation(std::make_shared<const catalog::TableEntry>(std::move(table)));
  } else if (auto* index = bound.Get<BoundCreateIndex>()) {
    index->index.oid = Oid(next_oid_++);
    auto entry = std::make_shared<const catalog::IndexEntry>(index->index);
    catalog::TableEntry table = *index->table;
    table.indexes.push_back(entry);
    snapshot.PutRelation(entry);
    snapshot.PutRelation(std::make_shared<const catalog::TableEntry>(std::move(table)));
  } else if (auto* view = bound.Get<BoundCreateView>()) {
    view->view.oid = Oid(next_oid_++);
    snapshot.PutRelation(std::make_shared<const catalog::ViewEntry>(view->view));
  } else if (auto* sequence = bound.Get<BoundCreateSequence>()) {
    sequence->sequence.oid = Oid(next_oid_++);
    snapshot.PutRelation(std::make_shared<const catalog::SequenceEntry>(sequence->sequence));
  } else {
    return Error(sqlstate::kFeatureNotSupported, "the test catalog does not define this");
  }
  return OkStatus();
}

std::string BindCatalog::Plan(const std::string& sql) {
  Result<BoundStatement> bound = Bind(sql);
  if (!bound.ok()) return bound.status().ToString();
  const auto* query = bound->Get<BoundQuery>();
  return query == nullptr ? "no query" : ToString(*query->plan);
}

Status BindCatalog::Failure(const std::string& sql) {
  Result<BoundStatement> bound = Bind(sql);
  return bound.ok() ? OkStatus() : std::move(bound).status();
}

std::string BindCatalog::Fail(const std::string& sql) {
  const Status status = Failure(sql);
  if (status.ok()) return "bound: " + Plan(sql);
  return std::string(status.sqlstate().view()) + " " + std::string(status.message()) + " @" +
         std::to_string(status.error().position);
}

std::shared_ptr<const catalog::TableEntry> BindCatalog::Table(const std::string& name) const {
  const catalog::RelationEntry found = snapshot.FindRelation(Oid(2200), name);
  const auto* table = std::get_if<std::shared_ptr<const catalog::TableEntry>>(&found);
  return table == nullptr ? nullptr : *table;
}

}  // namespace driftdb::sql
