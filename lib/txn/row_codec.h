// Row codec: rows of a table as bytes, for redo records.
// Shape of a row: ceil(n/8) bytes of null bits (bit set = NULL, column 0 in bit 0 of byte 0), then
// the values of the columns that are not NULL in column order: booleans 1 byte, integers and dates
// as zigzag varints, floats, int128 and intervals fixed little-endian, strings as varint length and
// bytes. Invariants: (RC-1) decoding checks every bound; (RC-2) decode(encode(row)) = row for every
// type. Threads: functions without state.
#ifndef DRIFTDB_TXN_ROW_CODEC_H_
#define DRIFTDB_TXN_ROW_CODEC_H_

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/coding.h"
#include "types/chunk.h"

namespace driftdb::txn {

// Where the value of row `row` lies in a vector of any kind; null when it is NULL. `scratch`
// receives a sequence's value and must live as long as the pointer.
const uint8_t* LocateValue(const Vector& vector, size_t row, int64_t* scratch);

// Appends row `row` (a physical position) of the given columns.
void EncodeRow(std::span<const Vector* const> columns, size_t row, std::string* out);
// Reads one row into position `row` of flat, own vectors. Errors surface in decoder->ok() and as
// DataLoss for values that do not fit their type.
Status DecodeRow(Decoder* decoder, std::span<Vector* const> columns, size_t row);

}  // namespace driftdb::txn

#endif  // DRIFTDB_TXN_ROW_CODEC_H_
