#include "exec/scan/scan_filters.h"

#include <algorithm>
#include <optional>
#include <set>

#include "base/status_macros.h"
#include "expr/evaluator.h"
#include "expr/predicate.h"
#include "platform/mutex.h"

namespace driftdb::exec {

namespace {

// Evaluates a condition over one column. Threads take a compiled copy from a pool.
class ScanCallback final : public storage::VectorPredicate {
 public:
  ScanCallback(expr::ExprPtr condition, QueryContext* context)
      : condition_(std::move(condition)), context_(context) {}

  Status Filter(const Vector& values, size_t count, uint64_t* bits) const override {
    std::unique_ptr<expr::CompiledExpr> compiled = Take();
    if (compiled == nullptr) {
      Result<expr::CompiledExpr> made = expr::CompiledExpr::Compile(*condition_, context_->eval);
      if (!made.ok()) return made.status();
      compiled = std::make_unique<expr::CompiledExpr>(std::move(*made));
    }
    Chunk chunk;
    chunk.columns().push_back(values);
    chunk.set_row_count(count);
    Selection passing;
    DRIFTDB_RETURN_IF_ERROR(compiled->Filter(chunk, &passing));
    uint64_t keep[kValidityWords] = {};
    for (size_t i = 0; i < passing.size(); ++i) SetBit(keep, passing[i]);
    for (size_t word = 0; word < (count + 63) / 64; ++word) bits[word] &= keep[word];
    platform::MutexLock lock(&mutex_);
    pool_.push_back(std::move(compiled));
    return OkStatus();
  }

 private:
  std::unique_ptr<expr::CompiledExpr> Take() const {
    platform::MutexLock lock(&mutex_);
    if (pool_.empty()) return nullptr;
    std::unique_ptr<expr::CompiledExpr> compiled = std::move(pool_.back());
    pool_.pop_back();
    return compiled;
  }

  const expr::ExprPtr condition_;
  QueryContext* const context_;
  mutable platform::Mutex mutex_;
  mutable std::vector<std::unique_ptr<expr::CompiledExpr>> pool_ DRIFTDB_GUARDED_BY(mutex_);
};

std::optional<storage::CompareOp> ScanCompareOp(expr::ComparisonOp op) {
  switch (op) {
    case expr::ComparisonOp::kEqual:
      return storage::CompareOp::kEqual;
    case expr::ComparisonOp::kNotEqual:
      return storage::CompareOp::kNotEqual;
    case expr::ComparisonOp::kLess:
      return storage::CompareOp::kLess;
    case expr::ComparisonOp::kLessEqual:
      return storage::CompareOp::kLessEqual;
    case expr::ComparisonOp::kGreater:
      return storage::CompareOp::kGreater;
    case expr::ComparisonOp::kGreaterEqual:
      return storage::CompareOp::kGreaterEqual;
    default:
      return std::nullopt;
  }
}

// The storage's form of a condition; null when it has none. *never: no row satisfies it.
std::optional<storage::ColumnPredicate> ScanTranslate(const expr::ColumnCondition& condition,
                                                      bool* never) {
  switch (condition.kind) {
    case expr::ColumnConditionKind::kCompare: {
      if (condition.values[0].is_null()) {
        *never = true;
        return std::nullopt;
      }
      const std::optional<storage::CompareOp> op = ScanCompareOp(condition.comparison);
      if (!op.has_value()) return std::nullopt;
      return storage::ColumnPredicate::Compare(*op, condition.values[0]);
    }
    case expr::ColumnConditionKind::kIn:
      if (condition.values.empty()) {
        *never = true;
        return std::nullopt;
      }
      return storage::ColumnPredicate::In(condition.values);
    case expr::ColumnConditionKind::kIsNull:
      return storage::ColumnPredicate::NullTest(true);
    case expr::ColumnConditionKind::kIsNotNull:
      return storage::ColumnPredicate::NullTest(false);
    case expr::ColumnConditionKind::kRange:
      return storage::ColumnPredicate::Range(condition.values[0], true, condition.values[1], false);
  }
  return std::nullopt;
}

// The one slot a condition reads, when it reads exactly one.
std::optional<uint32_t> ScanOnlySlot(const expr::Expr& condition) {
  std::set<uint32_t> slots;
  expr::Walk(condition, [&](const expr::Expr& node) {
    if (node.kind == expr::ExprKind::kSlot) slots.insert(node.slot);
    return true;
  });
  if (slots.size() != 1) return std::nullopt;
  return *slots.begin();
}

// NULL whenever the slots are NULL.
bool ScanNullIfNull(const expr::Expr& e) {
  const auto any = [&] {
    return std::any_of(e.children.begin(), e.children.end(),
                       [](const expr::ExprPtr& c) { return c != nullptr && ScanNullIfNull(*c); });
  };
  switch (e.kind) {
    case expr::ExprKind::kSlot:
      return true;
    case expr::ExprKind::kFunction:
      return e.function->strict && any();
    case expr::ExprKind::kComparison:
      return e.comparison != expr::ComparisonOp::kDistinct &&
             e.comparison != expr::ComparisonOp::kNotDistinct && any();
    case expr::ExprKind::kCast:
    case expr::ExprKind::kNot:
    case expr::ExprKind::kPattern:
      return any();
    case expr::ExprKind::kInList:
    case expr::ExprKind::kNullIf:
      return ScanNullIfNull(*e.children[0]);
    default:
      return false;
  }
}

}  // namespace

Result<ScanFilters> ScanFilters::Build(const std::vector<expr::ExprPtr>& conjuncts,
                                       const std::vector<bool>& pushable, QueryContext* context) {
  ScanFilters filters;
  for (const expr::ExprPtr& conjunct : conjuncts) {
    const auto condition = expr::ExtractColumnCondition(*conjunct, &context->parameters);
    if (condition.has_value() && condition->column->kind == expr::ExprKind::kSlot &&
        pushable[condition->column->slot]) {
      auto predicate = ScanTranslate(*condition, &filters.never);
      if (predicate.has_value()) {
        filters.pushed.push_back(
            {condition->column->slot,
             std::make_shared<const storage::ColumnPredicate>(std::move(*predicate))});
        if (condition->exact) continue;
      }
    }
    const auto slot = ScanOnlySlot(*conjunct);
    // A callback sees entries of rows that are not alive: nothing may fail there.
    if (slot.has_value() && pushable[*slot] && !expr::MayFail(*conjunct) &&
        !expr::IsVolatile(*conjunct)) {
      expr::ExprPtr alone = conjunct->Clone();
      expr::Rewrite(alone, [](expr::ExprPtr& node) {
        if (node->kind == expr::ExprKind::kSlot) node->slot = 0;
      });
      auto callback = std::make_shared<ScanCallback>(std::move(alone), context);
      // The callback form does not ask for NULLs: `x IS NULL OR x > 5` and `x IS DISTINCT FROM 5`
      // hold for them too.
      if (ScanNullIfNull(*conjunct)) {
        filters.pushed.push_back(
            {*slot, std::make_shared<const storage::ColumnPredicate>(
                        storage::ColumnPredicate::Callback(std::move(callback)))});
        continue;
      }
    }
    filters.residual.push_back(conjunct.get());
  }
  return filters;
}

}  // namespace driftdb::exec
