// Chunk: columns of equal row count that flow between operators, with an optional selection.
// Shape: columns()[c] has rows 0..row_count(); when selection() is set only those rows are alive,
// and kernels write results at the same positions (no compaction). size() counts the alive rows.
// Threads: one owner at a time.
#ifndef DRIFTDB_TYPES_CHUNK_H_
#define DRIFTDB_TYPES_CHUNK_H_

#include <memory>
#include <vector>

#include "types/vector.h"

namespace driftdb {

class Chunk {
 public:
  Chunk() = default;
  // Flat columns of the given types, each with room for kVectorRows.
  explicit Chunk(const std::vector<LogicalType>& types);

  std::vector<Vector>& columns() { return columns_; }
  const std::vector<Vector>& columns() const { return columns_; }
  Vector& column(size_t i) { return columns_[i]; }
  const Vector& column(size_t i) const { return columns_[i]; }
  size_t column_count() const { return columns_.size(); }

  size_t row_count() const { return row_count_; }
  void set_row_count(size_t rows) { row_count_ = rows; }
  // Null: every row is alive.
  const Selection* selection() const { return selection_.get(); }
  void set_selection(std::shared_ptr<const Selection> selection) {
    selection_ = std::move(selection);
  }
  const std::shared_ptr<const Selection>& shared_selection() const { return selection_; }
  size_t size() const { return selection_ == nullptr ? row_count_ : selection_->size(); }
  // Position of the i-th alive row.
  size_t row(size_t i) const { return selection_ == nullptr ? i : (*selection_)[i]; }

  // Drops rows and selection; columns become flat with own memory again.
  void Reset();
  // Gathers the alive rows to the front as flat columns and drops the selection.
  void Compact();
  size_t MemoryBytes() const;

 private:
  std::vector<Vector> columns_;
  size_t row_count_ = 0;
  std::shared_ptr<const Selection> selection_;
};

}  // namespace driftdb

#endif  // DRIFTDB_TYPES_CHUNK_H_
