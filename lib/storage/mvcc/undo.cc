#include "storage/mvcc/undo.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "base/check.h"
#include "base/status_macros.h"

namespace driftdb::storage {

UndoLog::~UndoLog() { FreeBlocksAfter(nullptr); }

void UndoLog::FreeBlocksAfter(const void* block) {
  while (block_ != nullptr && block_ != block) {
    Block* dead = block_;
    block_ = dead->previous;
    const size_t bytes = sizeof(Block) + dead->size;
    allocated_bytes_ -= bytes;
    if (accountant_ != nullptr) accountant_->Release(bytes);
    ::operator delete(dead);
  }
}

Status UndoLog::Reserve(size_t bytes) {
  bytes += 8;  // strings before a record cost alignment
  if (block_ != nullptr && used_ + bytes <= block_->size) return OkStatus();
  size_t size = block_ == nullptr
                    ? kFirstBlockBytes
                    : std::min(2 * (block_->size + sizeof(Block)) - sizeof(Block), kBlockBytesMax);
  size = std::max(size, bytes);
  if (accountant_ != nullptr) {
    DRIFTDB_RETURN_IF_ERROR(accountant_->Reserve(sizeof(Block) + size, "undo log"));
  }
  auto* block = static_cast<Block*>(::operator new(sizeof(Block) + size, std::nothrow));
  if (block == nullptr) {
    if (accountant_ != nullptr) accountant_->Release(sizeof(Block) + size);
    return Status::OutOfMemory();
  }
  block->previous = block_;
  block->size = size;
  block_ = block;
  used_ = 0;
  allocated_bytes_ += sizeof(Block) + size;
  return OkStatus();
}

char* UndoLog::Take(size_t bytes) {
  DRIFTDB_DCHECK(block_ != nullptr && used_ + bytes <= block_->size);
  char* at = block_->bytes() + used_;
  used_ += bytes;
  return at;
}

UndoRecord* UndoLog::Append(UndoKind kind, VersionStore* store, size_t columns) {
  used_ = (used_ + 7) & ~size_t{7};
  auto* record = new (Take(RecordBytes(columns))) UndoRecord;
  record->kind = kind;
  record->store = store;
  record->column_count = static_cast<uint16_t>(columns);
  record->earlier = last_;
  last_ = record;
  run_open_ = true;
  ++record_count_;
  return record;
}

StringRef UndoLog::CopyString(const StringRef& string) {
  if (string.is_inline()) return string;
  char* to = Take(string.size());
  std::memcpy(to, string.data(), string.size());
  return StringRef(std::string_view(to, string.size()));
}

UndoRecord* UndoLog::ExtendableRun(UndoKind kind, const VersionStore* store, RowId next,
                                   uint32_t statement) {
  UndoRecord* record = last_;
  const bool extends = record != nullptr && run_open_ && record->kind == kind &&
                       record->store == store && record->statement == statement &&
                       !record->whole_group && record->rid.value + record->rows == next.value &&
                       record->rows < UINT32_MAX / 2;
  return extends ? record : nullptr;
}

void UndoLog::RollbackTo(const UndoMark& mark) {
  while (last_ != mark.last) {
    DRIFTDB_DCHECK(last_ != nullptr);
    last_->store->RollbackRecord(last_, txn_);
    last_ = last_->earlier;
  }
  run_open_ = false;
  record_count_ = mark.record_count;
  // Readers reach records only through rows, under latches: what was unlinked may be overwritten.
  if (mark.block != nullptr) {
    FreeBlocksAfter(mark.block);
    used_ = mark.used;
  }
}

void UndoLog::Stamp(CommitSeq seq) {
  for (UndoRecord* record = last_; record != nullptr; record = record->earlier) {
    record->store->StampRecord(record, txn_, seq);
  }
}

void UndoLog::Release(std::vector<DeadRow>* dead) {
  for (UndoRecord* record = last_; record != nullptr; record = record->earlier) {
    record->store->ReleaseRecord(record, dead);
  }
  last_ = nullptr;
}

void UndoLog::Reset() {
  last_ = nullptr;
  txn_ = TxnId(0);
  record_count_ = 0;
  run_open_ = false;
  used_ = 0;
  const Block* first = block_;
  while (first != nullptr && first->previous != nullptr) first = first->previous;
  FreeBlocksAfter(first != nullptr && first->size == kFirstBlockBytes ? first : nullptr);
}

}  // namespace driftdb::storage
