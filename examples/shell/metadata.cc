#include "metadata.h"

#include <algorithm>
#include <cstdint>
#include <map>

namespace shell {
namespace {

// * and % any text, ? and _ one character; without regard to case, as names fold.
bool MatchesPattern(std::string_view text, std::string_view pattern) {
  if (pattern.empty()) return text.empty();
  const char p = pattern[0];
  if (p == '*' || p == '%') {
    for (size_t i = 0; i <= text.size(); ++i) {
      if (MatchesPattern(text.substr(i), pattern.substr(1))) return true;
    }
    return false;
  }
  if (text.empty()) return false;
  const auto lower = [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  };
  return (p == '?' || lower(p) == lower(text[0])) &&
         MatchesPattern(text.substr(1), pattern.substr(1));
}

// Numbers of 7 bits a byte, low bits first, as the catalog stores lists.
std::vector<uint64_t> DecodeVarints(std::string_view bytes) {
  std::vector<uint64_t> numbers;
  uint64_t value = 0;
  int shift = 0;
  for (const char c : bytes) {
    value |= static_cast<uint64_t>(c & 0x7f) << shift;
    shift += 7;
    if ((c & 0x80) == 0) {
      numbers.push_back(value);
      value = 0;
      shift = 0;
    }
  }
  return numbers;
}

bool IsTrue(const std::string& value) { return value == "t" || value == "true"; }

std::string JoinNames(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

// Columns of the table: positions, defaults and NOT NULL from the catalog, type names from the
// statement.
bool LoadColumns(Shell* shell, Table* table) {
  QueryRows rows;
  if (!shell->Query(
          "SELECT id, name, not_null, default_sql FROM pg_catalog.sys_column WHERE relation = " +
              table->relation.oid + " ORDER BY position",
          &rows)) {
    return false;
  }
  driftdb_statement* raw = nullptr;
  const std::string sql = "SELECT * FROM " + table->relation.sql_name();
  if (driftdb_prepare(shell->connection(), sql.c_str(), -1, &raw, nullptr) != DRIFTDB_OK) {
    shell->FailStatement("", 0);
    return false;
  }
  const StatementHandle statement(raw, driftdb_finalize);
  for (int i = 0; i < driftdb_column_count(raw); ++i) {
    TableColumn column;
    column.name = driftdb_column_name(raw, i);
    column.type_name = driftdb_column_type_name(raw, i);
    for (const auto& row : rows) {
      if (row[1] != column.name) continue;
      column.id = row[0];
      column.not_null = IsTrue(row[2]);
      column.default_sql = row[3];
    }
    table->columns.push_back(std::move(column));
  }
  return true;
}

bool LoadConstraints(Shell* shell, Table* table, const std::map<std::string, std::string>& names) {
  QueryRows rows;
  if (!shell->Query("SELECT kind, name, columns, check_sql, index FROM pg_catalog.sys_constraint "
                    "WHERE relation = " +
                        table->relation.oid + " ORDER BY oid",
                    &rows)) {
    return false;
  }
  for (const auto& row : rows) {
    Constraint constraint;
    constraint.kind = row[0].empty() ? '?' : row[0][0];
    constraint.name = row[1];
    for (const uint64_t id : DecodeVarints(row[2])) {
      const auto name = names.find(std::to_string(id));
      constraint.columns.push_back(name == names.end() ? "?" : SqlName(name->second));
    }
    constraint.check_sql = row[3];
    constraint.index = row[4];
    table->constraints.push_back(std::move(constraint));
  }
  return true;
}

bool LoadIndexes(Shell* shell, const std::string& condition,
                 const std::map<std::string, std::string>& names,
                 std::vector<TableIndex>* indexes) {
  QueryRows rows;
  if (!shell->Query(
          "SELECT i.oid, r.name, s.name, i.is_unique, i.is_primary, i.columns, t.name, ts.name"
          " FROM pg_catalog.sys_index i JOIN pg_catalog.sys_relation r ON r.oid = i.oid"
          " JOIN pg_catalog.sys_schema s ON s.oid = r.schema"
          " JOIN pg_catalog.sys_relation t ON t.oid = i.relation"
          " JOIN pg_catalog.sys_schema ts ON ts.oid = t.schema WHERE " +
              condition + " ORDER BY r.name",
          &rows)) {
    return false;
  }
  for (const auto& row : rows) {
    TableIndex index;
    index.oid = row[0];
    index.name = row[1];
    index.schema = row[2];
    index.unique = IsTrue(row[3]);
    index.primary = IsTrue(row[4]);
    index.table = row[6];
    index.table_schema = row[7];
    const std::vector<uint64_t> numbers = DecodeVarints(row[5]);
    for (size_t i = 0; i + 1 < numbers.size(); i += 2) {
      const auto name = names.find(std::to_string(numbers[i]));
      std::string column = name == names.end() ? "?" : SqlName(name->second);
      const bool descending = (numbers[i + 1] & 1) != 0;
      const bool nulls_first = (numbers[i + 1] & 2) != 0;
      if (descending) column += " DESC";
      if (nulls_first != descending) column += nulls_first ? " NULLS FIRST" : " NULLS LAST";
      index.columns.push_back(std::move(column));
    }
    indexes->push_back(std::move(index));
  }
  return true;
}

bool LoadColumnNames(Shell* shell, const std::string& relation_oid,
                     std::map<std::string, std::string>* names) {
  QueryRows rows;
  if (!shell->Query("SELECT id, name FROM pg_catalog.sys_column WHERE relation = " + relation_oid,
                    &rows)) {
    return false;
  }
  for (const auto& row : rows) (*names)[row[0]] = row[1];
  return true;
}

std::string QualifiedName(const std::string& schema, const std::string& name) {
  return (schema == "public" ? "" : SqlName(schema) + ".") + SqlName(name);
}

}  // namespace

std::string Relation::sql_name() const { return QualifiedName(schema, name); }

std::string Constraint::Sql() const {
  switch (kind) {
    case 'p':
      return "PRIMARY KEY (" + JoinNames(columns) + ")";
    case 'u':
      return "UNIQUE (" + JoinNames(columns) + ")";
    default:
      return "CHECK (" + check_sql + ")";
  }
}

std::string TableIndex::Sql() const {
  return std::string("CREATE ") + (unique ? "UNIQUE " : "") + "INDEX " + SqlName(name) + " ON " +
         QualifiedName(table_schema, table) + " (" + JoinNames(columns) + ");\n";
}

bool ListRelations(Shell* shell, std::string_view kinds, const std::string& pattern,
                   std::vector<Relation>* relations) {
  QueryRows rows;
  if (!shell->Query("SELECT r.oid, s.name, r.name, r.kind, o.name FROM pg_catalog.sys_relation r"
                    " JOIN pg_catalog.sys_schema s ON s.oid = r.schema"
                    " LEFT JOIN pg_catalog.sys_role o ON o.oid = r.owner ORDER BY s.name, r.name",
                    &rows)) {
    return false;
  }
  const size_t dot = pattern.find('.');
  const std::string schema_pattern = dot == std::string::npos ? "" : pattern.substr(0, dot);
  std::string name_pattern = dot == std::string::npos ? pattern : pattern.substr(dot + 1);
  // Quotes have no other use here than to keep upper case, which patterns ignore anyway.
  std::erase(name_pattern, '"');
  for (auto& row : rows) {
    Relation relation{row[0], row[1], row[2], row[3].empty() ? '?' : row[3][0], row[4]};
    const bool is_system =
        relation.schema == "pg_catalog" || relation.schema == "information_schema";
    if (kinds.find(relation.kind) == std::string_view::npos) continue;
    if (schema_pattern.empty() ? is_system : !MatchesPattern(relation.schema, schema_pattern))
      continue;
    if (!name_pattern.empty() && !MatchesPattern(relation.name, name_pattern)) continue;
    relations->push_back(std::move(relation));
  }
  return true;
}

bool LoadTable(Shell* shell, const Relation& relation, Table* table) {
  table->relation = relation;
  if (!LoadColumns(shell, table)) return false;
  if (relation.kind != 'r') return true;
  std::map<std::string, std::string> names;
  for (const TableColumn& column : table->columns) names[column.id] = column.name;
  return LoadConstraints(shell, table, names) &&
         LoadIndexes(shell, "i.relation = " + relation.oid, names, &table->indexes);
}

std::string TableSql(const Table& table) {
  std::string sql = "CREATE TABLE " + table.relation.sql_name() + " (";
  bool first = true;
  for (const TableColumn& column : table.columns) {
    sql += first ? "\n  " : ",\n  ";
    first = false;
    sql += SqlName(column.name) + ' ' + column.type_name;
    if (!column.default_sql.empty()) sql += " DEFAULT " + column.default_sql;
    if (column.not_null) sql += " NOT NULL";
  }
  for (const Constraint& constraint : table.constraints) {
    sql += first ? "\n  " : ",\n  ";
    first = false;
    sql += "CONSTRAINT " + SqlName(constraint.name) + ' ' + constraint.Sql();
  }
  return sql + (first ? ");\n" : "\n);\n");
}

bool ViewSql(Shell* shell, const Relation& view, std::string* sql) {
  QueryRows rows;
  if (!shell->Query("SELECT query_sql FROM pg_catalog.sys_view WHERE oid = " + view.oid, &rows))
    return false;
  Table columns;
  if (!LoadTable(shell, view, &columns)) return false;
  std::vector<std::string> names;
  for (const TableColumn& column : columns.columns) names.push_back(SqlName(column.name));
  const std::string list = names.empty() ? "" : " (" + JoinNames(names) + ")";
  for (const auto& row : rows)
    *sql += "CREATE VIEW " + view.sql_name() + list + " AS " + row[0] + ";\n";
  return true;
}

bool SequenceSql(Shell* shell, const Relation& sequence, std::string* sql) {
  QueryRows rows;
  if (!shell->Query("SELECT start, increment, min_value, max_value, cache, is_cycle FROM "
                    "pg_catalog.sys_sequence WHERE oid = " +
                        sequence.oid,
                    &rows)) {
    return false;
  }
  for (const auto& row : rows) {
    *sql += "CREATE SEQUENCE " + sequence.sql_name() + " START " + row[0] + " INCREMENT " + row[1] +
            " MINVALUE " + row[2] + " MAXVALUE " + row[3] + " CACHE " + row[4] +
            (IsTrue(row[5]) ? " CYCLE" : "") + ";\n";
  }
  return true;
}

bool IndexSql(Shell* shell, const Relation& index, std::string* sql) {
  QueryRows rows;
  if (!shell->Query("SELECT relation FROM pg_catalog.sys_index WHERE oid = " + index.oid, &rows))
    return false;
  std::map<std::string, std::string> names;
  std::vector<TableIndex> indexes;
  if (rows.empty()) return true;
  if (!LoadColumnNames(shell, rows[0][0], &names)) return false;
  if (!LoadIndexes(shell, "i.oid = " + index.oid, names, &indexes)) return false;
  for (const TableIndex& found : indexes) *sql += found.Sql();
  return true;
}

}  // namespace shell
