#include "exec/setop/set_operation.h"

#include <algorithm>

#include "base/check.h"
#include "base/status_macros.h"
#include "exec/aggregate/aggregate_merge.h"
#include "exec/aggregate/group_table.h"
#include "exec/parallel_for.h"
#include "exec/row/row_slices.h"
#include "platform/mutex.h"

namespace driftdb::exec {

namespace {

// State of a row: how often each side has it.
struct SetCounts {
  int64_t side[2];
};

struct SetOperationLocal : LocalState {
  std::unique_ptr<GroupTable> table;
  std::vector<Vector> columns;
  std::vector<Vector*> pointers;
  uint8_t* rows[kVectorRows];
};

struct SetOperationSourceLocal : LocalState {
  RowSliceReader reader;
};

}  // namespace

struct SetOperation::Impl {
  explicit Impl(SetOperationOptions given)
      : options(std::move(given)),
        layout(options.types, {.hash = true, .flag = false, .state_bytes = sizeof(SetCounts)}),
        left(this, 0),
        right(this, 1),
        source_role(this) {}

  struct SideSink : Sink {
    SideSink(Impl* owner, size_t side_number) : impl(owner), side(side_number) {}
    Status Prepare(QueryContext* context) override {
      impl->context = context;
      return OkStatus();
    }
    Result<std::unique_ptr<LocalState>> MakeLocal() override;
    Result<SinkResult> Consume(LocalState* local, Chunk* chunk) override;
    Status Combine(LocalState* local) override {
      platform::MutexLock lock(&impl->mutex);
      impl->tables.push_back(std::move(static_cast<SetOperationLocal*>(local)->table));
      return OkStatus();
    }
    Impl* const impl;
    const size_t side;
  };
  struct SourceRole : Source {
    explicit SourceRole(Impl* owner) : impl(owner) {}
    Status Prepare(QueryContext* context) override {
      if (impl->merged) {
        impl->slices.Rewind();
        return OkStatus();
      }
      impl->merged = true;
      return impl->Merge(context);
    }
    size_t max_threads() const override { return std::max<size_t>(1, impl->slices.size()); }
    Result<std::unique_ptr<LocalState>> MakeLocal() override {
      return std::make_unique<SetOperationSourceLocal>();
    }
    Result<bool> Next(LocalState* local, Chunk* chunk) override;
    Impl* const impl;
  };

  SetCounts* CountsOf(uint8_t* row) const {
    return reinterpret_cast<SetCounts*>(row + layout.state_offset());
  }
  int64_t Copies(const SetCounts& counts) const;
  Status Merge(QueryContext* context);
  Status MergePartitionOf(const PartitionedRows& rows, size_t partition);

