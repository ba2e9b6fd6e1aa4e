// Random INSERT, UPDATE and DELETE. Values fit the columns' types; keys and NOT NULL may be
// violated.
#include <fmt/format.h>

#include "queries.h"

namespace driftdb::differential {

std::string Queries::Fitting(const ColumnModel& column, const Leaves& leaves) {
  const bool subqueries = random_.Chance(15);
  depth_ = 2;
  std::string value;
  switch (column.kind) {
    case Kind::kInteger:
      value = fmt::format("({} % 100)", expressions_.Make(column.kind, leaves, 2, subqueries));
      break;
    case Kind::kText:
      value =
          fmt::format("substr({}, 1, 12)", expressions_.Make(column.kind, leaves, 2, subqueries));
      break;
    case Kind::kBoolean:
      value = expressions_.Predicate(leaves, 1, subqueries);
      break;
    default:
      value = expressions_.Simple(column.kind, leaves);
  }
  depth_ = 0;
  if (column.not_null && random_.Chance(90)) {
    return fmt::format("coalesce({}, {})", value, Literal(column.kind, 0, &random_));
  }
  return value;
}

std::string Queries::Returning(const TableModel& table) {
  if (!random_.Chance(25)) return "";
  return random_.Chance(50) ? " RETURNING *" : " RETURNING " + table.columns[1].name + ", k + 1";
}

std::string Queries::Insert(TableModel* table) {
  if (random_.Chance(40)) {
    std::string sql = "INSERT INTO " + table->name + " VALUES ";
    const size_t rows = 1 + random_.Below(4);
    for (size_t i = 0; i < rows; ++i) sql += (i == 0 ? "" : ", ") + RowLiterals(table, &random_);
    return sql + Returning(*table);
  }
  // From a query: new keys follow the greatest, so that they rarely clash.
  const TableModel& from = random_.Pick(schema_.tables);
  const Leaves leaves = TableLeaves(from, "s");
  const int64_t shift = table->next_key + 1000;
  table->next_key += 3000;
  std::string names = "k", values = fmt::format("s.k + {}", shift);
  for (size_t c = 1; c < table->columns.size(); ++c) {
    const ColumnModel& column = table->columns[c];
    if (!column.not_null && random_.Chance(20)) continue;
    names += ", " + column.name;
    values += ", " + Fitting(column, leaves);
  }
  depth_ = 2;
  std::string predicate = expressions_.Predicate(leaves, 2, true);
  depth_ = 0;
  return fmt::format("INSERT INTO {} ({}) SELECT {} FROM {} AS s WHERE s.k % {} = 0 AND {}{}",
                     table->name, names, values, from.name, 1 + random_.Below(4), predicate,
                     Returning(*table));
}

std::string Queries::Update(const TableModel& table) {
  const Leaves leaves = TableLeaves(table, table.name);
  std::string sql = "UPDATE " + table.name + " SET ";
  const size_t first = 1 + random_.Below(table.columns.size() - 1);
  const ColumnModel& column = table.columns[first];
  // A subquery on the table itself sees rows that SQLite has changed already.
  std::string value = Fitting(column, leaves);
  if (value.find("SELECT") != std::string::npos)
    value = Literal(column.kind, column.not_null ? 0 : 10, &random_);
  sql += column.name + " = " + value;
  if (random_.Chance(20) && key_shift_ < int64_t{1} << 40) {
    // Doubled each time, so that no new key meets an old one on the way.
    sql += fmt::format(", k = {}.k + {}", table.name, key_shift_);
    key_shift_ *= 2;
  }
  depth_ = 2;
  sql += " WHERE " + expressions_.Predicate(leaves, 2, true);
  depth_ = 0;
  return sql + Returning(table);
}

std::string Queries::Delete(const TableModel& table) {
  const Leaves leaves = TableLeaves(table, table.name);
  depth_ = 2;
  std::string predicate = expressions_.Predicate(leaves, 2, true);
  depth_ = 0;
  // Some rows stay.
  return fmt::format("DELETE FROM {} WHERE {}.k % 3 = {} AND {}{}", table.name, table.name,
                     random_.Below(3), predicate, Returning(table));
}

std::string Queries::Change() {
  next_alias_ = 0;
  definitions_.clear();
  TableModel& table = schema_.tables[random_.Below(schema_.tables.size())];
  const size_t dice = random_.Below(100);
  if (dice < 40) return Insert(&table);
  return dice < 75 ? Update(table) : Delete(table);
}

}  // namespace driftdb::differential
