// psql's \d family.
#include <algorithm>

#include "commands.h"
#include "metadata.h"
#include "text_width.h"

namespace shell {
namespace {

using Rows = std::vector<std::vector<std::string>>;

// A table as psql prints it: title in the middle, then the header.
std::string AlignedTable(const std::string& title, const std::vector<std::string>& header,
                         const Rows& rows) {
  std::vector<size_t> widths;
  for (size_t i = 0; i < header.size(); ++i) {
    size_t width = DisplayWidth(header[i]);
    for (const auto& row : rows) width = std::max(width, DisplayWidth(row[i]));
    widths.push_back(width);
  }
  size_t total = 0;
  for (const size_t width : widths) total += width + 3;
  std::string text;
  text.append(total > title.size() + 1 ? (total - 1 - title.size()) / 2 : 0, ' ');
  text += title + '\n';
  const auto add = [&](const std::vector<std::string>& cells, Align align) {
    for (size_t i = 0; i < cells.size(); ++i) {
      text += i == 0 ? " " : "| ";
      AppendPadded(cells[i], widths[i], align, &text);
      text += ' ';
    }
    if (align == Align::kLeft) text.erase(text.find_last_not_of(' ') + 1);
    text += '\n';
  };
  add(header, Align::kCenter);
  for (size_t i = 0; i < widths.size(); ++i)
    text += (i == 0 ? "" : "+") + std::string(widths[i] + 2, '-');
  text += '\n';
  for (const auto& row : rows) add(row, Align::kLeft);
  return text;
}

std::string RowCount(size_t count) {
  return "(" + std::to_string(count) + (count == 1 ? " row)\n" : " rows)\n");
}

const char* KindName(char kind) {
  switch (kind) {
    case 'r':
      return "table";
    case 'v':
      return "view";
    case 'i':
      return "index";
    default:
      return "sequence";
  }
}

bool PrintList(Shell* shell, std::string_view kinds, const std::string& pattern) {
  std::vector<Relation> relations;
  if (!ListRelations(shell, kinds, pattern, &relations)) return false;
  if (relations.empty()) {
    shell->output.Write(pattern.empty() ? "Did not find any relations.\n"
                                        : "Did not find any relation named \"" + pattern + "\".\n");
    return true;
  }
  Rows rows;
  for (const Relation& relation : relations) {
    rows.push_back({relation.schema, relation.name, KindName(relation.kind), relation.owner});
  }
  shell->output.Write(AlignedTable("List of relations", {"Schema", "Name", "Type", "Owner"}, rows) +
                      RowCount(rows.size()) + '\n');
  return true;
}

std::string IndexFooter(const Table& table) {
  std::string text = table.indexes.empty() ? "" : "Indexes:\n";
  // psql's order: the primary key, unique ones, the others.
  for (int rank = 0; rank < 3; ++rank) {
    for (const TableIndex& index : table.indexes) {
      if ((index.primary ? 0 : index.unique ? 1 : 2) != rank) continue;
      const bool of_constraint =
          std::any_of(table.constraints.begin(), table.constraints.end(),
                      [&](const Constraint& constraint) { return constraint.index == index.oid; });
      text += "    \"" + index.name + "\" ";
      text += index.primary   ? "PRIMARY KEY, "
              : of_constraint ? "UNIQUE CONSTRAINT, "
              : index.unique  ? "UNIQUE, "
                              : "";
      text += "btree (";
      for (size_t i = 0; i < index.columns.size(); ++i)
        text += (i == 0 ? "" : ", ") + index.columns[i];
      text += ")\n";
    }
  }
  return text;
}

bool DescribeTable(Shell* shell, const Relation& relation) {
  Table table;
  if (!LoadTable(shell, relation, &table)) return false;
  Rows rows;
  for (const TableColumn& column : table.columns) {
    rows.push_back(
        {column.name, column.type_name, "", column.not_null ? "not null" : "", column.default_sql});
  }
  const std::string kind = relation.kind == 'v' ? "View" : "Table";
  std::string text = AlignedTable(kind + " \"" + relation.schema + "." + relation.name + "\"",
                                  {"Column", "Type", "Collation", "Nullable", "Default"}, rows);
  text += IndexFooter(table);
  bool first = true;
  for (const Constraint& constraint : table.constraints) {
    if (constraint.kind != 'c') continue;
    text += first ? "Check constraints:\n" : "";
    first = false;
    text += "    \"" + constraint.name + "\" " + constraint.Sql() + '\n';
  }
  if (relation.kind == 'v') {
    QueryRows query;
    if (!shell->Query("SELECT query_sql FROM pg_catalog.sys_view WHERE oid = " + relation.oid,
                      &query))
      return false;
    for (const auto& row : query) text += "View definition:\n " + row[0] + ";\n";
  }
  shell->output.Write(text + '\n');
  return true;
}

bool DescribeSequence(Shell* shell, const Relation& relation) {
  QueryRows rows;
  if (!shell->Query("SELECT start, min_value, max_value, increment, CASE WHEN is_cycle THEN 'yes' "
                    "ELSE 'no' END, cache"
                    " FROM pg_catalog.sys_sequence WHERE oid = " +
                        relation.oid,
                    &rows)) {
    return false;
  }
  shell->output.Write(AlignedTable("Sequence \"" + relation.schema + "." + relation.name + "\"",
                                   {"Start", "Minimum", "Maximum", "Increment", "Cycles?", "Cache"},
                                   rows) +
                      '\n');
  return true;
}

bool DescribeIndex(Shell* shell, const Relation& relation) {
  std::string sql;
  if (!IndexSql(shell, relation, &sql)) return false;
  shell->output.Write("Index \"" + relation.schema + "." + relation.name + "\"\n" + sql + '\n');
  return true;
}

bool RunDescribe(Shell* shell, const CommandLine& line) {
  if (line.args.empty()) return PrintList(shell, "rvS", "");
  std::vector<Relation> relations;
  if (!ListRelations(shell, "rvSi", line.args[0], &relations)) return false;
  if (relations.empty()) {
    shell->Fail("Did not find any relation named \"" + line.args[0] + "\".");
    return false;
  }
  return std::all_of(relations.begin(), relations.end(), [&](const Relation& relation) {
    if (relation.kind == 'S') return DescribeSequence(shell, relation);
    if (relation.kind == 'i') return DescribeIndex(shell, relation);
    return DescribeTable(shell, relation);
  });
}

// \dt, \dv ...: the letters behind \d name the kinds.
bool RunList(Shell* shell, const CommandLine& line) {
  std::string kinds;
  for (const char letter : line.name.substr(2)) {
    if (letter == 't') kinds += 'r';
    if (letter == 'v') kinds += 'v';
    if (letter == 'i') kinds += 'i';
    if (letter == 's') kinds += 'S';
  }
  return PrintList(shell, kinds, line.args.empty() ? "" : line.args[0]);
}

bool RunSchemas(Shell* shell, const CommandLine&) {
  QueryRows rows;
  if (!shell->Query("SELECT s.name, r.name FROM pg_catalog.sys_schema s LEFT JOIN "
                    "pg_catalog.sys_role r ON r.oid = s.owner"
                    " ORDER BY s.name",
                    &rows)) {
    return false;
  }
  std::erase_if(rows, [](const auto& row) {
    return row[0] == "pg_catalog" || row[0] == "information_schema";
  });
  shell->output.Write(AlignedTable("List of schemas", {"Name", "Owner"}, rows) +
                      RowCount(rows.size()) + '\n');
  return true;
}

bool RunRoles(Shell* shell, const CommandLine&) {
  QueryRows found;
  if (!shell->Query("SELECT name, flags FROM pg_catalog.sys_role ORDER BY name", &found))
    return false;
  // Bits of sys_role.flags; psql names what is unusual.
  constexpr struct {
    long long bit;
    bool unusual;
    const char* text;
  } kFlags[] = {{1, true, "Superuser"},  {2, false, "No inheritance"}, {4, true, "Create role"},
                {8, true, "Create DB"},  {16, false, "Cannot login"},  {32, true, "Replication"},
                {64, true, "Bypass RLS"}};
  Rows rows;
  for (const auto& row : found) {
    const long long flags = std::stoll("0" + row[1]);
    std::string attributes;
    for (const auto& flag : kFlags) {
      if (((flags & flag.bit) != 0) == flag.unusual) {
        attributes += (attributes.empty() ? "" : ", ") + std::string(flag.text);
      }
    }
    rows.push_back({row[0], attributes});
  }
  shell->output.Write(AlignedTable("List of roles", {"Role name", "Attributes"}, rows) + '\n');
  return true;
}

constexpr Command kDescribeCommands[] = {
    {"\\d", RunDescribe, "[PATTERN]", "Describe tables, views, indexes, sequences"},
    {"\\d+", RunDescribe, "", nullptr},
    {"\\dt", RunList, "[PATTERN]",
     "List tables; likewise \\di indexes, \\dv views, \\ds sequences"},
    {"\\di", RunList, "", nullptr},
    {"\\dv", RunList, "", nullptr},
    {"\\ds", RunList, "", nullptr},
    {"\\dt+", RunList, "", nullptr},
    {"\\di+", RunList, "", nullptr},
    {"\\dv+", RunList, "", nullptr},
    {"\\ds+", RunList, "", nullptr},
    {"\\dn", RunSchemas, "", "List schemas"},
    {"\\du", RunRoles, "", "List roles"},
    {"\\dg", RunRoles, "", nullptr},
};

}  // namespace

std::span<const Command> DescribeCommands() { return kDescribeCommands; }

}  // namespace shell
