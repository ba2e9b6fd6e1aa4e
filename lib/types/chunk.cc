#include "types/chunk.h"

#include <cstring>

namespace driftdb {

Chunk::Chunk(const std::vector<LogicalType>& types) {
  columns_.reserve(types.size());
  for (const LogicalType& type : types) columns_.emplace_back(type, kVectorRows);
}

void Chunk::Reset() {
  for (Vector& column : columns_) column.AllocateFlat(kVectorRows);
  row_count_ = 0;
  selection_ = nullptr;
}

void Chunk::Compact() {
  if (selection_ == nullptr) return;
  const size_t count = selection_->size();
  for (Vector& column : columns_) {
    if (column.kind() == VectorKind::kConstant) continue;
    const VectorView view = column.View(row_count_);
    Vector dense(column.type(), kVectorRows);
    const size_t width = column.type().width();
    for (size_t i = 0; i < count; ++i) {
      const size_t row = (*selection_)[i];
      std::memcpy(dense.mutable_raw_data() + i * width, view.data + view.position(row) * width,
                  width);
      if (!view.valid(row)) dense.SetNull(i);
    }
    if (column.type().physical() == PhysicalType::kString) dense.HoldAllOf(column);
    column = std::move(dense);
  }
  row_count_ = count;
  selection_ = nullptr;
}

size_t Chunk::MemoryBytes() const {
  size_t bytes = 0;
  for (const Vector& column : columns_) bytes += column.MemoryBytes();
  return bytes;
}

}  // namespace driftdb
