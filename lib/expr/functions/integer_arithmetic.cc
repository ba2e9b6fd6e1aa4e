// + - * / % and bit operators of integers: every overflow is 22003, division by zero 22012.
#include <limits>
#include <type_traits>

#include "base/int128.h"
#include "expr/functions/functions.h"
#include "expr/kernel.h"

namespace driftdb::expr {

namespace {

Status IntegerRangeError(const LogicalType& type) {
  return Error(sqlstate::kNumericOutOfRange, "{} out of range", type.ToString());
}
Status IntegerZeroDivisor() { return Error(sqlstate::kDivisionByZero, "division by zero"); }

// std::make_unsigned does not know __int128 in strict modes.
template <typename T>
struct IntegerUnsigned {
  using Type = std::make_unsigned_t<T>;
};
template <>
struct IntegerUnsigned<int128_t> {
  using Type = uint128_t;
};
template <typename T>
using IntegerBits = typename IntegerUnsigned<T>::Type;

// The functors leave the sign bit of `bad` set after an overflow: plain bit work, so that loops
// vectorise.
template <typename T>
struct IntegerAdd {
  void operator()(T a, T b, T* out, IntegerBits<T>* bad) const {
    const auto r = static_cast<T>(static_cast<IntegerBits<T>>(a) + static_cast<IntegerBits<T>>(b));
    *bad |= static_cast<IntegerBits<T>>((a ^ r) & (b ^ r));
    *out = r;
  }
};
template <typename T>
struct IntegerSubtract {
  void operator()(T a, T b, T* out, IntegerBits<T>* bad) const {
    const auto r = static_cast<T>(static_cast<IntegerBits<T>>(a) - static_cast<IntegerBits<T>>(b));
    *bad |= static_cast<IntegerBits<T>>((a ^ b) & (a ^ r));
    *out = r;
  }
};
template <typename T>
struct IntegerMultiply {
  void operator()(T a, T b, T* out, IntegerBits<T>* bad) const {
    if constexpr (sizeof(T) <= 4) {
      const int64_t product = static_cast<int64_t>(a) * b;
      *out = static_cast<T>(product);
      *bad |= static_cast<IntegerBits<T>>(product != *out) << (sizeof(T) * 8 - 1);
    } else {
      *bad |= static_cast<IntegerBits<T>>(__builtin_mul_overflow(a, b, out)) << (sizeof(T) * 8 - 1);
    }
  }
};

template <typename T, typename F>
Status IntegerChecked(KernelCall& call) {
  if (BinaryCheckedLoop<T, T, T, IntegerBits<T>>(call, F())) return OkStatus();
  return IntegerRangeError(call.result_type);
}

template <typename T>
Status IntegerDivide(KernelCall& call) {
  T* out = call.out->data<T>();
  const KernelArg& y = call.args[1];
  if (y.constant && y.value<T>(0) != 0 && y.value<T>(0) != -1) {
    const T c = y.value<T>(0);
    ForEachRow(call.rows, [&](size_t i) { out[i] = static_cast<T>(call.args[0].value<T>(i) / c); });
    return OkStatus();
  }
  return ForEachRowChecked(call.rows, [&](size_t i) -> Status {
    const T a = call.args[0].value<T>(i), b = y.value<T>(i);
    if (b == 0) return IntegerZeroDivisor();
    if (b == -1) {
      // The minimum has no positive counterpart.
      if (a == static_cast<T>(IntegerBits<T>{1} << (sizeof(T) * 8 - 1))) {
        return IntegerRangeError(call.result_type);
      }
      out[i] = static_cast<T>(-a);
    } else {
      out[i] = static_cast<T>(a / b);
    }
    return OkStatus();
  });
}

template <typename T>
Status IntegerModulo(KernelCall& call) {
  T* out = call.out->data<T>();
  return ForEachRowChecked(call.rows, [&](size_t i) -> Status {
    const T a = call.args[0].value<T>(i), b = call.args[1].value<T>(i);
    if (b == 0) return IntegerZeroDivisor();
    out[i] = b == -1 ? T{0} : static_cast<T>(a % b);
    return OkStatus();
  });
}

template <typename T>
Status IntegerNegate(KernelCall& call) {
  T* out = call.out->data<T>();
  const T low = static_cast<T>(IntegerBits<T>{1} << (sizeof(T) * 8 - 1));
  bool bad = false;
  ForEachRow(call.rows, [&](size_t i) {
    const T a = call.args[0].value<T>(i);
    bad |= a == low;
    out[i] = static_cast<T>(IntegerBits<T>{0} - static_cast<IntegerBits<T>>(a));
  });
  return bad ? IntegerRangeError(call.result_type) : OkStatus();
}

template <typename T>
Status IntegerAbsolute(KernelCall& call) {
  T* out = call.out->data<T>();
  const T low = static_cast<T>(IntegerBits<T>{1} << (sizeof(T) * 8 - 1));
  bool bad = false;
  ForEachRow(call.rows, [&](size_t i) {
    const T a = call.args[0].value<T>(i);
    bad |= a == low;
    out[i] = a < 0 && a != low ? static_cast<T>(-a) : a;
  });
  return bad ? IntegerRangeError(call.result_type) : OkStatus();
}

template <typename T>
Status IntegerIdentity(KernelCall& call) {
  UnaryLoop<T, T>(call, [](T a) { return a; });
  return OkStatus();
}
template <typename T>
Status IntegerNot(KernelCall& call) {
  UnaryLoop<T, T>(call, [](T a) { return static_cast<T>(~a); });
  return OkStatus();
}
template <typename T>
Status IntegerAnd(KernelCall& call) {
  BinaryLoop<T, T, T>(call, [](T a, T b) { return static_cast<T>(a & b); });
  return OkStatus();
}
template <typename T>
Status IntegerOr(KernelCall& call) {
  BinaryLoop<T, T, T>(call, [](T a, T b) { return static_cast<T>(a | b); });
  return OkStatus();
}
template <typename T>
Status IntegerXor(KernelCall& call) {
  BinaryLoop<T, T, T>(call, [](T a, T b) { return static_cast<T>(a ^ b); });
  return OkStatus();
}
// Shift counts wrap at the width, as on the processors PostgreSQL's plain C shifts run on.
template <typename T>
Status IntegerShiftLeft(KernelCall& call) {
  constexpr int kMask = sizeof(T) <= 4 ? 31 : static_cast<int>(sizeof(T) * 8 - 1);
  BinaryLoop<T, int32_t, T>(call, [](T a, int32_t b) {
    if constexpr (sizeof(T) <= 4) {
      return static_cast<T>(static_cast<uint32_t>(a) << (b & kMask));
    } else {
      return static_cast<T>(static_cast<IntegerBits<T>>(a) << (b & kMask));
    }
  });
  return OkStatus();
}
template <typename T>
Status IntegerShiftRight(KernelCall& call) {
  constexpr int kMask = sizeof(T) <= 4 ? 31 : static_cast<int>(sizeof(T) * 8 - 1);
  BinaryLoop<T, int32_t, T>(call, [](T a, int32_t b) { return static_cast<T>(a >> (b & kMask)); });
  return OkStatus();
}

template <typename T>
Status IntegerGcd(KernelCall& call) {
  T* out = call.out->data<T>();
  return ForEachRowChecked(call.rows, [&](size_t i) -> Status {
    // In unsigned arithmetic the minimum is no special case until the end.
    const T x = call.args[0].value<T>(i), y = call.args[1].value<T>(i);
    auto a =
        x < 0 ? IntegerBits<T>{0} - static_cast<IntegerBits<T>>(x) : static_cast<IntegerBits<T>>(x);
    auto b =
        y < 0 ? IntegerBits<T>{0} - static_cast<IntegerBits<T>>(y) : static_cast<IntegerBits<T>>(y);
    while (b != 0) {
      const auto rest = static_cast<IntegerBits<T>>(a % b);
      a = b;
      b = rest;
    }
    out[i] = static_cast<T>(a);
    return out[i] < 0 ? IntegerRangeError(call.result_type) : OkStatus();
  });
}

template <typename T>
Status IntegerLcm(KernelCall& call) {
  T* out = call.out->data<T>();
  DRIFTDB_RETURN_IF_ERROR(IntegerGcd<T>(call));
  return ForEachRowChecked(call.rows, [&](size_t i) -> Status {
    const T x = call.args[0].value<T>(i), y = call.args[1].value<T>(i);
    const T gcd = out[i];
    if (gcd == 0) return OkStatus();
    T product;
    if (__builtin_mul_overflow(static_cast<T>(x / gcd), y, &product) ||
        (product < 0 && __builtin_sub_overflow(T{0}, product, &product))) {
      return IntegerRangeError(call.result_type);
    }
    out[i] = product;
    return OkStatus();
  });
}

template <typename T>
void IntegerAddAll(FunctionTable* table, TypeId id) {
  const LogicalType t(id);
  // Checked kernels look at alive rows before they report, so dead rows may pass through them (F2).
  AddOperator(table, "+", {t, t}, t, IntegerChecked<T, IntegerAdd<T>>).total = true;
  AddOperator(table, "-", {t, t}, t, IntegerChecked<T, IntegerSubtract<T>>).total = true;
  AddOperator(table, "*", {t, t}, t, IntegerChecked<T, IntegerMultiply<T>>).total = true;
  AddOperator(table, "/", {t, t}, t, IntegerDivide<T>);
  AddOperator(table, "%", {t, t}, t, IntegerModulo<T>);
  AddFunction(table, "mod", {t, t}, t, IntegerModulo<T>);
  AddOperator(table, "-", {t}, t, IntegerNegate<T>);
  MarkTotal(AddOperator(table, "+", {t}, t, IntegerIdentity<T>));
  AddFunction(table, "abs", {t}, t, IntegerAbsolute<T>);
  AddOperator(table, "@", {t}, t, IntegerAbsolute<T>);
  MarkTotal(AddOperator(table, "&", {t, t}, t, IntegerAnd<T>));
  MarkTotal(AddOperator(table, "|", {t, t}, t, IntegerOr<T>));
  MarkTotal(AddOperator(table, "#", {t, t}, t, IntegerXor<T>));
  MarkTotal(AddOperator(table, "~", {t}, t, IntegerNot<T>));
  MarkTotal(AddOperator(table, "<<", {t, TypeId::kInt32}, t, IntegerShiftLeft<T>));
  MarkTotal(AddOperator(table, ">>", {t, TypeId::kInt32}, t, IntegerShiftRight<T>));
  if (id == TypeId::kInt32 || id == TypeId::kInt64) {
    AddFunction(table, "gcd", {t, t}, t, IntegerGcd<T>);
    AddFunction(table, "lcm", {t, t}, t, IntegerLcm<T>);
  }
}

}  // namespace

void AddIntegerArithmetic(FunctionTable* table) {
  IntegerAddAll<int16_t>(table, TypeId::kInt16);
  IntegerAddAll<int32_t>(table, TypeId::kInt32);
  IntegerAddAll<int64_t>(table, TypeId::kInt64);
  IntegerAddAll<int128_t>(table, TypeId::kInt128);
}

}  // namespace driftdb::expr
