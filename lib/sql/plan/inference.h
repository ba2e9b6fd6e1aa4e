// Inference over a conjunction: what follows from the conjuncts together.
// Sources of new conjuncts: constants and single-column conditions spread over classes of equal
// expressions; ORs give up what all their branches have in common, and for each table what each
// branch says of it alone.
#ifndef DRIFTDB_SQL_PLAN_INFERENCE_H_
#define DRIFTDB_SQL_PLAN_INFERENCE_H_

#include <vector>

#include "sql/plan/columns.h"
#include "sql/plan/logical_plan.h"
#include "sql/plan/optimizer.h"

namespace driftdb::sql {

// Classes of expressions that a conjunction makes equal.
class EquivalenceClasses {
 public:
  struct Member {
    const expr::Expr* expr;
    TableSet tables;
  };
  // Takes note of `a = b` between immutable expressions; others are ignored. The conjunct must
  // outlive the object.
  void Add(const expr::Expr& conjunct);
  const std::vector<std::vector<Member>>& classes() const { return classes_; }
  // Position of the class of an expression, or -1.
  int64_t Find(const expr::Expr& expr) const;

 private:
  std::vector<std::vector<Member>> classes_;
};

// Appends what follows (never a conjunct that is there already).
void InferConjuncts(ExprList* conjuncts, const OptimizerContext& context);

// NOT driven inwards, nested conjunctions split, common parts of ORs factored out, ORs of
// equalities of one expression turned into IN lists.
void NormalizeConjuncts(ExprList* conjuncts, const OptimizerContext& context);

}  // namespace driftdb::sql

#endif  // DRIFTDB_SQL_PLAN_INFERENCE_H_
