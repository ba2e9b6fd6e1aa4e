#include "expr/cast.h"

#include "types/decimal.h"

namespace driftdb::expr {

namespace {

// Position of a number type in the chain of implicit casts; 0: not a number.
int CastNumericRank(TypeId id) {
  switch (id) {
    case TypeId::kInt16:
      return 1;
    case TypeId::kInt32:
      return 2;
    case TypeId::kInt64:
      return 3;
    case TypeId::kInt128:
      return 4;
    case TypeId::kDecimal:
      return 5;
    case TypeId::kReal:
      return 6;
    case TypeId::kDouble:
      return 7;
    default:
      return 0;
  }
}

CastInfo CastKernelInfo(CastContext context) { return {CastInfo::Method::kKernel, context}; }

CastInfo CastFindDatetime(TypeId from, TypeId to) {
  const CastInfo none;
  switch (from) {
    case TypeId::kDate:
      if (to == TypeId::kTimestamp || to == TypeId::kTimestampTz) {
        return CastKernelInfo(CastContext::kImplicit);
      }
      return none;
    case TypeId::kTimestamp:
      if (to == TypeId::kTimestampTz) return CastKernelInfo(CastContext::kImplicit);
      if (to == TypeId::kDate || to == TypeId::kTime) {
        return CastKernelInfo(CastContext::kAssignment);
      }
      return none;
    case TypeId::kTimestampTz:
      if (to == TypeId::kTimestamp || to == TypeId::kDate || to == TypeId::kTime) {
        return CastKernelInfo(CastContext::kAssignment);
      }
      return none;
    case TypeId::kTime:
      return to == TypeId::kInterval ? CastKernelInfo(CastContext::kImplicit) : none;
    case TypeId::kInterval:
      return to == TypeId::kTime ? CastKernelInfo(CastContext::kAssignment) : none;
    default:
      return none;
  }
}

}  // namespace

CastInfo FindCast(const LogicalType& from, const LogicalType& to) {
  if (from == to) return {CastInfo::Method::kRelabel, CastContext::kImplicit};
  if (from.id == to.id) {
    const bool same = to.id != TypeId::kDecimal && to.length == 0 && !to.is_rounded();
    return {same ? CastInfo::Method::kRelabel : CastInfo::Method::kKernel, CastContext::kImplicit};
  }
  if (from.id == TypeId::kUnknown) return CastKernelInfo(CastContext::kImplicit);
  if (from.is_string() && to.is_string()) {
    if (to.length == 0 && to.id != TypeId::kChar) {
      return {CastInfo::Method::kRelabel, CastContext::kImplicit};
    }
    return CastKernelInfo(CastContext::kImplicit);
  }
  if (to.is_string()) return CastKernelInfo(CastContext::kAssignment);
  if (from.is_string()) return CastKernelInfo(CastContext::kExplicit);
  const int from_rank = CastNumericRank(from.id), to_rank = CastNumericRank(to.id);
  if (from_rank != 0 && to_rank != 0) {
    return CastKernelInfo(from_rank < to_rank ? CastContext::kImplicit : CastContext::kAssignment);
  }
  if ((from.id == TypeId::kBoolean && to.is_integer()) ||
      (from.is_integer() && to.id == TypeId::kBoolean)) {
    return CastKernelInfo(CastContext::kExplicit);
  }
  return CastFindDatetime(from.id, to.id);
}

bool CanCast(const LogicalType& from, const LogicalType& to, CastContext context) {
  const CastInfo info = FindCast(from, to);
  return info.method != CastInfo::Method::kNone && info.context <= context;
}

CastKernel SelectCastKernel(const LogicalType& from, const LogicalType& to, bool explicit_cast) {
  if (FindCast(from, to).method == CastInfo::Method::kRelabel) return {};
  if (CastKernel kernel = SelectNumericCast(from, to); kernel.kernel != nullptr) return kernel;
  if (CastKernel kernel = SelectDatetimeCast(from, to); kernel.kernel != nullptr) return kernel;
  return SelectTextCast(from, to, explicit_cast);
}

Volatility CastVolatility(const LogicalType& from, const LogicalType& to) {
  // Only casts that look at the session's time zone, or at the clock ('now'), depend on more than
  // the value.
  const auto zoned = [](const LogicalType& t) { return t.id == TypeId::kTimestampTz; };
  if (from == to || from.id == to.id) return Volatility::kImmutable;
  if (zoned(from) || zoned(to)) return Volatility::kStable;
  if (from.is_string() && (to.id == TypeId::kDate || to.id == TypeId::kTimestamp)) {
    return Volatility::kStable;
  }
  return Volatility::kImmutable;
}

bool CastMayFail(const LogicalType& from, const LogicalType& to) {
  if (FindCast(from, to).method == CastInfo::Method::kRelabel) return false;
  const int from_rank = CastNumericRank(from.id), to_rank = CastNumericRank(to.id);
  if (from_rank != 0 && to_rank != 0) {
    if (to.id == TypeId::kDecimal && from_rank <= 5) {
      const LogicalType own = DecimalTypeOf(from);
      return own.precision - own.scale > to.precision - to.scale || from.id == TypeId::kInt128 ||
             (own.scale > to.scale && own.precision - own.scale == to.precision - to.scale);
    }
    return from_rank >= to_rank || to.id == TypeId::kReal;
  }
  if (from.id == TypeId::kBoolean || to.id == TypeId::kBoolean) return from.is_string();
  if (to.is_string()) return to.length != 0;
  return true;
}

TextOptions TextOptionsOf(const EvalContext* context) {
  TextOptions options;
  if (context == nullptr) return options;
  options.zone = context;
  options.offset_at_utc = [](const void* zone, int64_t micros) {
    return static_cast<const EvalContext*>(zone)->UtcOffsetSeconds(micros);
  };
  options.offset_at_local = [](const void* zone, int64_t micros) {
    return static_cast<const EvalContext*>(zone)->LocalOffsetSeconds(micros);
  };
  options.now_micros = context->transaction_time();
  return options;
}

}  // namespace driftdb::expr
