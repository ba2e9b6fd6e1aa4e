// Casts between dates, times, timestamps and intervals.
#include "base/check.h"
#include "expr/cast.h"
#include "expr/kernel.h"
#include "types/civil.h"
#include "types/time_precision.h"

namespace driftdb::expr {

namespace {

constexpr bool DatetimeCastIsInfinite(int64_t micros) {
  return micros == kTimestampInfinity || micros == kTimestampMinusInfinity;
}

int64_t DatetimeCastToLocal(const EvalContext* context, int64_t utc) {
  return DatetimeCastIsInfinite(utc) ? utc
                                     : utc + context->UtcOffsetSeconds(utc) * kMicrosPerSecond;
}
int64_t DatetimeCastToUtc(const EvalContext* context, int64_t local) {
  return DatetimeCastIsInfinite(local)
             ? local
             : local - context->LocalOffsetSeconds(local) * kMicrosPerSecond;
}

template <bool with_zone>
Status DatetimeCastFromDate(KernelCall& call) {
  auto* out = call.out->data<int64_t>();
  return ForEachRowChecked(call.rows, [&](size_t i) -> Status {
    const int32_t days = call.args[0].value<int32_t>(i);
    if (days == kDateInfinity || days == kDateMinusInfinity) {
      out[i] = days > 0 ? kTimestampInfinity : kTimestampMinusInfinity;
      return OkStatus();
    }
    const int128_t micros = static_cast<int128_t>(days) * kMicrosPerDay;
    if (micros < kTimestampMin || micros >= kTimestampEnd) {
      return Error(sqlstate::kDatetimeOverflow, "date out of range for timestamp");
    }
    out[i] = static_cast<int64_t>(micros);
    if (with_zone) out[i] = DatetimeCastToUtc(call.context, out[i]);
    return OkStatus();
  });
}

template <bool with_zone>
Status DatetimeCastToDate(KernelCall& call) {
  auto* out = call.out->data<int32_t>();
  ForEachRow(call.rows, [&](size_t i) {
    int64_t micros = call.args[0].value<int64_t>(i);
    if (with_zone) micros = DatetimeCastToLocal(call.context, micros);
    out[i] = DatetimeCastIsInfinite(micros) ? (micros > 0 ? kDateInfinity : kDateMinusInfinity)
                                            : static_cast<int32_t>(FloorDiv(micros, kMicrosPerDay));
  });
  return OkStatus();
}

template <bool with_zone>
Status DatetimeCastToTime(KernelCall& call) {
  auto* out = call.out->data<int64_t>();
  ForEachRow(call.rows, [&](size_t i) {
    int64_t micros = call.args[0].value<int64_t>(i);
    if (with_zone) micros = DatetimeCastToLocal(call.context, micros);
    if (DatetimeCastIsInfinite(micros)) {
      out[i] = 0;
      call.out->SetNull(i);
      return;
    }
    out[i] = micros - FloorDiv(micros, kMicrosPerDay) * kMicrosPerDay;
  });
  return OkStatus();
}

Status DatetimeCastLocalToUtc(KernelCall& call) {
  auto* out = call.out->data<int64_t>();
  ForEachRow(call.rows, [&](size_t i) {
    out[i] = DatetimeCastToUtc(call.context, call.args[0].value<int64_t>(i));
  });
  return OkStatus();
}
Status DatetimeCastUtcToLocal(KernelCall& call) {
  auto* out = call.out->data<int64_t>();
  ForEachRow(call.rows, [&](size_t i) {
    out[i] = DatetimeCastToLocal(call.context, call.args[0].value<int64_t>(i));
  });
  return OkStatus();
}

Status DatetimeCastTimeToInterval(KernelCall& call) {
  auto* out = call.out->data<Interval>();
  ForEachRow(call.rows, [&](size_t i) { out[i] = {0, 0, call.args[0].value<int64_t>(i)}; });
  return OkStatus();
}
Status DatetimeCastIntervalToTime(KernelCall& call) {
  auto* out = call.out->data<int64_t>();
  ForEachRow(call.rows, [&](size_t i) {
    const int64_t micros = call.args[0].value<Interval>(i).micros;
    out[i] = micros - FloorDiv(micros, kMicrosPerDay) * kMicrosPerDay;
  });
  return OkStatus();
}

// To fewer digits or fields of the same type.
Status DatetimeCastFit(KernelCall& call) {
  const LogicalType type = call.result_type;
  if (type.id == TypeId::kInterval) {
    auto* out = call.out->data<Interval>();
    return ForEachRowChecked(call.rows, [&](size_t i) {
      out[i] = call.args[0].value<Interval>(i);
      return FitInterval(type, &out[i]);
    });
  }
  auto* out = call.out->data<int64_t>();
  return ForEachRowChecked(call.rows, [&](size_t i) {
    out[i] = call.args[0].value<int64_t>(i);
    return FitTime(type, &out[i]);
  });
}

}  // namespace

CastKernel SelectDatetimeCast(const LogicalType& from, const LogicalType& to) {
  const TypeId f = from.id, t = to.id;
  if (f == t && to.is_rounded()) return {DatetimeCastFit, false};
  DRIFTDB_DCHECK(!to.is_rounded() || from.is_string());  // P3: BindCast makes two steps of it
  if (f == TypeId::kDate) {
    if (t == TypeId::kTimestamp) return {DatetimeCastFromDate<false>, false};
    if (t == TypeId::kTimestampTz) return {DatetimeCastFromDate<true>, false};
  }
  if (f == TypeId::kTimestamp) {
    if (t == TypeId::kDate) return {DatetimeCastToDate<false>, false};
    if (t == TypeId::kTime) return {DatetimeCastToTime<false>, false};
    if (t == TypeId::kTimestampTz) return {DatetimeCastLocalToUtc, false};
  }
  if (f == TypeId::kTimestampTz) {
    if (t == TypeId::kDate) return {DatetimeCastToDate<true>, false};
    if (t == TypeId::kTime) return {DatetimeCastToTime<true>, false};
    if (t == TypeId::kTimestamp) return {DatetimeCastUtcToLocal, false};
  }
  if (f == TypeId::kTime && t == TypeId::kInterval) return {DatetimeCastTimeToInterval, false};
  if (f == TypeId::kInterval && t == TypeId::kTime) return {DatetimeCastIntervalToTime, false};
  return {};
}

}  // namespace driftdb::expr
