// Tables, cardinalities and typed rows of the TPC-H generator.
//
// Units: money in cents, discounts and taxes in hundredths, dates in days since 1992-01-01.
// Ownership: the string views of a row point into constants, the text pool or the row source that
// filled it, and are valid until that source's next call.
#ifndef DRIFTDB_BENCH_TPCHGEN_ROWS_H_
#define DRIFTDB_BENCH_TPCHGEN_ROWS_H_

#include <cstdint>
#include <optional>
#include <string_view>

namespace driftdb::tpchgen {

enum class Table { kRegion, kNation, kSupplier, kCustomer, kPart, kPartsupp, kOrders, kLineitem };
inline constexpr Table kAllTables[] = {Table::kRegion,   Table::kNation,  Table::kSupplier,
                                       Table::kCustomer, Table::kPart,    Table::kPartsupp,
                                       Table::kOrders,   Table::kLineitem};

std::string_view TableName(Table table);
std::optional<Table> TableByName(std::string_view name);
// The column list of the specification (1.4), without keys: "r_regionkey INTEGER NOT NULL, ...".
std::string_view TableColumns(Table table);
// "PRIMARY KEY (...)" of the specification (1.4.2).
std::string_view TablePrimaryKey(Table table);

// Accepted scales. Below 0.01 the partsupp formula may repeat a (part, supplier) pair.
inline constexpr double kScaleMin = 0.001;
inline constexpr double kScaleMax = 1000;

// The number of units of a table: rows, except that a unit of partsupp is a part (four rows) and a
// unit of lineitem is an order (one to seven rows).
int64_t UnitCount(Table table, double scale);

struct RegionRow {
  int64_t region_key;
  std::string_view name;
  std::string_view comment;
};
struct NationRow {
  int64_t nation_key;
  std::string_view name;
  int64_t region_key;
  std::string_view comment;
};
struct SupplierRow {
  int64_t supp_key;
  std::string_view address;
  int64_t nation_key;
  std::string_view phone;
  int64_t account_balance;
  std::string_view comment;
};
struct CustomerRow {
  int64_t cust_key;
  std::string_view address;
  int64_t nation_key;
  std::string_view phone;
  int64_t account_balance;
  std::string_view market_segment;
  std::string_view comment;
};
struct PartRow {
  int64_t part_key;
  std::string_view name;
  int64_t manufacturer;
  int64_t brand;
  std::string_view type;
  int64_t size;
  std::string_view container;
  int64_t retail_price;
  std::string_view comment;
};
struct PartsuppRow {
  int64_t part_key;
  int64_t supp_key;
  int64_t available;
  int64_t supply_cost;
  std::string_view comment;
};
struct OrdersRow {
  int64_t order_key;
  int64_t cust_key;
  char status;
  int64_t total_price;
  int64_t order_date;
  std::string_view priority;
  int64_t clerk;
  std::string_view comment;
};
struct LineitemRow {
  int64_t order_key;
  int64_t part_key;
  int64_t supp_key;
  int64_t line_number;
  int64_t quantity;
  int64_t extended_price;
  int64_t discount;
  int64_t tax;
  std::string_view return_flag;
  char line_status;
  int64_t ship_date;
  int64_t commit_date;
  int64_t receipt_date;
  std::string_view ship_instructions;
  std::string_view ship_mode;
  std::string_view comment;
};

}  // namespace driftdb::tpchgen

#endif  // DRIFTDB_BENCH_TPCHGEN_ROWS_H_
