// sqlite3's commands about the schema: .tables .indexes .schema .dump.
#include <algorithm>
#include <cstdint>
#include <set>

#include "commands.h"
#include "metadata.h"
#include "text_width.h"

namespace shell {
namespace {

// In columns on a terminal, one to a line elsewhere.
void PrintNames(Shell* shell, const std::vector<std::string>& names) {
  size_t width = 0;
  for (const std::string& name : names) width = std::max(width, DisplayWidth(name) + 2);
  const size_t line = static_cast<size_t>(TerminalWidth());
  const size_t per_line =
      shell->output.is_terminal() && width > 0 ? std::max<size_t>(1, line / width) : 1;
  const size_t rows = (names.size() + per_line - 1) / per_line;
  std::string text;
  for (size_t row = 0; row < rows; ++row) {
    for (size_t i = row; i < names.size(); i += rows) {
      AppendPadded(names[i], i + rows < names.size() ? width : 0, Align::kLeft, &text);
    }
    text += '\n';
  }
  shell->output.Write(text);
}

bool RunTables(Shell* shell, const CommandLine& line) {
  std::vector<Relation> relations;
  if (!ListRelations(shell, "rv", line.args.empty() ? "" : line.args[0], &relations)) return false;
  std::vector<std::string> names;
  for (const Relation& relation : relations) {
    names.push_back((relation.schema == "public" ? "" : relation.schema + ".") + relation.name);
  }
  PrintNames(shell, names);
  return true;
}

bool RunIndexes(Shell* shell, const CommandLine& line) {
  std::vector<std::string> names;
  std::vector<Relation> relations;
  if (!ListRelations(shell, line.args.empty() ? "i" : "r", line.args.empty() ? "" : line.args[0],
                     &relations)) {
    return false;
  }
  for (const Relation& relation : relations) {
    if (relation.kind == 'i') {
      names.push_back(relation.name);
      continue;
    }
    Table table;
    if (!LoadTable(shell, relation, &table)) return false;
    for (const TableIndex& index : table.indexes) names.push_back(index.name);
  }
  PrintNames(shell, names);
  return true;
}

// Indexes that no constraint makes.
std::string OwnIndexSql(const Table& table) {
  std::string sql;
  for (const TableIndex& index : table.indexes) {
    const bool of_constraint =
        std::any_of(table.constraints.begin(), table.constraints.end(),
                    [&](const Constraint& constraint) { return constraint.index == index.oid; });
    if (!of_constraint) sql += index.Sql();
  }
  return sql;
}

bool RunSchema(Shell* shell, const CommandLine& line) {
  std::vector<Relation> relations;
  const std::string pattern = line.args.empty() ? "" : line.args[0];
  if (!ListRelations(shell, "rvS", pattern, &relations)) return false;
  std::string sql;
  for (const Relation& relation : relations) {
    if (relation.kind == 'r') {
      Table table;
      if (!LoadTable(shell, relation, &table)) return false;
      sql += TableSql(table) + OwnIndexSql(table);
    } else if (relation.kind == 'v' ? !ViewSql(shell, relation, &sql)
                                    : !SequenceSql(shell, relation, &sql)) {
      return false;
    }
  }
  shell->output.Write(sql);
  return true;
}

// The rows of a table as INSERT statements.
bool DumpRows(Shell* shell, const Relation& relation) {
  Settings insert;
  insert.mode = Mode::kInsert;
  insert.insert_table = relation.sql_name();
  std::swap(insert, shell->settings);
  const bool ok = shell->RunSql("SELECT * FROM " + relation.sql_name());
  std::swap(insert, shell->settings);
  return ok;
}

// A sequence with its position and, when it belongs to a column, its owner.
bool DumpSequenceState(Shell* shell, const Relation& sequence) {
  QueryRows rows;
  if (!shell->Query("SELECT last_value, is_called FROM " + sequence.sql_name(), &rows))
    return false;
  for (const auto& row : rows) {
    shell->output.Write("SELECT setval(" + SqlString(sequence.sql_name()) + ", " + row[0] + ", " +
                        (row[1] == "t" ? "true" : "false") + ");\n");
  }
  if (!shell->Query(
          "SELECT s.name, r.name, c.name FROM pg_catalog.sys_sequence q"
          " JOIN pg_catalog.sys_relation r ON r.oid = q.owned_by_table"
          " JOIN pg_catalog.sys_schema s ON s.oid = r.schema"
          " JOIN pg_catalog.sys_column c ON c.relation = r.oid AND c.id = q.owned_by_column"
          " WHERE q.oid = " +
              sequence.oid,
          &rows)) {
    return false;
  }
  for (const auto& row : rows) {
    shell->output.Write("ALTER SEQUENCE " + sequence.sql_name() + " OWNED BY " + SqlName(row[0]) +
                        "." + SqlName(row[1]) + "." + SqlName(row[2]) + ";\n");
  }
  return true;
}

bool DumpAll(Shell* shell, const std::string& pattern) {
  std::vector<Relation> relations;
  if (!ListRelations(shell, "rvS", pattern, &relations)) return false;
  // A view stands behind the tables and views that were there when it was made.
  std::stable_sort(relations.begin(), relations.end(), [](const Relation& a, const Relation& b) {
    return std::stoll(a.oid) < std::stoll(b.oid);
  });
  std::set<std::string> schemas;
  for (const Relation& relation : relations) {
    if (relation.schema != "public" && schemas.insert(relation.schema).second) {
      shell->output.Write("CREATE SCHEMA IF NOT EXISTS " + SqlName(relation.schema) + ";\n");
    }
  }
  const auto each = [&](char kind, auto&& dump) {
    return std::all_of(relations.begin(), relations.end(), [&](const Relation& relation) {
      return relation.kind != kind || dump(relation);
    });
  };
  const auto sequence = [&](const Relation& relation) {
    std::string sql;
    if (!SequenceSql(shell, relation, &sql)) return false;
    shell->output.Write(sql);
    return true;
  };
  const auto table = [&](const Relation& relation) {
    Table loaded;
    if (!LoadTable(shell, relation, &loaded)) return false;
    shell->output.Write(TableSql(loaded));
    if (!DumpRows(shell, relation)) return false;
    shell->output.Write(OwnIndexSql(loaded));
    return true;
  };
  const auto view = [&](const Relation& relation) {
    std::string sql;
    if (!ViewSql(shell, relation, &sql)) return false;
    shell->output.Write(sql);
    return true;
  };
  return each('S', sequence) && each('r', table) &&
         each('S', [&](const Relation& relation) { return DumpSequenceState(shell, relation); }) &&
         each('v', view);
}

bool RunDump(Shell* shell, const CommandLine& line) {
  const bool own_transaction = driftdb_transaction_state(shell->connection()) == 0;
  QueryRows none;
  // One snapshot for everything.
  if (own_transaction && !shell->Query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", &none))
    return false;
  shell->output.Write("BEGIN;\n");
  const bool ok = DumpAll(shell, line.args.empty() ? "" : line.args[0]);
  shell->output.Write(ok ? "COMMIT;\n" : "ROLLBACK; -- the dump failed\n");
  if (own_transaction && !shell->Query("ROLLBACK", &none)) return false;
  return ok;
}

constexpr Command kSchemaCommands[] = {
    {".tables", RunTables, "[PATTERN]",
     "Names of tables and views; * and ? stand for any text and one character"},
    {".schema", RunSchema, "[PATTERN]", "The statements that made them"},
    {".fullschema", RunSchema, "", nullptr},
    {".indexes", RunIndexes, "[TABLE]", "Names of indexes"},
    {".indices", RunIndexes, "", nullptr},
    {".dump", RunDump, "[PATTERN]", "Schema and rows as SQL"},
};

}  // namespace

std::span<const Command> SchemaCommands() { return kSchemaCommands; }

}  // namespace shell
