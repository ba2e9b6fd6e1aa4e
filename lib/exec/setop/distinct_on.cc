#include "exec/setop/distinct_on.h"

#include <algorithm>

#include "base/status_macros.h"
#include "exec/aggregate/group_table.h"
#include "exec/row/expression_columns.h"
#include "exec/row/key_hash.h"
#include "platform/mutex.h"

namespace driftdb::exec {

namespace {

struct DistinctOnLocal : LocalState {
  ExpressionColumns keys;
  uint8_t* rows[kVectorRows];
};

std::vector<LogicalType> DistinctOnKeyTypes(const DistinctOnOptions& options) {
  std::vector<LogicalType> types;
  for (const expr::Expr* key : options.keys) types.push_back(key->type);
  return types;
}

}  // namespace

struct DistinctOn::Impl {
  explicit Impl(DistinctOnOptions given)
      : options(std::move(given)), layout(DistinctOnKeyTypes(options), {}) {}
  DistinctOnOptions options;
  RowLayout layout;
  QueryContext* context = nullptr;
  platform::Mutex mutex;
  std::unique_ptr<GroupTable> seen;  // guarded by mutex
};

DistinctOn::DistinctOn(DistinctOnOptions options)
    : impl_(std::make_unique<Impl>(std::move(options))) {}
DistinctOn::~DistinctOn() = default;

Status DistinctOn::Prepare(QueryContext* context) {
  impl_->context = context;
  if (impl_->seen != nullptr) return OkStatus();
  GroupTableOptions table;
  table.layout = &impl_->layout;
  table.key_count = impl_->options.keys.size();
  table.memory = context->memory;
  table.what = "distinct";
  impl_->seen = std::make_unique<GroupTable>(table);
  return OkStatus();
}

Result<std::unique_ptr<LocalState>> DistinctOn::MakeLocal() {
  auto local = std::make_unique<DistinctOnLocal>();
  DRIFTDB_ASSIGN_OR_RETURN(local->keys,
                           ExpressionColumns::Make(impl_->options.keys, impl_->context->eval));
  return local;
}

Result<OperatorResult> DistinctOn::Execute(LocalState* local_state, Chunk* input, Chunk* output) {
  auto* local = static_cast<DistinctOnLocal*>(local_state);
  DRIFTDB_RETURN_IF_ERROR(local->keys.Evaluate(*input));
  const uint16_t* positions =
      input->selection() == nullptr ? RowIdentity() : input->selection()->rows();
  auto selection = std::make_shared<Selection>();
  {
    platform::MutexLock lock(&impl_->mutex);
    DRIFTDB_RETURN_IF_ERROR(impl_->seen->FindOrCreate(local->keys.pointers(), input->row_count(),
                                                      positions, input->size(), local->rows));
    for (size_t i = 0; i < impl_->seen->created_count(); ++i) {
      selection->Append(positions[impl_->seen->created()[i]]);
    }
  }
  std::sort(selection->rows(), selection->rows() + selection->size());
  output->columns() = input->columns();
  output->set_row_count(selection->size() == 0 ? 0 : input->row_count());
  output->set_selection(std::move(selection));
  return OperatorResult::kNeedInput;
}

}  // namespace driftdb::exec
