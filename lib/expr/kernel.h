// Loops shared by kernels: apply a functor to the rows of a call, with dense forms that vectorise.
// Shape: the functors get values by type (bool as uint8_t). Dense loops run over [0, span) also
// when a selection keeps at least a quarter of it: wasted lanes cost less than gathers. They need
// total functors (F2 of function.h).
#ifndef DRIFTDB_EXPR_KERNEL_H_
#define DRIFTDB_EXPR_KERNEL_H_

#include "base/error.h"
#include "base/status_macros.h"
#include "expr/function.h"

namespace driftdb::expr {

// One past the last row of interest.
inline size_t RowSpan(const RowSet& rows) {
  if (rows.dense()) return rows.count;
  return rows.count == 0 ? 0 : static_cast<size_t>(rows.rows[rows.count - 1]) + 1;
}
inline bool RunDense(const RowSet& rows) { return rows.dense() || rows.count * 4 >= RowSpan(rows); }

template <typename F>
void ForEachRow(const RowSet& rows, F f) {
  if (rows.dense()) {
    for (size_t i = 0; i < rows.count; ++i) f(i);
  } else {
    for (size_t k = 0; k < rows.count; ++k) f(static_cast<size_t>(rows.rows[k]));
  }
}

// As ForEachRow for functors that return Status; stops at the first error.
template <typename F>
Status ForEachRowChecked(const RowSet& rows, F f) {
  for (size_t k = 0; k < rows.count; ++k) {
    DRIFTDB_RETURN_IF_ERROR(f(rows[k]));
  }
  return OkStatus();
}

// out[i] = f(a[i]), total.
template <typename A, typename R, typename F>
void UnaryLoop(KernelCall& call, F f) {
  R* __restrict out = call.out->data<R>();
  const KernelArg& arg = call.args[0];
  if (arg.flat && RunDense(call.rows)) {
    const A* __restrict a = reinterpret_cast<const A*>(arg.view.data);
    const size_t span = RowSpan(call.rows);
    for (size_t i = 0; i < span; ++i) out[i] = f(a[i]);
    return;
  }
  ForEachRow(call.rows, [&](size_t i) { out[i] = f(arg.value<A>(i)); });
}

// out[i] = f(a[i], b[i]), total.
template <typename A, typename B, typename R, typename F>
void BinaryLoop(KernelCall& call, F f) {
  R* __restrict out = call.out->data<R>();
  const KernelArg& x = call.args[0];
  const KernelArg& y = call.args[1];
  const bool x_dense = x.flat || x.constant, y_dense = y.flat || y.constant;
  if (x_dense && y_dense && RunDense(call.rows)) {
    const A* __restrict a = reinterpret_cast<const A*>(x.view.data);
    const B* __restrict b = reinterpret_cast<const B*>(y.view.data);
    const size_t span = RowSpan(call.rows);
    if (x.constant) {
      const A c = a[0];
      for (size_t i = 0; i < span; ++i) out[i] = f(c, b[i]);
    } else if (y.constant) {
      const B c = b[0];
      for (size_t i = 0; i < span; ++i) out[i] = f(a[i], c);
    } else {
      for (size_t i = 0; i < span; ++i) out[i] = f(a[i], b[i]);
    }
    return;
  }
  ForEachRow(call.rows, [&](size_t i) { out[i] = f(x.value<A>(i), y.value<B>(i)); });
}

// f(a, b, &out, &bad): ORs a nonzero bit pattern into `bad` on failure and stores something anyway.
// After a dense run with failures the alive rows are looked at again, so dead rows raise nothing
// (F2). `Bad` is an unsigned word whose top bit tells, so that the accumulation vectorises.
template <typename A, typename B, typename R, typename Bad, typename F>
bool BinaryCheckedLoop(KernelCall& call, F f) {
  R* __restrict out = call.out->data<R>();
  const KernelArg& x = call.args[0];
  const KernelArg& y = call.args[1];
  constexpr Bad kTop = Bad{1} << (sizeof(Bad) * 8 - 1);
  const bool x_dense = x.flat || x.constant, y_dense = y.flat || y.constant;
  Bad bad = 0;
  if (x_dense && y_dense && RunDense(call.rows)) {
    const A* __restrict a = reinterpret_cast<const A*>(x.view.data);
    const B* __restrict b = reinterpret_cast<const B*>(y.view.data);
    const size_t span = RowSpan(call.rows);
    if (x.constant) {
      const A c = a[0];
      for (size_t i = 0; i < span; ++i) f(c, b[i], &out[i], &bad);
    } else if (y.constant) {
      const B c = b[0];
      for (size_t i = 0; i < span; ++i) f(a[i], c, &out[i], &bad);
    } else {
      for (size_t i = 0; i < span; ++i) f(a[i], b[i], &out[i], &bad);
    }
    if ((bad & kTop) == 0) return true;
    bad = 0;
  }
  ForEachRow(call.rows, [&](size_t i) { f(x.value<A>(i), y.value<B>(i), &out[i], &bad); });
  return (bad & kTop) == 0;
}

// Room for a result string that is built in place: append to `buffer`, then call SetString(row,
// buffer).
inline void SetText(KernelCall& call, size_t row, std::string_view text) {
  call.out->SetString(row, text);
}

// A result that is part of argument `arg`'s string: no copy; the argument's memory is held by
// KeepArgument.
inline void SetTextPart(KernelCall& call, size_t row, std::string_view part) {
  call.out->data<StringRef>()[row] = StringRef(part);
}
inline void KeepArgument(KernelCall& call, size_t arg) {
  if (call.args[arg].vector != nullptr) call.out->HoldAllOf(*call.args[arg].vector);
}

}  // namespace driftdb::expr

#endif  // DRIFTDB_EXPR_KERNEL_H_
