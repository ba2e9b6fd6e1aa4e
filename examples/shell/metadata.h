// What the system tables of schema pg_catalog say about tables, indexes, views and sequences, and
// the SQL that makes them again. Errors: each function returns false after the message.
#ifndef DRIFTDB_EXAMPLES_SHELL_METADATA_H_
#define DRIFTDB_EXAMPLES_SHELL_METADATA_H_

#include <string>
#include <string_view>
#include <vector>

#include "shell.h"

namespace shell {

struct Relation {
  std::string oid;
  std::string schema;
  std::string name;
  char kind = 'r';  // r table, i index, v view, S sequence
  std::string owner;

  // As SQL needs it; schema public is left out.
  std::string sql_name() const;
};

struct TableColumn {
  std::string id;
  std::string name;
  std::string type_name;
  bool not_null = false;
  std::string default_sql;
};

struct Constraint {
  char kind = 'c';  // p primary key, u unique, c check
  std::string name;
  std::vector<std::string> columns;
  std::string check_sql;
  std::string index;  // oid

  std::string Sql() const;  // PRIMARY KEY (a, b)
};

struct TableIndex {
  std::string oid;
  std::string schema;
  std::string table_schema;
  std::string table;
  std::string name;
  bool unique = false;
  bool primary = false;
  std::vector<std::string> columns;  // a DESC NULLS LAST

  std::string Sql() const;  // CREATE INDEX ...
};

struct Table {
  Relation relation;
  std::vector<TableColumn> columns;
  std::vector<Constraint> constraints;
  std::vector<TableIndex> indexes;  // those of constraints too
};

// Relations of `kinds` ("rv") whose name fits `pattern`: empty for all outside the system schemas,
// else [schema.]name with * and ? (and % for sqlite3's users). In order of schema and name.
bool ListRelations(Shell* shell, std::string_view kinds, const std::string& pattern,
                   std::vector<Relation>* relations);
// Table or view.
bool LoadTable(Shell* shell, const Relation& relation, Table* table);
// Statements with a semicolon and a line feed; of a table without its indexes.
std::string TableSql(const Table& table);
bool ViewSql(Shell* shell, const Relation& view, std::string* sql);
bool SequenceSql(Shell* shell, const Relation& sequence, std::string* sql);
bool IndexSql(Shell* shell, const Relation& index, std::string* sql);

}  // namespace shell

#endif  // DRIFTDB_EXAMPLES_SHELL_METADATA_H_
