#include "exec/point/point_select.h"

#include "base/status_macros.h"
#include "exec/point/point_modify.h"

namespace driftdb::exec {

namespace {

bool PointNeedsSession(const sql::ExprList& expressions) {
  for (const expr::ExprPtr& e : expressions) {
    if (e != nullptr && expr::VolatilityOf(*e) != expr::Volatility::kImmutable) return true;
  }
  return false;
}

}  // namespace

PointStatement::~PointStatement() = default;

Result<std::unique_ptr<PointStatement>> PointStatement::Make(const sql::PhysicalPlan& plan,
                                                             txn::Transaction* transaction,
                                                             expr::EvalContext* eval) {
  std::unique_ptr<PointStatement> made;
  if (!plan.init_plans.empty()) return made;
  const sql::PhysicalNode& root = *plan.root;
  PointSelectPlan select;
  PointScan scan;
  sql::ExprList values;
  bool needs_session = false;
  if (MatchPointSelect(root, &select)) {
    needs_session = PointNeedsSession(select.scan.filters) || PointNeedsSession(select.output) ||
                    PointNeedsSession(select.scan.scan->equal);
    auto statement = std::make_unique<PointSelect>();
    DRIFTDB_RETURN_IF_ERROR(statement->Prepare(select, eval));
    made = std::move(statement);
  } else if (MatchPointModify(root, &scan)) {
    needs_session = true;
    DRIFTDB_ASSIGN_OR_RETURN(made, MakePointModify(root, scan, transaction, eval));
  } else if (MatchPointInsert(root, &values)) {
    needs_session = true;
    DRIFTDB_ASSIGN_OR_RETURN(made, MakePointInsert(root, values, transaction, eval));
  }
  if (made != nullptr) made->needs_session_ = needs_session;
  return made;
}

Status PointSelect::Prepare(const PointSelectPlan& plan, expr::EvalContext* eval) {
  std::vector<const expr::Expr*> computed;
  for (const expr::ExprPtr& e : plan.output) {
    if (e->kind == expr::ExprKind::kSlot) continue;
    computed.push_back(e.get());
    computed_types_.push_back(e->type);
    computed_.emplace_back(e->type);
  }
  if (!computed.empty()) {
    DRIFTDB_ASSIGN_OR_RETURN(computed_list_, expr::ExpressionList::Compile(computed, eval));
  }
  DRIFTDB_RETURN_IF_ERROR(access_.Prepare(plan.scan, eval));
  size_t next = 0;
  for (const expr::ExprPtr& e : plan.output) {
    output_.push_back(e->kind == expr::ExprKind::kSlot ? &access_.row().column(e->slot)
                                                       : &computed_[next++]);
  }
  return OkStatus();
}

Result<bool> PointSelect::Run(const Snapshot& snapshot) {
  // Registers are written in place only when nobody else refers to them.
  for (size_t i = 0; i < computed_.size(); ++i) computed_[i] = Vector(computed_types_[i]);
  DRIFTDB_ASSIGN_OR_RETURN(const bool found, access_.Find(snapshot));
  if (!found) return false;
  if (!computed_.empty()) {
    DRIFTDB_RETURN_IF_ERROR(computed_list_.Evaluate(access_.row(), computed_.data()));
  }
  return true;
}

}  // namespace driftdb::exec
