// Random queries and changes of data over a schema.
#ifndef DRIFTDB_TESTS_DIFFERENTIAL_QUERIES_H_
#define DRIFTDB_TESTS_DIFFERENTIAL_QUERIES_H_

#include <string>
#include <vector>

#include "expressions.h"
#include "random.h"
#include "schema.h"

namespace driftdb::differential {

struct GeneratedQuery {
  std::string sql;
  bool ordered = false;  // the order of the rows is part of the answer
};

class Queries : public SubquerySource {
 public:
  Queries(Random* random, SchemaModel* schema, Expressions::Dialect dialect)
      : random_(*random),
        schema_(*schema),
        dialect_(dialect),
        expressions_(random, this, dialect) {}

  GeneratedQuery Query();
  // INSERT, UPDATE or DELETE, perhaps with RETURNING.
  std::string Change();
  // FROM clause and predicate of a query, for checks that need them apart.
  struct Parts {
    std::string from;
    std::string predicate;
    std::string output;
  };
  Parts FromAndPredicate();

  std::string Scalar(Kind kind, const Leaves& outer) override;
  std::string Rows(const std::vector<Kind>& kinds, const Leaves& outer) override;

 private:
  // A table of FROM: its text and what it offers.
  struct Source {
    std::string text;
    Leaves leaves;
    bool joined = false;
    bool closed = false;  // takes no further joins: merged names might become ambiguous
  };
  Source TableSource();
  Source DerivedSource(const Leaves& outer);
  Source AnySource(const Leaves& outer);
  Source LateralSource(const Leaves& outer);
  Source From(const Leaves& outer, size_t most);
  void Join(Source* left, const Leaves& outer);
  std::string JoinUsing(Source* left, const Source& right, const std::string& word);

  // SELECT ... without ORDER BY, whose columns have the names c0, c1 ... when asked for.
  std::string Block(const std::vector<Kind>& kinds, const Leaves& outer);
  std::string PlainBlock(const std::vector<Kind>& kinds, const Source& from, const Leaves& outer);
  std::string GroupedBlock(const std::vector<Kind>& kinds, const Source& from, const Leaves& outer);
  std::string GroupingSets(const std::vector<std::string>& groups);
  std::string SetOperation(const std::vector<Kind>& kinds, const Leaves& outer);
  std::string Where(const Source& from, const Leaves& outer);
  Leaf Aggregate(const Leaves& leaves);
  std::string Ordering(size_t columns);
  std::vector<Kind> AnyKinds(size_t most);
  std::string WithClause();

  std::string Insert(TableModel* table);
  std::string Update(const TableModel& table);
  std::string Delete(const TableModel& table);
  std::string Returning(const TableModel& table);
  // A value that fits the column.
  std::string Fitting(const ColumnModel& column, const Leaves& leaves);
  Leaves TableLeaves(const TableModel& table, const std::string& alias);

  Random& random_;
  SchemaModel& schema_;
  const Expressions::Dialect dialect_;
  Expressions expressions_;
  // Definitions of WITH in scope, as tables.
  std::vector<Source> definitions_;
  size_t next_alias_ = 0;
  int64_t key_shift_ = 100'000;
  int depth_ = 0;  // of nested blocks
};

}  // namespace driftdb::differential

#endif  // DRIFTDB_TESTS_DIFFERENTIAL_QUERIES_H_
