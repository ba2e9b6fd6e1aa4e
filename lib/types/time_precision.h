// Fits times and intervals to the digits and fields their type keeps (docs/internals/types.md, P1
// to P3). Shape: the physical value is changed in place. Errors: 22008 when the rounded value is
// out of range; it is then unchanged. Threads: no state.
#ifndef DRIFTDB_TYPES_TIME_PRECISION_H_
#define DRIFTDB_TYPES_TIME_PRECISION_H_

#include <cstdint>

#include "base/status.h"
#include "types/logical_type.h"

namespace driftdb {

// `micros` of a kTime, kTimestamp or kTimestampTz.
Status FitTime(const LogicalType& type, int64_t* micros);
Status FitInterval(const LogicalType& type, Interval* interval);

}  // namespace driftdb

#endif  // DRIFTDB_TYPES_TIME_PRECISION_H_
