// Comparison kernels of all physical types: to booleans, to selections, and one row against
// another.
#include <cmath>

#include "base/int128.h"
#include "expr/program.h"
#include "types/civil.h"

namespace driftdb::expr {

namespace {

// Total orders per type. NaN equals NaN and is above every number, as in PostgreSQL.
template <typename T>
struct CompareOrder {
  static bool Equal(const T& a, const T& b) { return a == b; }
  static bool Less(const T& a, const T& b) { return a < b; }
};
template <typename T>
struct CompareFloatOrder {
  static bool Equal(T a, T b) { return (a == b) | ((a != a) & (b != b)); }
  static bool Less(T a, T b) { return (a < b) | ((b != b) & (a == a)); }
};
template <>
struct CompareOrder<float> : CompareFloatOrder<float> {};
template <>
struct CompareOrder<double> : CompareFloatOrder<double> {};
template <>
struct CompareOrder<Interval> {
  static bool Equal(const Interval& a, const Interval& b) {
    return IntervalMicros(a) == IntervalMicros(b);
  }
  static bool Less(const Interval& a, const Interval& b) {
    return IntervalMicros(a) < IntervalMicros(b);
  }
};

template <typename T, ComparisonOp op>
struct CompareApply {
  uint8_t operator()(const T& a, const T& b) const {
    using Order = CompareOrder<T>;
    if constexpr (op == ComparisonOp::kEqual) return Order::Equal(a, b);
    if constexpr (op == ComparisonOp::kNotEqual) return !Order::Equal(a, b);
    if constexpr (op == ComparisonOp::kLess) return Order::Less(a, b);
    if constexpr (op == ComparisonOp::kLessEqual) return !Order::Less(b, a);
    if constexpr (op == ComparisonOp::kGreater) return Order::Less(b, a);
    if constexpr (op == ComparisonOp::kGreaterEqual) return !Order::Less(a, b);
    return 0;
  }
};

template <typename T, ComparisonOp op>
Status CompareToBooleans(KernelCall& call) {
  if constexpr (std::is_same_v<T, StringRef>) {
    // Not total: a dead row's reference may dangle.
    auto* out = call.out->data<uint8_t>();
    const KernelArg& x = call.args[0];
    const KernelArg& y = call.args[1];
    const CompareApply<T, op> apply;
    if (y.constant) {
      const StringRef c = y.value<StringRef>(0);
      ForEachRow(call.rows, [&](size_t i) { out[i] = apply(x.value<StringRef>(i), c); });
    } else {
      ForEachRow(call.rows,
                 [&](size_t i) { out[i] = apply(x.value<StringRef>(i), y.value<StringRef>(i)); });
    }
  } else {
    BinaryLoop<T, T, uint8_t>(call, CompareApply<T, op>());
  }
  return OkStatus();
}

template <typename T, ComparisonOp op>
size_t CompareToRows(const KernelArg* args, const RowSet& rows, uint16_t* out) {
  const CompareApply<T, op> apply;
  const KernelArg& x = args[0];
  const KernelArg& y = args[1];
  size_t count = 0;
  const auto run = [&](auto left, auto right) {
    if (rows.dense()) {
      for (size_t i = 0; i < rows.count; ++i) {
        out[count] = static_cast<uint16_t>(i);
        count += apply(left(i), right(i));
      }
    } else {
      // In place is fine: `count` never passes `k`.
      for (size_t k = 0; k < rows.count; ++k) {
        const uint16_t i = rows.rows[k];
        out[count] = i;
        count += apply(left(i), right(i));
      }
    }
  };
  if (x.flat && y.constant) {
    const T* a = reinterpret_cast<const T*>(x.view.data);
    const T c = y.value<T>(0);
    run([a](size_t i) -> const T& { return a[i]; }, [&c](size_t) -> const T& { return c; });
  } else if (x.flat && y.flat) {
    const T* a = reinterpret_cast<const T*>(x.view.data);
    const T* b = reinterpret_cast<const T*>(y.view.data);
    run([a](size_t i) -> const T& { return a[i]; }, [b](size_t i) -> const T& { return b[i]; });
  } else {
    run([&x](size_t i) -> const T& { return x.value<T>(i); },
        [&y](size_t i) -> const T& { return y.value<T>(i); });
  }
  return count;
}

// IS [NOT] DISTINCT FROM: the only comparisons that see NULLs.
template <typename T, bool distinct>
Status CompareDistinct(KernelCall& call) {
  auto* out = call.out->data<uint8_t>();
  const KernelArg& x = call.args[0];
  const KernelArg& y = call.args[1];
  ForEachRow(call.rows, [&](size_t i) {
    const bool xv = x.view.valid(i), yv = y.view.valid(i);
    const bool differ = xv != yv || (xv && !CompareOrder<T>::Equal(x.value<T>(i), y.value<T>(i)));
    out[i] = differ == distinct;
  });
  return OkStatus();
}

struct CompareKernels {
  ScalarKernel booleans;
  SelectKernel rows;
};

template <typename T>
CompareKernels CompareKernelsOf(ComparisonOp op) {
  switch (op) {
    case ComparisonOp::kEqual:
      return {CompareToBooleans<T, ComparisonOp::kEqual>, CompareToRows<T, ComparisonOp::kEqual>};
    case ComparisonOp::kNotEqual:
      return {CompareToBooleans<T, ComparisonOp::kNotEqual>,
              CompareToRows<T, ComparisonOp::kNotEqual>};
    case ComparisonOp::kLess:
      return {CompareToBooleans<T, ComparisonOp::kLess>, CompareToRows<T, ComparisonOp::kLess>};
    case ComparisonOp::kLessEqual:
      return {CompareToBooleans<T, ComparisonOp::kLessEqual>,
              CompareToRows<T, ComparisonOp::kLessEqual>};
    case ComparisonOp::kGreater:
      return {CompareToBooleans<T, ComparisonOp::kGreater>,
              CompareToRows<T, ComparisonOp::kGreater>};
    case ComparisonOp::kGreaterEqual:
      return {CompareToBooleans<T, ComparisonOp::kGreaterEqual>,
              CompareToRows<T, ComparisonOp::kGreaterEqual>};
    case ComparisonOp::kDistinct:
      return {CompareDistinct<T, true>, nullptr};
    case ComparisonOp::kNotDistinct:
      return {CompareDistinct<T, false>, nullptr};
  }
  return {nullptr, nullptr};
}

CompareKernels CompareKernelsFor(PhysicalType type, ComparisonOp op) {
  switch (type) {
    case PhysicalType::kBool:
      return CompareKernelsOf<uint8_t>(op);
    case PhysicalType::kInt16:
      return CompareKernelsOf<int16_t>(op);
    case PhysicalType::kInt32:
      return CompareKernelsOf<int32_t>(op);
    case PhysicalType::kInt64:
      return CompareKernelsOf<int64_t>(op);
    case PhysicalType::kInt128:
      return CompareKernelsOf<int128_t>(op);
    case PhysicalType::kFloat:
      return CompareKernelsOf<float>(op);
    case PhysicalType::kDouble:
      return CompareKernelsOf<double>(op);
    case PhysicalType::kString:
      return CompareKernelsOf<StringRef>(op);
    case PhysicalType::kInterval:
      return CompareKernelsOf<Interval>(op);
  }
  return {nullptr, nullptr};
}

template <typename T>
int CompareRows(const void* a, const void* b) {
  const T& x = *static_cast<const T*>(a);
  const T& y = *static_cast<const T*>(b);
  if (CompareOrder<T>::Less(x, y)) return -1;
  return CompareOrder<T>::Less(y, x) ? 1 : 0;
}

}  // namespace

ScalarKernel ComparisonKernel(PhysicalType type, ComparisonOp op) {
  return CompareKernelsFor(type, op).booleans;
}
SelectKernel ComparisonSelectKernel(PhysicalType type, ComparisonOp op) {
  return CompareKernelsFor(type, op).rows;
}

RowCompare RowCompareFor(PhysicalType type) {
  switch (type) {
    case PhysicalType::kBool:
      return CompareRows<uint8_t>;
    case PhysicalType::kInt16:
      return CompareRows<int16_t>;
    case PhysicalType::kInt32:
      return CompareRows<int32_t>;
    case PhysicalType::kInt64:
      return CompareRows<int64_t>;
    case PhysicalType::kInt128:
      return CompareRows<int128_t>;
    case PhysicalType::kFloat:
      return CompareRows<float>;
    case PhysicalType::kDouble:
      return CompareRows<double>;
    case PhysicalType::kString:
      return CompareRows<StringRef>;
    case PhysicalType::kInterval:
      return CompareRows<Interval>;
  }
  return nullptr;
}

}  // namespace driftdb::expr
