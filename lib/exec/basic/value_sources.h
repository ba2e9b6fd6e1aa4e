// Sources that read no table: one empty row, VALUES, nothing, chunks in memory, generate_series.
#ifndef DRIFTDB_EXEC_BASIC_VALUE_SOURCES_H_
#define DRIFTDB_EXEC_BASIC_VALUE_SOURCES_H_

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "exec/basic/series.h"
#include "exec/operator.h"
#include "sql/plan/physical_plan.h"

namespace driftdb::exec {

// One row without columns.
class SingleRowSource final : public Source {
 public:
  Status Prepare(QueryContext* context) override;
  Result<std::unique_ptr<LocalState>> MakeLocal() override;
  Result<bool> Next(LocalState* local, Chunk* chunk) override;

 private:
  std::atomic<bool> done_{false};
};

class EmptySource final : public Source {
 public:
  Result<std::unique_ptr<LocalState>> MakeLocal() override;
  Result<bool> Next(LocalState* local, Chunk* chunk) override { return false; }
};

class ValuesSource final : public Source {
 public:
  ValuesSource(const sql::PhysicalValues* plan, std::vector<LogicalType> types)
      : plan_(plan), types_(std::move(types)) {}
  Status Prepare(QueryContext* context) override;
  Result<std::unique_ptr<LocalState>> MakeLocal() override;
  Result<bool> Next(LocalState* local, Chunk* chunk) override;

 private:
  const sql::PhysicalValues* const plan_;
  const std::vector<LogicalType> types_;
  QueryContext* context_ = nullptr;
  size_t next_ = 0;
};

// Chunks that somebody else owns, read once; for RETURNING and results held in memory.
class ChunkListSource final : public Source {
 public:
  explicit ChunkListSource(const std::vector<Chunk>* chunks) : chunks_(chunks) {}
  Result<std::unique_ptr<LocalState>> MakeLocal() override;
  Result<bool> Next(LocalState* local, Chunk* chunk) override;

 private:
  const std::vector<Chunk>* const chunks_;
  std::atomic<size_t> next_{0};
};

// generate_series with arguments that depend on no row.
class SeriesSource final : public Source {
 public:
  SeriesSource(const sql::PhysicalTableFunction* plan, LogicalType type)
      : plan_(plan), type_(type) {}
  Status Prepare(QueryContext* context) override;
  Result<std::unique_ptr<LocalState>> MakeLocal() override;
  Result<bool> Next(LocalState* local, Chunk* chunk) override;

 private:
  const sql::PhysicalTableFunction* const plan_;
  const LogicalType type_;
  std::unique_ptr<Series> series_;
};

}  // namespace driftdb::exec

#endif  // DRIFTDB_EXEC_BASIC_VALUE_SOURCES_H_
