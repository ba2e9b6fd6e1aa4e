// Row bitmaps between conjuncts of a scan: kValidityWords words, bit i = row i of the vector is
// alive.
#ifndef DRIFTDB_STORAGE_COLUMN_BITMAP_H_
#define DRIFTDB_STORAGE_COLUMN_BITMAP_H_

#include <cstdint>

#include "types/vector.h"

namespace driftdb::storage {

// Sets bits [0, count), clears the rest of kVectorRows bits.
inline void FillBitmap(uint64_t* bits, size_t count) {
  for (size_t w = 0; w < kValidityWords; ++w) {
    const size_t from = w * 64;
    bits[w] = count >= from + 64 ? ~uint64_t{0}
              : count <= from    ? 0
                                 : (uint64_t{1} << (count - from)) - 1;
  }
}
size_t CountBits(const uint64_t* bits);
// The set bits as ascending positions.
void BitmapToSelection(const uint64_t* bits, Selection* selection);

}  // namespace driftdb::storage

#endif  // DRIFTDB_STORAGE_COLUMN_BITMAP_H_
