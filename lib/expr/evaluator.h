// CompiledExpr, ExpressionList: vectorised evaluation of bound expressions over chunks.
// Shape: an Expr is compiled once per operator and thread into a program of nodes, each with a
// register (Vector) that is reused from chunk to chunk. Results lie at the row positions of the
// input; rows outside the chunk's selection are undefined. Invariants:
//   E1. An error is raised only for rows that are alive, and in CASE, COALESCE, AND and OR only for
//   rows that reach the
//       failing operand in SQL order. A conjunct that may fail is never moved before an earlier
//       one.
//   E2. A subtree that occurs twice is evaluated once per chunk (unless volatile).
//   E3. A function of one dictionary column is evaluated once per dictionary entry when the
//   dictionary has an id
//       and is not larger than the rows seen so far would repay; results are kept per dictionary
//       id.
// Threads: a compiled object belongs to one thread at a time; the Expr may be shared and must
// outlive it only during Compile. Errors: what the functions raise, with the position of the
// failing node.
#ifndef DRIFTDB_EXPR_EVALUATOR_H_
#define DRIFTDB_EXPR_EVALUATOR_H_

#include <memory>
#include <vector>

#include "base/status.h"
#include "expr/expr.h"
#include "expr/function.h"
#include "types/chunk.h"

namespace driftdb::expr {

class Program;

class CompiledExpr {
 public:
  CompiledExpr();
  ~CompiledExpr();
  CompiledExpr(CompiledExpr&&) noexcept;
  CompiledExpr& operator=(CompiledExpr&&) noexcept;

  // `context` must outlive the object; null: evaluation without a session.
  static Result<CompiledExpr> Compile(const Expr& expr, EvalContext* context);

  const LogicalType& type() const;
  // Any kind of vector may come out (a column reference gives the column itself). `out`'s memory is
  // reused.
  Status Evaluate(const Chunk& chunk, Vector* out);
  // REQUIRES: boolean. The alive rows for which the expression is true. `out` must not be the
  // chunk's selection.
  Status Filter(const Chunk& chunk, Selection* out);
  // One row, given as values by slot.
  Result<Value> EvaluateRow(const std::vector<Value>& row);

 private:
  std::unique_ptr<Program> program_;
};

// A projection list: equal subtrees of all members are computed once.
class ExpressionList {
 public:
  ExpressionList();
  ~ExpressionList();
  ExpressionList(ExpressionList&&) noexcept;
  ExpressionList& operator=(ExpressionList&&) noexcept;

  static Result<ExpressionList> Compile(const std::vector<const Expr*>& exprs,
                                        EvalContext* context);
  size_t size() const;
  // out[i] is the i-th expression; `out` has size() vectors.
  Status Evaluate(const Chunk& chunk, Vector* out);

 private:
  std::unique_ptr<Program> program_;
};

// Evaluates an expression without columns once. Stable functions need a context.
Result<Value> EvaluateConstant(const Expr& expr, EvalContext* context = nullptr);
// Replaces every foldable subtree by its value. A subtree whose evaluation fails is left in place:
// the error is raised if and when a row reaches it. Also simplifies AND, OR, NOT and CASE over
// constants.
void FoldConstants(ExprPtr& expr);

}  // namespace driftdb::expr

#endif  // DRIFTDB_EXPR_EVALUATOR_H_
