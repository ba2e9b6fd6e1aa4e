// Random tables: their columns, definitions, indexes and rows. Types are those whose values SQLite
// and DriftDB treat alike: whole numbers that never overflow, fractions that are exact in binary,
// ASCII texts, dates, booleans.
#ifndef DRIFTDB_TESTS_DIFFERENTIAL_SCHEMA_H_
#define DRIFTDB_TESTS_DIFFERENTIAL_SCHEMA_H_

#include <cstdint>
#include <string>
#include <vector>

#include "random.h"

namespace driftdb::differential {

enum class Kind : uint8_t { kInteger, kText, kNumber, kBoolean, kDate };
inline constexpr int kKinds = 5;

struct ColumnModel {
  std::string name;
  std::string type;  // as SQL writes it
  Kind kind = Kind::kInteger;
  bool not_null = false;
};

struct TableModel {
  std::string name;
  std::vector<ColumnModel> columns;  // columns[0] is the whole number k
  bool has_key = false;              // k is the primary key
  int64_t next_key = 1;
};

struct SchemaModel {
  std::vector<TableModel> tables;
};

SchemaModel MakeSchema(Random* random, size_t tables);
// CREATE TABLE and CREATE INDEX.
std::string TableDefinition(const TableModel& table, Random* random);
std::string IndexDefinition(const TableModel& table, const std::string& name, Random* random);
// A literal of the kind; `null_percent` of them NULL with a type.
std::string Literal(Kind kind, size_t null_percent, Random* random);
// A row as VALUES takes it, and as a line of COPY.
std::string RowLiterals(TableModel* table, Random* random);
std::string RowLine(TableModel* table, Random* random);
std::string TypeName(Kind kind);

}  // namespace driftdb::differential

#endif  // DRIFTDB_TESTS_DIFFERENTIAL_SCHEMA_H_
