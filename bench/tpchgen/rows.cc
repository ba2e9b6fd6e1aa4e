#include "tpchgen/rows.h"

#include "tpchgen/word_lists.h"

namespace driftdb::tpchgen {
namespace {

struct TableFacts {
  std::string_view name;
  int64_t units_at_scale_one;
  bool scaled;
  std::string_view columns;
  std::string_view primary_key;
};

constexpr TableFacts kFacts[] = {
    {"region", kRegionCount, false,
     "r_regionkey INTEGER NOT NULL, r_name VARCHAR(25) NOT NULL, r_comment VARCHAR(152) NOT NULL",
     "PRIMARY KEY (r_regionkey)"},
    {"nation", kNationCount, false,
     "n_nationkey INTEGER NOT NULL, n_name VARCHAR(25) NOT NULL, n_regionkey INTEGER NOT NULL, "
     "n_comment VARCHAR(152) NOT NULL",
     "PRIMARY KEY (n_nationkey)"},
    {"supplier", 10000, true,
     "s_suppkey INTEGER NOT NULL, s_name VARCHAR(25) NOT NULL, s_address VARCHAR(40) NOT NULL, "
     "s_nationkey INTEGER NOT NULL, s_phone VARCHAR(15) NOT NULL, "
     "s_acctbal DECIMAL(15,2) NOT NULL, s_comment VARCHAR(101) NOT NULL",
     "PRIMARY KEY (s_suppkey)"},
    {"customer", 150000, true,
     "c_custkey INTEGER NOT NULL, c_name VARCHAR(25) NOT NULL, c_address VARCHAR(40) NOT NULL, "
     "c_nationkey INTEGER NOT NULL, c_phone VARCHAR(15) NOT NULL, "
     "c_acctbal DECIMAL(15,2) NOT NULL, c_mktsegment VARCHAR(10) NOT NULL, "
     "c_comment VARCHAR(117) NOT NULL",
     "PRIMARY KEY (c_custkey)"},
    {"part", 200000, true,
     "p_partkey INTEGER NOT NULL, p_name VARCHAR(55) NOT NULL, p_mfgr VARCHAR(25) NOT NULL, "
     "p_brand VARCHAR(10) NOT NULL, p_type VARCHAR(25) NOT NULL, p_size INTEGER NOT NULL, "
     "p_container VARCHAR(10) NOT NULL, p_retailprice DECIMAL(15,2) NOT NULL, "
     "p_comment VARCHAR(23) NOT NULL",
     "PRIMARY KEY (p_partkey)"},
    {"partsupp", 200000, true,
     "ps_partkey INTEGER NOT NULL, ps_suppkey INTEGER NOT NULL, ps_availqty INTEGER NOT NULL, "
     "ps_supplycost DECIMAL(15,2) NOT NULL, ps_comment VARCHAR(199) NOT NULL",
     "PRIMARY KEY (ps_partkey, ps_suppkey)"},
    {"orders", 1500000, true,
     "o_orderkey BIGINT NOT NULL, o_custkey INTEGER NOT NULL, o_orderstatus VARCHAR(1) NOT NULL, "
     "o_totalprice DECIMAL(15,2) NOT NULL, o_orderdate DATE NOT NULL, "
     "o_orderpriority VARCHAR(15) NOT NULL, o_clerk VARCHAR(15) NOT NULL, "
     "o_shippriority INTEGER NOT NULL, o_comment VARCHAR(79) NOT NULL",
     "PRIMARY KEY (o_orderkey)"},
    {"lineitem", 1500000, true,
     "l_orderkey BIGINT NOT NULL, l_partkey INTEGER NOT NULL, l_suppkey INTEGER NOT NULL, "
     "l_linenumber INTEGER NOT NULL, l_quantity DECIMAL(15,2) NOT NULL, "
     "l_extendedprice DECIMAL(15,2) NOT NULL, l_discount DECIMAL(15,2) NOT NULL, "
     "l_tax DECIMAL(15,2) NOT NULL, l_returnflag VARCHAR(1) NOT NULL, "
     "l_linestatus VARCHAR(1) NOT NULL, l_shipdate DATE NOT NULL, l_commitdate DATE NOT NULL, "
     "l_receiptdate DATE NOT NULL, l_shipinstruct VARCHAR(25) NOT NULL, "
     "l_shipmode VARCHAR(10) NOT NULL, l_comment VARCHAR(44) NOT NULL",
     "PRIMARY KEY (l_orderkey, l_linenumber)"},
};

const TableFacts& FactsOf(Table table) { return kFacts[static_cast<size_t>(table)]; }

}  // namespace

std::string_view TableName(Table table) { return FactsOf(table).name; }
std::string_view TableColumns(Table table) { return FactsOf(table).columns; }
std::string_view TablePrimaryKey(Table table) { return FactsOf(table).primary_key; }

std::optional<Table> TableByName(std::string_view name) {
  for (const Table table : kAllTables) {
    if (TableName(table) == name) {
      return table;
    }
  }
  return std::nullopt;
}

int64_t UnitCount(Table table, double scale) {
  const TableFacts& facts = FactsOf(table);
  if (!facts.scaled) {
    return facts.units_at_scale_one;
  }
  // The small term keeps 0.07 * 100000 from being truncated to 6999.
  const auto units =
      static_cast<int64_t>(static_cast<double>(facts.units_at_scale_one) * scale + 1e-6);
  return units < 1 ? 1 : units;
}

}  // namespace driftdb::tpchgen
