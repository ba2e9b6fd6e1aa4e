#include "exec/setop/row_number.h"

#include <cstring>

#include "base/status_macros.h"
#include "exec/aggregate/group_table.h"
#include "exec/row/expression_columns.h"
#include "exec/row/key_hash.h"
#include "platform/mutex.h"

namespace driftdb::exec {

namespace {

// The state of a partition: how many of its rows there were.
constexpr uint8_t kRowNumberNone[sizeof(int64_t)] = {};

struct RowNumberLocal : LocalState {
  ExpressionColumns keys;
  uint8_t* partitions[kVectorRows];
};

std::vector<LogicalType> RowNumberKeyTypes(const std::vector<const expr::Expr*>& keys) {
  std::vector<LogicalType> types;
  for (const expr::Expr* key : keys) types.push_back(key->type);
  return types;
}

RowLayout::Extras RowNumberExtras() {
  RowLayout::Extras extras;
  extras.state_bytes = sizeof(int64_t);
  return extras;
}

}  // namespace

struct RowNumber::Impl {
  explicit Impl(std::vector<const expr::Expr*> given)
      : keys(std::move(given)), layout(RowNumberKeyTypes(keys), RowNumberExtras()) {}
  std::vector<const expr::Expr*> keys;
  RowLayout layout;
  QueryContext* context = nullptr;
  platform::Mutex mutex;
  std::unique_ptr<GroupTable> partitions;  // guarded by mutex
  int64_t rows = 0;                        // guarded by mutex; without keys
};

RowNumber::RowNumber(std::vector<const expr::Expr*> keys)
    : impl_(std::make_unique<Impl>(std::move(keys))) {}
RowNumber::~RowNumber() = default;

Status RowNumber::Prepare(QueryContext* context) {
  impl_->context = context;
  if (impl_->partitions != nullptr || impl_->keys.empty()) return OkStatus();
  GroupTableOptions table;
  table.layout = &impl_->layout;
  table.key_count = impl_->keys.size();
  table.state_template = kRowNumberNone;
  table.state_bytes = sizeof(kRowNumberNone);
  table.memory = context->memory;
  table.what = "row_number";
  impl_->partitions = std::make_unique<GroupTable>(table);
  return OkStatus();
}

Result<std::unique_ptr<LocalState>> RowNumber::MakeLocal() {
  auto local = std::make_unique<RowNumberLocal>();
  DRIFTDB_ASSIGN_OR_RETURN(local->keys, ExpressionColumns::Make(impl_->keys, impl_->context->eval));
  return local;
}

Result<OperatorResult> RowNumber::Execute(LocalState* local_state, Chunk* input, Chunk* output) {
  auto* local = static_cast<RowNumberLocal*>(local_state);
  DRIFTDB_RETURN_IF_ERROR(local->keys.Evaluate(*input));
  const uint16_t* positions =
      input->selection() == nullptr ? RowIdentity() : input->selection()->rows();
  Vector numbers(TypeId::kInt64, kVectorRows);
  auto* out = reinterpret_cast<int64_t*>(numbers.mutable_raw_data());
  {
    platform::MutexLock lock(&impl_->mutex);
    if (impl_->keys.empty()) {
      for (size_t i = 0; i < input->size(); ++i) out[positions[i]] = ++impl_->rows;
    } else {
      DRIFTDB_RETURN_IF_ERROR(impl_->partitions->FindOrCreate(
          local->keys.pointers(), input->row_count(), positions, input->size(), local->partitions));
      for (size_t i = 0; i < input->size(); ++i) {
        uint8_t* const state = local->partitions[i] + impl_->layout.state_offset();
        int64_t count = 0;
        std::memcpy(&count, state, sizeof(count));
        out[positions[i]] = ++count;
        std::memcpy(state, &count, sizeof(count));
      }
    }
  }
  output->columns() = input->columns();
  output->columns().push_back(std::move(numbers));
  output->set_row_count(input->row_count());
  output->set_selection(input->shared_selection());
  return OperatorResult::kNeedInput;
}

}  // namespace driftdb::exec
