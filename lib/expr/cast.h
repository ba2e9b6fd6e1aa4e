// Cast kernels: every conversion between types, by (from, to).
// Shape: a cast kernel has the calling convention of a strict ScalarFunction with one argument.
// Errors: 22P02, 22003, 22007, 22008, 22001 as the conversion demands.
#ifndef DRIFTDB_EXPR_CAST_H_
#define DRIFTDB_EXPR_CAST_H_

#include "expr/binding.h"
#include "expr/expr.h"
#include "expr/function.h"
#include "types/text_format.h"

namespace driftdb::expr {

struct CastKernel {
  ScalarKernel kernel = nullptr;  // null: the bytes stay as they are (kRelabel)
  bool total = false;             // F2 of function.h
};
// REQUIRES: FindCast(from, to) allows it. `explicit_cast` cuts strings to varchar(n) instead of
// failing.
CastKernel SelectCastKernel(const LogicalType& from, const LogicalType& to, bool explicit_cast);

// Kernels by family; a null kernel means "not of this family".
CastKernel SelectNumericCast(const LogicalType& from, const LogicalType& to);
CastKernel SelectTextCast(const LogicalType& from, const LogicalType& to, bool explicit_cast);
CastKernel SelectDatetimeCast(const LogicalType& from, const LogicalType& to);

// Text options from the session, for kernels that parse or print.
TextOptions TextOptionsOf(const EvalContext* context);

}  // namespace driftdb::expr

#endif  // DRIFTDB_EXPR_CAST_H_
