// Bytes of hot chunks and overlays in a checkpoint (docs/internals/file_format.md, "Table
// directory"). Encode: what a snapshot at the checkpoint's seq sees. Decode checks every bound:
// DataLoss on anything that Encode cannot have written. Threads: Encode* takes the latch inside;
// Decode* fills objects nobody else knows yet.
#ifndef DRIFTDB_STORAGE_TABLE_ROW_IMAGE_H_
#define DRIFTDB_STORAGE_TABLE_ROW_IMAGE_H_

#include <string>
#include <string_view>

#include "base/status.h"
#include "storage/mvcc/transaction_table.h"
#include "storage/table/hot_chunk.h"
#include "storage/table/overlay.h"
#include "storage/table/table_schema.h"
#include "types/ids.h"

namespace driftdb::storage {

// Empty when no row is visible. Clears the dirty mark unless something is newer than `seq`.
std::string EncodeChunkImage(const TableSchema& schema, CommitSeq seq, HotChunk* chunk);
// Sets `*rows` to the number of rows.
Status DecodeChunkImage(const TableSchema& schema, std::string_view image, HotChunk* chunk,
                        uint64_t* rows);

std::string EncodeOverlayImage(const TableSchema& schema, CommitSeq seq,
                               const TransactionTable& transactions, Overlay* overlay);
// Sets `*dead` to the number of rows the overlay deletes.
Status DecodeOverlayImage(const TableSchema& schema, std::string_view image, Overlay* overlay,
                          uint64_t* dead);

}  // namespace driftdb::storage

#endif  // DRIFTDB_STORAGE_TABLE_ROW_IMAGE_H_
