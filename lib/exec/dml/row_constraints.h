// RowConstraints: NOT NULL and CHECK of a table, for rows about to be stored; and the mapping
// between the order of the table's columns (plans) and storage ordinals (writers). Threads: one
// owner. Errors: 23502, 23514, naming table, column or constraint, and the failing row.
#ifndef DRIFTDB_EXEC_DML_ROW_CONSTRAINTS_H_
#define DRIFTDB_EXEC_DML_ROW_CONSTRAINTS_H_

#include <string>
#include <vector>

#include "catalog/entries.h"
#include "expr/evaluator.h"
#include "expr/expr.h"
#include "expr/function.h"
#include "types/chunk.h"

namespace driftdb::exec {

class RowConstraints {
 public:
  // `checks` over the table's columns as slots; parallel to `names`. All outlive the object.
  static Result<RowConstraints> Make(const catalog::TableEntry* table,
                                     const std::vector<expr::ExprPtr>& checks,
                                     const std::vector<std::string>& names,
                                     expr::EvalContext* eval);
  // `rows`: the table's columns in table order.
  Status Check(const Chunk& rows);

 private:
  Status CheckNotNull(const Chunk& rows) const;
  const catalog::TableEntry* table_ = nullptr;
  const std::vector<std::string>* names_ = nullptr;
  std::vector<expr::CompiledExpr> checks_;
};

// An expression that is bound over the columns of one table, over slots in table order.
expr::ExprPtr OverTableSlots(const expr::Expr& bound);
// Table order -> storage order (dropped columns are NULL). Columns share memory with `rows`.
Chunk ToStorageOrder(const catalog::TableEntry& table, const Chunk& rows);
// "(1, null, abc)" for error details.
std::string RowText(const Chunk& rows, size_t row);

}  // namespace driftdb::exec

#endif  // DRIFTDB_EXEC_DML_ROW_CONSTRAINTS_H_
