// SortedRows, SortedRowsSource: rows in their final order and the source that yields them.
// Threads: one reader.
#ifndef DRIFTDB_EXEC_SORT_SORTED_ROWS_H_
#define DRIFTDB_EXEC_SORT_SORTED_ROWS_H_

#include <algorithm>
#include <memory>
#include <vector>

#include "exec/operator.h"
#include "exec/sort/sort_key.h"

namespace driftdb::exec {

struct SortedRows {
  std::vector<uint8_t*> rows;
  size_t begin = 0;  // what of rows is yielded
  size_t end = 0;
  std::shared_ptr<std::vector<std::shared_ptr<const void>>> heaps =
      std::make_shared<std::vector<std::shared_ptr<const void>>>();
};

class SortedRowsSource : public Source {
 public:
  SortedRowsSource(const SortInput* input, const SortedRows* sorted)
      : input_(input), sorted_(sorted) {}
  Status Prepare(QueryContext* context) override {
    next_ = sorted_->begin;
    return OkStatus();
  }
  Result<std::unique_ptr<LocalState>> MakeLocal() override {
    return std::make_unique<LocalState>();
  }
  Result<bool> Next(LocalState* local, Chunk* chunk) override {
    const size_t rows = std::min(kVectorRows, sorted_->end - next_);
    if (rows == 0) return false;
    const uint8_t* const* from = sorted_->rows.data() + next_;
    for (size_t i = 0; i < rows; ++i) __builtin_prefetch(from[i]);
    chunk->columns().resize(input_->column_fields.size());
    chunk->set_selection(nullptr);
    chunk->set_row_count(rows);
    for (size_t c = 0; c < input_->column_fields.size(); ++c) {
      Vector& out = chunk->column(c);
      input_->layout.Gather(input_->column_fields[c], from, rows, &out);
      if (out.type().physical() == PhysicalType::kString) out.Hold(sorted_->heaps);
    }
    next_ += rows;
    return true;
  }

 private:
  const SortInput* const input_;
  const SortedRows* const sorted_;
  size_t next_ = 0;
};

}  // namespace driftdb::exec

#endif  // DRIFTDB_EXEC_SORT_SORTED_ROWS_H_
