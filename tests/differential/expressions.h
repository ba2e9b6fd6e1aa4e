// Random expressions over given leaves. Every expression means the same in SQLite and DriftDB and
// raises no error for any row.
#ifndef DRIFTDB_TESTS_DIFFERENTIAL_EXPRESSIONS_H_
#define DRIFTDB_TESTS_DIFFERENTIAL_EXPRESSIONS_H_

#include <string>
#include <vector>

#include "random.h"
#include "schema.h"

namespace driftdb::differential {

// What an expression may refer to.
struct Leaf {
  std::string text;
  Kind kind = Kind::kInteger;
  bool not_null = false;  // as its table declares it
};
using Leaves = std::vector<Leaf>;

// Subqueries come from the generator of queries.
class SubquerySource {
 public:
  virtual ~SubquerySource() = default;
  // A query of one row and one column.
  virtual std::string Scalar(Kind kind, const Leaves& outer) = 0;
  // A query with columns of these kinds.
  virtual std::string Rows(const std::vector<Kind>& kinds, const Leaves& outer) = 0;
};

class Expressions {
 public:
  // kShared: what SQLite knows too.
  enum class Dialect : uint8_t { kShared, kOwn };

  Expressions(Random* random, SubquerySource* subqueries, Dialect dialect)
      : random_(*random), subqueries_(*subqueries), dialect_(dialect) {}

  // `depth`: how many levels of operators; `subqueries` allows them.
  std::string Make(Kind kind, const Leaves& leaves, int depth, bool subqueries);
  std::string Predicate(const Leaves& leaves, int depth, bool subqueries);
  // A leaf of the kind, or a literal.
  std::string Simple(Kind kind, const Leaves& leaves);
  // left = right of two sets of leaves, where a kind has a column in both; else empty.
  std::string Equality(const Leaves& left, const Leaves& right);

 private:
  std::string Integer(const Leaves& leaves, int depth, bool subqueries);
  std::string Text(const Leaves& leaves, int depth, bool subqueries);
  std::string Number(const Leaves& leaves, int depth, bool subqueries);
  std::string Conditional(Kind kind, const Leaves& leaves, int depth, bool subqueries);
  std::string Comparison(const Leaves& leaves, int depth, bool subqueries);
  std::string Membership(const Leaves& leaves, int depth);
  std::string NullTest(const Leaves& leaves, int depth, bool subqueries);
  std::string Like(const Leaves& leaves, int depth);
  std::string RowComparison(const Leaves& leaves);
  std::string Quantified(const Leaves& leaves, int depth);
  Kind AnyKind() { return static_cast<Kind>(random_.Below(kKinds)); }
  // A kind that some leaf has, most times.
  Kind LeafKind(const Leaves& leaves) {
    return leaves.empty() || random_.Chance(10) ? AnyKind() : random_.Pick(leaves).kind;
  }

  Random& random_;
  SubquerySource& subqueries_;
  const Dialect dialect_;
};

}  // namespace driftdb::differential

#endif  // DRIFTDB_TESTS_DIFFERENTIAL_EXPRESSIONS_H_
