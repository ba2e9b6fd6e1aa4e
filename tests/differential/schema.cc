#include "schema.h"

#include <fmt/format.h>

namespace driftdb::differential {

namespace {

Kind SchemaKind(Random* random) {
  const size_t dice = random->Below(100);
  if (dice < 45) return Kind::kInteger;
  if (dice < 65) return Kind::kText;
  if (dice < 80) return Kind::kNumber;
  return dice < 90 ? Kind::kBoolean : Kind::kDate;
}

std::string SchemaType(Kind kind, Random* random) {
  switch (kind) {
    case Kind::kInteger:
      return random->Word({"bigint", "bigint", "int", "smallint"});
    case Kind::kText:
      return random->Word({"text", "varchar(20)"});
    case Kind::kNumber:
      return random->Word({"double precision", "numeric(12,2)"});
    case Kind::kBoolean:
      return "boolean";
    case Kind::kDate:
      return "date";
  }
  return "";
}

// The value without quotes; "\N" for NULL.
std::string SchemaValue(Kind kind, size_t null_percent, Random* random) {
  if (random->Chance(null_percent)) return "\\N";
  switch (kind) {
    case Kind::kInteger:
      return std::to_string(random->Chance(85) ? random->Between(-3, 9) : random->Between(-50, 50));
    case Kind::kText:
      return random->Chance(80)
                 ? random->Word({"", "a", "b", "ab", "B", "Ab", "a%", "a_b", " a", "10", "abcabc"})
                 : "x" + std::to_string(random->Below(30));
    case Kind::kNumber:
      return fmt::format("{:.2f}", static_cast<double>(random->Between(-12, 30)) / 4);
    case Kind::kBoolean:
      return random->Word({"t", "f"});
    case Kind::kDate:
      return fmt::format("2020-0{}-{:02}", random->Between(1, 3), random->Between(1, 12));
  }
  return "";
}

std::string SchemaCell(const TableModel& table, size_t column, Random* random) {
  const ColumnModel& model = table.columns[column];
  return SchemaValue(model.kind, model.not_null ? 0 : 18, random);
}

std::string SchemaQuoted(Kind kind, const std::string& value) {
  if (value == "\\N") return "CAST(NULL AS " + TypeName(kind) + ")";
  switch (kind) {
    case Kind::kText:
      return "'" + value + "'";
    case Kind::kBoolean:
      return value == "t" ? "TRUE" : "FALSE";
    case Kind::kDate:
      return "date '" + value + "'";
    default:
      return value[0] == '-' ? "(" + value + ")" : value;
  }
}

}  // namespace

std::string TypeName(Kind kind) {
  constexpr const char* kNames[] = {"bigint", "text", "double precision", "boolean", "date"};
  return kNames[static_cast<int>(kind)];
}

SchemaModel MakeSchema(Random* random, size_t tables) {
  SchemaModel schema;
  for (size_t t = 0; t < tables; ++t) {
    TableModel table;
    table.name = "t" + std::to_string(t);
    table.has_key = random->Chance(60);
    table.columns.push_back({"k", "bigint", Kind::kInteger, true});
    const size_t columns = 2 + random->Below(5);
    for (size_t c = 0; c < columns; ++c) {
      ColumnModel column;
      column.kind = SchemaKind(random);
      column.name = std::string(1, static_cast<char>('a' + c));
      column.type = SchemaType(column.kind, random);
      column.not_null = random->Chance(20);
      table.columns.push_back(std::move(column));
    }
    schema.tables.push_back(std::move(table));
  }
  return schema;
}

std::string TableDefinition(const TableModel& table, Random* random) {
  std::string sql = "CREATE TABLE " + table.name + " (";
  for (const ColumnModel& column : table.columns) {
    if (&column != &table.columns[0]) sql += ", ";
    sql += column.name + " " + column.type + (column.not_null ? " NOT NULL" : "");
    if (column.kind == Kind::kInteger && random->Chance(10))
      sql += " CHECK (" + column.name + " > -60)";
    if (column.kind == Kind::kText && random->Chance(20)) sql += " DEFAULT 'dflt'";
  }
  if (table.has_key) sql += ", PRIMARY KEY (k)";
  return sql + ")";
}

std::string IndexDefinition(const TableModel& table, const std::string& name, Random* random) {
  std::vector<std::string> columns;
  for (const ColumnModel& column : table.columns) columns.push_back(column.name);
  random->Shuffle(&columns);
  std::string sql = "CREATE INDEX " + name + " ON " + table.name + " (" + columns[0];
  if (random->Chance(20)) sql += " DESC";
  if (random->Chance(40)) sql += ", " + columns[1];
  sql += ")";
  return sql;
}

std::string Literal(Kind kind, size_t null_percent, Random* random) {
  return SchemaQuoted(kind, SchemaValue(kind, null_percent, random));
}

std::string RowLiterals(TableModel* table, Random* random) {
  std::string row = "(" + std::to_string(table->next_key++);
  for (size_t c = 1; c < table->columns.size(); ++c) {
    row += ", " + SchemaQuoted(table->columns[c].kind, SchemaCell(*table, c, random));
  }
  return row + ")";
}

std::string RowLine(TableModel* table, Random* random) {
  std::string row = std::to_string(table->next_key++);
  for (size_t c = 1; c < table->columns.size(); ++c) row += "\t" + SchemaCell(*table, c, random);
  return row + "\n";
}

}  // namespace driftdb::differential
