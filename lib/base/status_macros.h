// Propagation of Status and Result.
//   DRIFTDB_RETURN_IF_ERROR(Foo());
//   DRIFTDB_ASSIGN_OR_RETURN(auto value, Bar());
#ifndef DRIFTDB_BASE_STATUS_MACROS_H_
#define DRIFTDB_BASE_STATUS_MACROS_H_

#include <utility>

#include "base/status.h"

#define DRIFTDB_RETURN_IF_ERROR(expr)                                                              \
  do {                                                                                             \
    if (::driftdb::Status driftdb_status_ = (expr); !driftdb_status_.ok()) return driftdb_status_; \
  } while (false)

#define DRIFTDB_MACRO_CONCAT_INNER(a, b) a##b
#define DRIFTDB_MACRO_CONCAT(a, b) DRIFTDB_MACRO_CONCAT_INNER(a, b)

#define DRIFTDB_ASSIGN_OR_RETURN(lhs, expr) \
  DRIFTDB_ASSIGN_OR_RETURN_INNER(DRIFTDB_MACRO_CONCAT(driftdb_result_, __LINE__), lhs, expr)
// `lhs` may be a declaration, which takes no parentheses. NOLINTBEGIN(bugprone-macro-parentheses)
#define DRIFTDB_ASSIGN_OR_RETURN_INNER(result, lhs, expr) \
  auto result = (expr);                                   \
  if (!result.ok()) return std::move(result).status();    \
  lhs = std::move(result).value()
// NOLINTEND(bugprone-macro-parentheses)

#endif  // DRIFTDB_BASE_STATUS_MACROS_H_
