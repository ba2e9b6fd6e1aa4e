// 128-bit integers (DECIMAL above 18 digits, sums, UUID bits).
#ifndef DRIFTDB_BASE_INT128_H_
#define DRIFTDB_BASE_INT128_H_

#include <cstdint>

namespace driftdb {

__extension__ using int128_t = __int128;
__extension__ using uint128_t = unsigned __int128;

inline constexpr int128_t kInt128Max = static_cast<int128_t>(~uint128_t{0} >> 1);
inline constexpr int128_t kInt128Min = -kInt128Max - 1;

}  // namespace driftdb

#endif  // DRIFTDB_BASE_INT128_H_
