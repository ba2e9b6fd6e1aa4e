// + - * / of real and double precision, with PostgreSQL's overflow, underflow and zero division
// errors.
#include <cmath>
#include <type_traits>

#include "expr/functions/functions.h"
#include "expr/kernel.h"

namespace driftdb::expr {

namespace {

constexpr uint64_t kFloatBad = uint64_t{1} << 63;

template <typename A, typename B>
using FloatResult =
    std::conditional_t<std::is_same_v<A, float> && std::is_same_v<B, float>, float, double>;

Status FloatRangeError(bool underflow) {
  return Error(sqlstate::kNumericOutOfRange, "value out of range: {}",
               underflow ? "underflow" : "overflow");
}

template <typename A, typename B, char op>
Status FloatArithmetic(KernelCall& call) {
  using R = FloatResult<A, B>;
  const auto apply = [](A a, B b) -> R {
    if constexpr (op == '+') return static_cast<R>(a) + static_cast<R>(b);
    if constexpr (op == '-') return static_cast<R>(a) - static_cast<R>(b);
    return static_cast<R>(a) * static_cast<R>(b);
  };
  const bool fine =
      BinaryCheckedLoop<A, B, R, uint64_t>(call, [&](A a, B b, R* out, uint64_t* bad) {
        const R r = apply(a, b);
        *out = r;
        const bool over = std::isinf(r) && !std::isinf(a) && !std::isinf(b);
        const bool under = op == '*' && r == 0 && a != 0 && b != 0;
        *bad |= over || under ? kFloatBad : 0;
      });
  if (fine) return OkStatus();
  bool under = false, decided = false;
  ForEachRow(call.rows, [&](size_t i) {
    const R r = call.out->data<R>()[i];
    const bool over = std::isinf(r) && !std::isinf(call.args[0].value<A>(i)) &&
                      !std::isinf(call.args[1].value<B>(i));
    if (!decided && over) decided = true;
    if (!decided && op == '*' && r == 0 && call.args[0].value<A>(i) != 0 &&
        call.args[1].value<B>(i) != 0) {
      under = decided = true;
    }
  });
  return FloatRangeError(under);
}

template <typename A, typename B>
Status FloatDivide(KernelCall& call) {
  using R = FloatResult<A, B>;
  R* out = call.out->data<R>();
  return ForEachRowChecked(call.rows, [&](size_t i) -> Status {
    const R a = static_cast<R>(call.args[0].value<A>(i));
    const R b = static_cast<R>(call.args[1].value<B>(i));
    if (b == 0 && !std::isnan(a)) return Error(sqlstate::kDivisionByZero, "division by zero");
    const R r = a / b;
    if (std::isinf(r) && !std::isinf(a)) return FloatRangeError(false);
    if (r == 0 && a != 0 && !std::isinf(b)) return FloatRangeError(true);
    out[i] = r;
    return OkStatus();
  });
}

template <typename T>
Status FloatNegate(KernelCall& call) {
  UnaryLoop<T, T>(call, [](T a) { return -a; });
  return OkStatus();
}
template <typename T>
Status FloatIdentity(KernelCall& call) {
  UnaryLoop<T, T>(call, [](T a) { return a; });
  return OkStatus();
}
template <typename T>
Status FloatAbsolute(KernelCall& call) {
  UnaryLoop<T, T>(call, [](T a) { return std::fabs(a); });
  return OkStatus();
}

template <typename A, typename B>
void FloatAddBinary(FunctionTable* table, TypeId a, TypeId b) {
  const LogicalType r = a == TypeId::kReal && b == TypeId::kReal ? TypeId::kReal : TypeId::kDouble;
  AddOperator(table, "+", {a, b}, r, FloatArithmetic<A, B, '+'>).total = true;
  AddOperator(table, "-", {a, b}, r, FloatArithmetic<A, B, '-'>).total = true;
  AddOperator(table, "*", {a, b}, r, FloatArithmetic<A, B, '*'>).total = true;
  AddOperator(table, "/", {a, b}, r, FloatDivide<A, B>);
}

template <typename T>
void FloatAddUnary(FunctionTable* table, TypeId t) {
  MarkTotal(AddOperator(table, "-", {t}, t, FloatNegate<T>));
  MarkTotal(AddOperator(table, "+", {t}, t, FloatIdentity<T>));
  MarkTotal(AddFunction(table, "abs", {t}, t, FloatAbsolute<T>));
  MarkTotal(AddOperator(table, "@", {t}, t, FloatAbsolute<T>));
}

}  // namespace

void AddFloatArithmetic(FunctionTable* table) {
  FloatAddBinary<float, float>(table, TypeId::kReal, TypeId::kReal);
  FloatAddBinary<float, double>(table, TypeId::kReal, TypeId::kDouble);
  FloatAddBinary<double, float>(table, TypeId::kDouble, TypeId::kReal);
  FloatAddBinary<double, double>(table, TypeId::kDouble, TypeId::kDouble);
  FloatAddUnary<float>(table, TypeId::kReal);
  FloatAddUnary<double>(table, TypeId::kDouble);
}

}  // namespace driftdb::expr