  SetOperationOptions options;
  RowLayout layout;
  const SetCounts zero{};
  QueryContext* context = nullptr;
  platform::Mutex mutex;
  std::vector<std::unique_ptr<GroupTable>> tables;  // guarded until Merge
  bool merged = false;
  std::vector<std::vector<uint8_t*>> results;  // by partition
  std::vector<MemoryReservation> result_memory;
  RowSlices slices;
  std::shared_ptr<std::vector<std::shared_ptr<const void>>> heaps;
  SideSink left, right;
  SourceRole source_role;
};

Result<std::unique_ptr<LocalState>> SetOperation::Impl::SideSink::MakeLocal() {
  auto local = std::make_unique<SetOperationLocal>();
  GroupTableOptions table;
  table.layout = &impl->layout;
  table.key_count = impl->options.types.size();
  table.state_template = reinterpret_cast<const uint8_t*>(&impl->zero);
  table.state_bytes = sizeof(SetCounts);
  table.memory = impl->context->memory;
  table.what = "set operation";
  local->table = std::make_unique<GroupTable>(table);
  for (const LogicalType& type : impl->options.types) local->columns.emplace_back(type);
  for (Vector& column : local->columns) local->pointers.push_back(&column);
  return local;
}

Result<SinkResult> SetOperation::Impl::SideSink::Consume(LocalState* local_state, Chunk* chunk) {
  auto* local = static_cast<SetOperationLocal*>(local_state);
  for (size_t c = 0; c < local->columns.size(); ++c) local->columns[c].Refer(chunk->column(c));
  const uint16_t* positions =
      chunk->selection() == nullptr ? RowIdentity() : chunk->selection()->rows();
  const size_t rows = chunk->size();
  if (rows == 0) return SinkResult::kMore;
  DRIFTDB_RETURN_IF_ERROR(local->table->FindOrCreate(local->pointers.data(), chunk->row_count(),
                                                     positions, rows, local->rows));
  for (size_t i = 0; i < rows; ++i) ++impl->CountsOf(local->rows[i])->side[side];
  return SinkResult::kMore;
}

int64_t SetOperation::Impl::Copies(const SetCounts& counts) const {
  const int64_t l = counts.side[0], r = counts.side[1];
  if (options.op == sql::LogicalSetOp::kIntersect) {
    if (options.all) return std::min(l, r);
    return l > 0 && r > 0 ? 1 : 0;
  }
  if (options.all) return std::max<int64_t>(l - r, 0);
  return l > 0 && r == 0 ? 1 : 0;
}

Status SetOperation::Impl::MergePartitionOf(const PartitionedRows& rows, size_t partition) {
  GroupTableOptions given;
  given.layout = &layout;
  given.key_count = options.types.size();
  given.memory = context->memory;
  given.what = "set operation";
  const auto table = std::make_unique<GroupTable>(given);
  DRIFTDB_RETURN_IF_ERROR(table->PrepareAdoption(rows.partition_rows(partition)));
  std::vector<uint8_t*> unique;
  for (size_t s = 0; s < rows.store_count(); ++s) {
    for (uint8_t* row : rows.rows(s, partition)) {
      uint8_t* at = table->Adopt(row);
      if (at == row) {
        unique.push_back(row);
      } else {
        CountsOf(at)->side[0] += CountsOf(row)->side[0];
        CountsOf(at)->side[1] += CountsOf(row)->side[1];
      }
    }
  }
  std::vector<uint8_t*>& result = results[partition];
  int64_t total = 0;
  for (uint8_t* row : unique) total += Copies(*CountsOf(row));
  result_memory[partition] = MemoryReservation(context->memory, "set operation");
  DRIFTDB_RETURN_IF_ERROR(
      result_memory[partition].Resize(static_cast<size_t>(total) * sizeof(uint8_t*)));
  result.reserve(static_cast<size_t>(total));
  for (uint8_t* row : unique) {
    result.insert(result.end(), static_cast<size_t>(Copies(*CountsOf(row))), row);
  }
  return OkStatus();
}

Status SetOperation::Impl::Merge(QueryContext* query) {
  context = query;
  std::vector<RowStore*> stores;
  uint64_t total = 0;
  heaps = std::make_shared<std::vector<std::shared_ptr<const void>>>();
  for (auto& table : tables) {
    heaps->push_back(table->rows().heap_holder());
    if (table->row_count() == 0) continue;
    stores.push_back(&table->rows());
    total += table->row_count();
  }
  if (stores.empty()) return OkStatus();
  const size_t partitions = MergePartitionCount(*context, total);
  PartitionedRows rows;
  DRIFTDB_RETURN_IF_ERROR(rows.Split(context, stores, partitions, "set operation"));
  results.resize(partitions);
  result_memory.resize(partitions);
  DRIFTDB_RETURN_IF_ERROR(ParallelFor(context, partitions, [&](size_t, size_t partition) {
    return MergePartitionOf(rows, partition);
  }));
  for (const auto& result : results) slices.AddPointers(result);
  return OkStatus();
}

Result<bool> SetOperation::Impl::SourceRole::Next(LocalState* local, Chunk* chunk) {
  RowSliceReader& reader = static_cast<SetOperationSourceLocal*>(local)->reader;
  const size_t rows = reader.Next(&impl->slices);
  if (rows == 0) return false;
  chunk->columns().resize(impl->options.types.size());
  chunk->set_selection(nullptr);
  chunk->set_row_count(rows);
  for (size_t c = 0; c < impl->options.types.size(); ++c) {
    Vector& out = chunk->column(c);
    impl->layout.Gather(c, reader.rows(), rows, &out);
    if (out.type().physical() == PhysicalType::kString) out.Hold(impl->heaps);
  }
  return true;
}

SetOperation::SetOperation(SetOperationOptions options)
    : impl_(std::make_unique<Impl>(std::move(options))) {
  DRIFTDB_DCHECK(impl_->options.op != sql::LogicalSetOp::kUnion);
}
SetOperation::~SetOperation() = default;
Sink* SetOperation::left_sink() { return &impl_->left; }
Sink* SetOperation::right_sink() { return &impl_->right; }
Source* SetOperation::source() { return &impl_->source_role; }

}  // namespace driftdb::exec
