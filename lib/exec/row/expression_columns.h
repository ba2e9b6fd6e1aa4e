// ExpressionColumns: the values of an expression list for a chunk; plain slots cost nothing.
// Threads: one owner. The values stay valid until the next Evaluate or as long as the chunk's.
#ifndef DRIFTDB_EXEC_ROW_EXPRESSION_COLUMNS_H_
#define DRIFTDB_EXEC_ROW_EXPRESSION_COLUMNS_H_

#include <vector>

#include "base/status.h"
#include "expr/evaluator.h"
#include "types/chunk.h"

namespace driftdb::exec {

class ExpressionColumns {
 public:
  ExpressionColumns() = default;
  // `context` may be null.
  static Result<ExpressionColumns> Make(const std::vector<const expr::Expr*>& exprs,
                                        expr::EvalContext* context);
  Status Evaluate(const Chunk& chunk);
  size_t size() const { return pointers_.size(); }
  Vector& operator[](size_t i) { return *pointers_[i]; }
  Vector* const* pointers() const { return pointers_.data(); }

 private:
  std::vector<Vector> values_;
  std::vector<Vector*> pointers_;
  std::vector<uint32_t> slots_;  // of expressions that are slots, else UINT32_MAX
  bool has_program_ = false;
  expr::ExpressionList program_;  // the others
  std::vector<Vector> program_values_;
};

}  // namespace driftdb::exec

#endif  // DRIFTDB_EXEC_ROW_EXPRESSION_COLUMNS_H_
