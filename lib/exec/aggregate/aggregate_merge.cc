#include "exec/aggregate/aggregate_merge.h"

#include <algorithm>

#include "base/check.h"
#include "base/status_macros.h"
#include "exec/parallel_for.h"
#include "exec/row/row_slices.h"

namespace driftdb::exec {

namespace {

constexpr size_t kMergePrefetch = 16;

// Fetches what Adopt of a row `ahead` of i will touch.
inline void MergePrefetchRow(const GroupTable& table, const std::vector<uint8_t*>& rows, size_t i) {
  if (i + 2 * kMergePrefetch < rows.size()) __builtin_prefetch(rows[i + 2 * kMergePrefetch]);
  if (i + kMergePrefetch < rows.size()) {
    __builtin_prefetch(table.SlotAddress(RowLayout::Hash(rows[i + kMergePrefetch])));
  }
}

std::unique_ptr<GroupTable> MergeTable(const RowLayout& layout, size_t key_count,
                                       MemoryAccountant* memory) {
  GroupTableOptions options;
  options.layout = &layout;
  options.key_count = key_count;
  options.memory = memory;
  return std::make_unique<GroupTable>(options);
}

}  // namespace

Status PartitionedRows::Split(QueryContext* context, const std::vector<RowStore*>& stores,
                              size_t partitions, const char* what) {
  uint64_t total = 0;
  for (const RowStore* store : stores) total += store->row_count();
  memory_ = MemoryReservation(context->memory, what);
  DRIFTDB_RETURN_IF_ERROR(memory_.Resize(total * sizeof(uint8_t*) * 5 / 4));
  lists_.resize(stores.size());
  return ParallelFor(context, stores.size(), [&](size_t, size_t s) -> Status {
    std::vector<std::vector<uint8_t*>>& lists = lists_[s];
    lists.resize(partitions);
    const size_t expected = stores[s]->row_count() / partitions;
    for (auto& list : lists) list.reserve(expected + expected / 8 + 16);
    for (RowStore::Page& page : stores[s]->pages()) {
      for (uint32_t r = 0; r < page.rows; ++r) {
        uint8_t* row = page.bytes.get() + stores[s]->row_bytes() * r;
        lists[partitions == 1 ? 0 : MergePartition(RowLayout::Hash(row))].push_back(row);
      }
    }
    return OkStatus();
  });
}

size_t PartitionedRows::partition_rows(size_t partition) const {
  size_t rows = 0;
  for (const auto& lists : lists_) rows += lists[partition].size();
  return rows;
}

Status MergeDistinct(QueryContext* context, const RowLayout& layout, size_t key_count,
                     const std::vector<GroupTable*>& tables,
                     std::vector<std::vector<uint8_t*>>* partitions) {
  std::vector<RowStore*> stores;
  uint64_t total = 0;
  for (GroupTable* table : tables) {
    stores.push_back(&table->rows());
    total += table->row_count();
  }
  PartitionedRows rows;
  DRIFTDB_RETURN_IF_ERROR(
      rows.Split(context, stores, MergePartitionCount(*context, total), "distinct rows"));
  partitions->resize(rows.partitions());
  return ParallelFor(context, rows.partitions(), [&](size_t, size_t p) -> Status {
    const auto table = MergeTable(layout, key_count, context->memory);
    DRIFTDB_RETURN_IF_ERROR(table->PrepareAdoption(rows.partition_rows(p)));
    std::vector<uint8_t*>& out = (*partitions)[p];
    for (size_t s = 0; s < rows.store_count(); ++s) {
      const std::vector<uint8_t*>& list = rows.rows(s, p);
      for (size_t i = 0; i < list.size(); ++i) {
        MergePrefetchRow(*table, list, i);
        if (table->Adopt(list[i]) == list[i]) out.push_back(list[i]);
      }
    }
    return OkStatus();
  });
}

// Grouping sets without keys, and aggregation without GROUP BY, yield a row over no input too.
Status AggregateMerge::AddEmptySets() {
  std::vector<size_t> empty;
  for (size_t set = 0; set < plan_->sets.size(); ++set) {
    const std::vector<bool>& in = plan_->sets[set];
    if (std::find(in.begin(), in.end(), true) == in.end()) empty.push_back(set);
  }
  if (empty.empty() || (plan_->group_count > 0 && !plan_->grouping_sets)) return OkStatus();
  if (workers_->empty()) {
    DRIFTDB_ASSIGN_OR_RETURN(auto worker, AggregateWorker::Make(plan_, context_, 0));
    workers_->push_back(std::move(worker));
  }
  std::vector<Vector> keys;
  std::vector<Vector*> pointers;
  for (size_t k = 0; k < plan_->key_count; ++k) {
    keys.emplace_back(plan_->layout.type(k));
    keys.back().SetConstantNull();
  }
  for (Vector& key : keys) pointers.push_back(&key);
  for (const size_t set : empty) {
    if (plan_->grouping_sets) {
      keys.back().SetConstant(Value::Int32(static_cast<int32_t>(set)));
    }
    uint8_t* row = nullptr;
    DRIFTDB_RETURN_IF_ERROR(
        (*workers_)[0]->groups().FindOrCreate(pointers.data(), 1, RowIdentity(), 1, &row));
  }
  return OkStatus();
}

// The distinct rows of a side set update partial groups of further workers, which the main merge
// then treats like any other.
Status AggregateMerge::FinishDistinct(size_t side) {
  const AggregateSideSet& plan = plan_->sides[side];
  std::vector<GroupTable*> tables;
  for (auto& worker : *workers_) {
    GroupTable* table = worker->sides()[side].table.get();
    if (table->row_count() > 0) tables.push_back(table);
  }
  if (tables.empty()) return OkStatus();
  std::vector<std::vector<uint8_t*>> partitions;
  RowSlices slices;
  const bool unique = tables.size() == 1 && !(*workers_)[0]->sides()[side].was_reset;
  if (unique) {
    slices.AddPages(tables[0]->rows());
  } else {
    DRIFTDB_RETURN_IF_ERROR(
        MergeDistinct(context_, plan.layout, plan.layout.field_count(), tables, &partitions));
    for (const auto& partition : partitions) slices.AddPointers(partition);
  }
  const size_t count = std::min<size_t>(slices.size(), std::max(1U, context_->threads));
  std::vector<std::unique_ptr<AggregateWorker>> further(count);
  Status status = ParallelFor(context_, count, [&](size_t, size_t w) -> Status {
    DRIFTDB_ASSIGN_OR_RETURN(further[w], AggregateWorker::Make(plan_, context_, 0));
    std::vector<Vector> columns;
    for (const LogicalType& type : plan.layout.types()) columns.emplace_back(type);
    std::vector<Vector*> pointers;
    for (Vector& column : columns) pointers.push_back(&column);
    auto reader = std::make_unique<RowSliceReader>();
    while (const size_t rows = reader->Next(&slices)) {
      DRIFTDB_RETURN_IF_ERROR(context_->CheckCancel());
      for (size_t f = 0; f < columns.size(); ++f) {
        plan.layout.Gather(f, reader->rows(), rows, &columns[f]);
      }
      DRIFTDB_RETURN_IF_ERROR(further[w]->Update(
          pointers.data(), pointers.data() + plan_->key_count + plan.first_arg, rows, plan.calls));
    }
    return OkStatus();
  });
  if (!status.ok()) return status;
  for (auto& worker : further) {
    if (worker != nullptr) workers_->push_back(std::move(worker));
  }
  return OkStatus();
}

// Sorts the partition's rows by group and sort keys and feeds them to their groups in that order.
Status AggregateMerge::FinishOrdered(size_t side, size_t partition, GroupTable* table,
                                     Arena* heap) {
  const AggregateSideSet& plan = plan_->sides[side];
  const PartitionedRows& parts = *ordered_[side];
  std::vector<uint8_t*> rows;
  rows.reserve(parts.partition_rows(partition));
  for (size_t s = 0; s < parts.store_count(); ++s) {
    rows.insert(rows.end(), parts.rows(s, partition).begin(), parts.rows(s, partition).end());
  }
  std::vector<RowOrderKey> keys;
  for (size_t k = 0; k < plan_->key_count; ++k) keys.push_back({k, false, false});
  keys.insert(keys.end(), plan.sort_keys.begin(), plan.sort_keys.end());
  const RowOrder order(&plan.layout, keys);
  std::stable_sort(rows.begin(), rows.end(), [&](const uint8_t* a, const uint8_t* b) {
    const uint64_t x = RowLayout::Hash(a), y = RowLayout::Hash(b);
    return x != y ? x < y : order.Less(a, b);
  });
  if (plan.distinct) {
    // Neighbours with equal group and arguments are one; sort keys are among the arguments.
    const auto same = [&](const uint8_t* a, const uint8_t* b) {
      return RowLayout::Hash(a) == RowLayout::Hash(b) && order.Compare(a, b) == 0;
    };
    rows.erase(std::unique(rows.begin(), rows.end(), same), rows.end());
  }
  std::vector<Vector> columns;
  for (const LogicalType& type : plan.layout.types()) columns.emplace_back(type);
  std::vector<Vector*> pointers;
  for (Vector& column : columns) pointers.push_back(&column);
  const AggregateCallPlan& call = plan_->calls[plan.calls[0]];
  std::vector<uint8_t*> groups(kVectorRows);
  std::vector<expr::KernelArg> args(call.args.size());
  std::vector<Vector> scratch(call.args.size());
  for (size_t from = 0; from < rows.size(); from += kVectorRows) {
    DRIFTDB_RETURN_IF_ERROR(context_->CheckCancel());
    const size_t count = std::min(kVectorRows, rows.size() - from);
    for (size_t f = 0; f < columns.size(); ++f) {
      plan.layout.Gather(f, rows.data() + from, count, &columns[f]);
    }
    DRIFTDB_RETURN_IF_ERROR(table->FindOrCreate(pointers.data(), count, RowIdentity(),
                                                plan_->key_count == 0 ? 1 : count, groups.data()));
    DRIFTDB_DCHECK(table->row_count() == 0);  // every group exists already
    if (plan_->key_count == 0) std::fill_n(groups.begin() + 1, count - 1, groups[0]);
    for (size_t a = 0; a < args.size(); ++a) {
      args[a] =
          expr::MakeKernelArg(columns[plan_->key_count + plan.first_arg + a], count, &scratch[a]);
    }
    expr::AggregateInput input;
    input.args = args.data();
    input.arg_count = args.size();
    input.rows = {nullptr, count};
    input.arena = heap;
    DRIFTDB_RETURN_IF_ERROR(
        call.bound.kernels.update_groups(input, groups.data(), call.state_offset));
  }
  return OkStatus();
}

Status AggregateMerge::MergePartitionRows(const PartitionedRows& rows, size_t partition,
                                          Output* output) {
  std::vector<uint8_t*>* groups = &output->groups[partition];
  auto& store = output->heaps[partition];
  store = std::make_unique<RowStore>(plan_->layout.row_bytes(), context_->memory, "aggregation");
  const auto table = MergeTable(plan_->layout, plan_->key_count, context_->memory);
  DRIFTDB_RETURN_IF_ERROR(table->PrepareAdoption(rows.partition_rows(partition)));
  Arena* heap = store->heap();
  for (size_t s = 0; s < rows.store_count(); ++s) {
    const std::vector<uint8_t*>& list = rows.rows(s, partition);
    for (size_t i = 0; i < list.size(); ++i) {
      MergePrefetchRow(*table, list, i);
      uint8_t* to = table->Adopt(list[i]);
      if (to == list[i]) {
        groups->push_back(to);
      } else {
        DRIFTDB_RETURN_IF_ERROR(plan_->CombineRows(list[i], to, heap));
      }
    }
  }
  for (size_t side = 0; side < plan_->sides.size(); ++side) {
    if (!plan_->sides[side].ordered) continue;
    DRIFTDB_RETURN_IF_ERROR(FinishOrdered(side, partition, table.get(), heap));
  }
  return store->Account();
}

Status AggregateMerge::Run(Output* output) {
  DRIFTDB_RETURN_IF_ERROR(AddEmptySets());
  bool ordered = false;
  for (size_t side = 0; side < plan_->sides.size(); ++side) {
    ordered |= plan_->sides[side].ordered;
    if (!plan_->sides[side].ordered) DRIFTDB_RETURN_IF_ERROR(FinishDistinct(side));
  }
  if (workers_->empty()) return OkStatus();
  std::vector<RowStore*> stores;
  uint64_t total = 0;
  bool reset = false;
  for (auto& worker : *workers_) {
    reset |= worker->was_reset();
    if (worker->groups().row_count() == 0) continue;
    stores.push_back(&worker->groups().rows());
    total += stores.back()->row_count();
  }
  if (stores.size() <= 1 && !reset && !ordered) {
    output->whole = true;
    return OkStatus();
  }
  const size_t partitions = MergePartitionCount(*context_, total);
  PartitionedRows rows;
  DRIFTDB_RETURN_IF_ERROR(rows.Split(context_, stores, partitions, "aggregation"));
  ordered_.resize(plan_->sides.size());
  for (size_t side = 0; side < plan_->sides.size(); ++side) {
    if (!plan_->sides[side].ordered) continue;
    std::vector<RowStore*> side_stores;
    for (auto& worker : *workers_) side_stores.push_back(worker->sides()[side].store.get());
    ordered_[side] = std::make_unique<PartitionedRows>();
    DRIFTDB_RETURN_IF_ERROR(
        ordered_[side]->Split(context_, side_stores, partitions, "ordered aggregate"));
  }
  output->groups.resize(partitions);
  output->heaps.resize(partitions);
  return ParallelFor(context_, partitions, [&](size_t, size_t partition) {
    return MergePartitionRows(rows, partition, output);
  });
}

}  // namespace driftdb::exec
