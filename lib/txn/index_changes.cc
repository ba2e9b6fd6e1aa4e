#include "txn/index_changes.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "base/status_macros.h"

namespace driftdb::txn {

namespace {

constexpr size_t kChangesFirstBytes = 4096;
constexpr size_t kChangesBlockBytesMax = 256 << 10;

size_t ChangesRecordBytes(size_t key_bytes) {
  return ((key_bytes + 7) & ~size_t{7}) + sizeof(IndexPut);
}

}  // namespace

Status IndexChanges::Reserve(size_t key_bytes) {
  const size_t bytes = ChangesRecordBytes(key_bytes);
  if (!blocks_.empty() && blocks_.back().used + bytes <= blocks_.back().size) return OkStatus();
  Block block;
  block.size = blocks_.empty() ? kChangesFirstBytes
                               : std::min(2 * blocks_.back().size, kChangesBlockBytesMax);
  block.size = std::max(block.size, bytes);
  if (!blocks_.empty()) DRIFTDB_RETURN_IF_ERROR(memory_.Grow(block.size));
  block.bytes.reset(new char[block.size]);
  blocks_.push_back(std::move(block));
  return OkStatus();
}

void IndexChanges::Push(const IndexPut& put, std::string_view key) {
  Block& block = blocks_.back();
  const size_t bytes = ChangesRecordBytes(key.size());
  DRIFTDB_DCHECK(block.used + bytes <= block.size && put.key_bytes == key.size());
  char* const to = block.bytes.get() + block.used;
  if (!key.empty()) std::memcpy(to, key.data(), key.size());
  std::memcpy(to + bytes - sizeof(IndexPut), &put, sizeof(put));
  block.used += bytes;
  ++count_;
}

IndexPut IndexChanges::last() const {
  IndexPut put;
  const Block& block = blocks_.back();
  std::memcpy(&put, block.bytes.get() + block.used - sizeof(put), sizeof(put));
  return put;
}

std::string_view IndexChanges::last_key() const {
  const Block& block = blocks_.back();
  const size_t key_bytes = last().key_bytes;
  return {block.bytes.get() + block.used - ChangesRecordBytes(key_bytes), key_bytes};
}

void IndexChanges::Pop() {
  DRIFTDB_DCHECK(count_ > 0);
  blocks_.back().used -= ChangesRecordBytes(last().key_bytes);
  --count_;
  // Below the top of the stack every block holds something; the first one stays.
  while (blocks_.size() > 1 && blocks_.back().used == 0) DropLastBlock();
}

void IndexChanges::DropLastBlock() {
  (void)memory_.Resize(memory_.bytes() - blocks_.back().size);  // shrinking cannot fail
  blocks_.pop_back();
}

void IndexChanges::Clear() {
  while (blocks_.size() > 1) DropLastBlock();
  if (!blocks_.empty()) blocks_.back().used = 0;
  if (!blocks_.empty() && blocks_.back().size > kChangesFirstBytes) blocks_.clear();
  count_ = 0;
}

}  // namespace driftdb::txn
