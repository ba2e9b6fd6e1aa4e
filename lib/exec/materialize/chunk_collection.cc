#include "exec/materialize/chunk_collection.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "base/status_macros.h"
#include "exec/row/key_hash.h"

namespace driftdb::exec {

namespace {

// Copies positions[0..rows) of `view` to rows [at, at + rows) of `to`.
void CollectionCopyColumn(const VectorView& view, const uint16_t* positions, size_t rows, size_t at,
                          Vector* to) {
  const size_t width = to->type().width();
  if (to->type().physical() == PhysicalType::kString) {
    const auto* values = reinterpret_cast<const StringRef*>(view.data);
    for (size_t i = 0; i < rows; ++i) {
      if (view.valid(positions[i])) {
        to->SetString(at + i, values[view.position(positions[i])].view());
      } else {
        to->data<StringRef>()[at + i] = StringRef();
        to->SetNull(at + i);
      }
    }
    return;
  }
  uint8_t* target = to->mutable_raw_data() + at * width;
  if (view.index == nullptr && positions == RowIdentity()) {
    std::memcpy(target, view.data, rows * width);
  } else {
    for (size_t i = 0; i < rows; ++i) {
      std::memcpy(target + i * width, view.data + view.position(positions[i]) * width, width);
    }
  }
  if (view.all_valid()) return;
  for (size_t i = 0; i < rows; ++i) {
    if (!view.valid(positions[i])) to->SetNull(at + i);
  }
}

}  // namespace

ChunkCollection::ChunkCollection(std::vector<LogicalType> types, MemoryAccountant* memory,
                                 const char* what)
    : types_(std::move(types)), memory_(memory), what_(what) {
  reservations_.emplace_back(memory_, what_);
}

Status ChunkCollection::Account() {
  if (memory_ == nullptr) return OkStatus();
  const size_t last = chunks_.empty() ? 0 : chunks_.back()->MemoryBytes();
  return reservations_[0].Resize(full_bytes_ + last);
}

Status ChunkCollection::Append(const Chunk& chunk) {
  DRIFTDB_DCHECK(chunk.column_count() >= types_.size());
  const uint16_t* positions =
      chunk.selection() == nullptr ? RowIdentity() : chunk.selection()->rows();
  size_t left = chunk.size();
  while (left > 0) {
    if (chunks_.empty() || chunks_.back()->row_count() == kVectorRows) {
      if (!chunks_.empty()) full_bytes_ += chunks_.back()->MemoryBytes();
      chunks_.push_back(std::make_unique<Chunk>(types_));
    }
    Chunk& to = *chunks_.back();
    const size_t at = to.row_count();
    const size_t rows = std::min(left, kVectorRows - at);
    // A tail of a dense chunk is not at identity positions any more.
    for (size_t c = 0; c < types_.size(); ++c) {
      Vector from(chunk.column(c).type());
      from.Refer(chunk.column(c));
      CollectionCopyColumn(from.View(chunk.row_count()), positions, rows, at, &to.column(c));
    }
    to.set_row_count(at + rows);
    positions += rows;
    left -= rows;
    row_count_ += rows;
    DRIFTDB_RETURN_IF_ERROR(Account());
  }
  return OkStatus();
}

void ChunkCollection::MergeFrom(ChunkCollection* other) {
  if (other->chunks_.empty()) return;
  if (types_.empty()) types_ = other->types_;
  // The last chunk of either may be short; order of rows within a collection is kept.
  if (!chunks_.empty()) full_bytes_ += chunks_.back()->MemoryBytes();
  const size_t own_full = full_bytes_;
  for (auto& chunk : other->chunks_) chunks_.push_back(std::move(chunk));
  for (auto& reservation : other->reservations_) reservations_.push_back(std::move(reservation));
  row_count_ += other->row_count_;
  // The other's bytes stay charged to its reservations; only later growth is charged here.
  full_bytes_ = own_full;
  const size_t last = chunks_.back()->MemoryBytes();
  full_bytes_ -= std::min(full_bytes_, last);
  other->chunks_.clear();
  other->reservations_.clear();
  other->reservations_.emplace_back(other->memory_, other->what_);
  other->row_count_ = 0;
  other->full_bytes_ = 0;
}

void ChunkCollection::Clear() {
  chunks_.clear();
  reservations_.clear();
  reservations_.emplace_back(memory_, what_);
  row_count_ = 0;
  full_bytes_ = 0;
}

void ChunkCollection::Refer(size_t i, Chunk* out) const {
  const Chunk& from = *chunks_[i];
  out->columns().resize(types_.size());
  for (size_t c = 0; c < types_.size(); ++c) out->column(c) = from.column(c);
  out->set_selection(nullptr);
  out->set_row_count(from.row_count());
}

size_t ChunkCollection::MemoryBytes() const {
  size_t bytes = 0;
  for (const auto& chunk : chunks_) bytes += chunk->MemoryBytes();
  return bytes;
}

}  // namespace driftdb::exec
