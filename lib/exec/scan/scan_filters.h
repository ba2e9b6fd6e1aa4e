// ScanFilters: splits a scan's conjuncts into what the storage evaluates on encoded data and what
// is left. `column op constant`, IN lists, null tests and LIKE prefixes become ColumnPredicates;
// other conditions over one column that cannot fail become callbacks (evaluated once per dictionary
// entry); the rest is evaluated on the scan's chunks. Threads: Build by one thread; the predicates
// are safe to share.
#ifndef DRIFTDB_EXEC_SCAN_SCAN_FILTERS_H_
#define DRIFTDB_EXEC_SCAN_SCAN_FILTERS_H_

#include <memory>
#include <vector>

#include "exec/query_context.h"
#include "expr/expr.h"
#include "storage/column/column_predicate.h"

namespace driftdb::exec {

struct ScanFilters {
  struct Pushed {
    uint32_t slot = 0;  // scan slot
    std::shared_ptr<const storage::ColumnPredicate> predicate;
  };
  std::vector<Pushed> pushed;
  // What the storage could not do exactly; in their original order.
  std::vector<const expr::Expr*> residual;
  // Some conjunct is false or NULL for every row.
  bool never = false;

  // `pushable[slot]`: the slot is a stored column.
  static Result<ScanFilters> Build(const std::vector<expr::ExprPtr>& conjuncts,
                                   const std::vector<bool>& pushable, QueryContext* context);
};

}  // namespace driftdb::exec

#endif  // DRIFTDB_EXEC_SCAN_SCAN_FILTERS_H_
