// Window calls and window definitions.
#include "base/error.h"
#include "base/status_macros.h"
#include "sql/bind/statement_binder.h"

namespace driftdb::sql {

namespace {

expr::FrameBound WindowBound(FrameBoundKind kind) {
  switch (kind) {
    case FrameBoundKind::kUnboundedPreceding:
      return expr::FrameBound::kUnboundedPreceding;
    case FrameBoundKind::kPreceding:
      return expr::FrameBound::kPreceding;
    case FrameBoundKind::kCurrentRow:
      return expr::FrameBound::kCurrentRow;
    case FrameBoundKind::kFollowing:
      return expr::FrameBound::kFollowing;
    case FrameBoundKind::kUnboundedFollowing:
      return expr::FrameBound::kUnboundedFollowing;
  }
  return expr::FrameBound::kCurrentRow;
}

const AstWindow* WindowFindNamed(const AstSelect* select, const std::string& name) {
  if (select == nullptr) return nullptr;
  for (const AstWindow& window : select->windows) {
    if (window.name == name) return &window;
  }
  return nullptr;
}

// Type of a RANGE offset for a sort key: intervals for dates and times, else the key's own.
LogicalType WindowOffsetType(const LogicalType& key) {
  if (key.is_datetime() || key.id == TypeId::kInterval) return TypeId::kInterval;
  return key;
}

}  // namespace

Result<ExprPtr> StatementBinder::BindWindowCall(const AstFunctionCall& ast,
                                                const std::string& name) {
  const bool aggregate = expr::IsAggregateName(name);
  if (!aggregate && !expr::IsWindowFunctionName(name)) {
    return Error(sqlstate::kWrongObjectType,
                 "OVER specified, but {} is not a window function nor an aggregate function", name)
        .At(ast.position);
  }
  if (ast.distinct) {
    return Error(sqlstate::kFeatureNotSupported, "DISTINCT is not implemented for window functions")
        .At(ast.position);
  }
  if (!ast.order_by.empty()) {
    return Error(sqlstate::kFeatureNotSupported,
                 "aggregate ORDER BY is not implemented for window functions")
        .At(ast.position);
  }
  if (ast.filter != nullptr && !aggregate) {
    return Error(sqlstate::kFeatureNotSupported,
                 "FILTER is not implemented for non-aggregate window functions")
        .At(ast.position);
  }
  const BindClause clause = level_->clause;
  if (clause != BindClause::kSelectTarget && clause != BindClause::kOrderBy &&
      clause != BindClause::kDistinctOn) {
    return Error(sqlstate::kWindowingError, "window functions are not allowed in {}",
                 clause == BindClause::kWindowFrame ? "window definitions" : ClauseText(clause))
        .At(ast.position);
  }
  ExprList args;
  for (const AstCallArg& arg : ast.args) {
    DRIFTDB_ASSIGN_OR_RETURN(ExprPtr bound, BindExpr(*arg.value));
    if (expr::ContainsKind(*bound, expr::ExprKind::kWindow)) {
      return Error(sqlstate::kWindowingError, "window function calls cannot be nested")
          .At(bound->position);
    }
    args.push_back(std::move(bound));
  }
  DRIFTDB_ASSIGN_OR_RETURN(ExprPtr call, expr::BindWindow(name, std::move(args), ast.position));
  call->slot = level_->id;
  if (ast.filter != nullptr) {
    ClauseScope filter(this, BindClause::kFilter);
    DRIFTDB_ASSIGN_OR_RETURN(call->aggregate->filter, BindBoolean(*ast.filter, "FILTER"));
  }
  if (ast.over->is_reference) {
    const AstWindow* named = WindowFindNamed(level_->select, ast.over->reference);
    if (named == nullptr) {
      return Error(sqlstate::kUndefinedObject, "window \"{}\" does not exist", ast.over->reference)
          .At(ast.over->position);
    }
    DRIFTDB_RETURN_IF_ERROR(ApplyWindow(*named, call->window.get()));
  } else {
    DRIFTDB_RETURN_IF_ERROR(ApplyWindow(*ast.over, call->window.get()));
  }
  level_->has_windows = true;
  return call;
}

// The base of OVER (base ...): its partitioning, its order, never its frame.
Status StatementBinder::ApplyWindowBase(const AstWindow& window, expr::WindowCall* call) {
  const AstWindow* base = WindowFindNamed(level_->select, window.reference);
  if (base == nullptr || base == &window || level_->window_depth > 100) {
    return Error(sqlstate::kUndefinedObject, "window \"{}\" does not exist", window.reference)
        .At(window.position);
  }
  if (!window.partition_by.empty()) {
    return Error(sqlstate::kWindowingError, "cannot override PARTITION BY clause of window \"{}\"",
                 window.reference)
        .At(window.position);
  }
  if (base->frame != nullptr) {
    return Error(sqlstate::kWindowingError,
                 "cannot copy window \"{}\" because it has a frame clause", window.reference)
        .WithHint("Omit the parentheses in this OVER clause.")
        .At(window.position);
  }
  ++level_->window_depth;
  const Status status = ApplyWindow(*base, call);
  --level_->window_depth;
  DRIFTDB_RETURN_IF_ERROR(status);
  if (!window.order_by.empty() && !call->order_by.empty()) {
    return Error(sqlstate::kWindowingError, "cannot override ORDER BY clause of window \"{}\"",
                 window.reference)
        .At(window.position);
  }
  return OkStatus();
}

Status StatementBinder::ApplyWindow(const AstWindow& window, expr::WindowCall* call) {
  if (!window.reference.empty()) DRIFTDB_RETURN_IF_ERROR(ApplyWindowBase(window, call));
  const auto known = [](ExprPtr expr) -> Result<ExprPtr> {
    if (expr->type.id != TypeId::kUnknown) return expr;
    return expr::BindCast(std::move(expr), TypeId::kText, expr::CastContext::kImplicit);
  };
  {
    ClauseScope clause(this, BindClause::kWindowPartition);
    for (const AstExprPtr& item : window.partition_by) {
      DRIFTDB_ASSIGN_OR_RETURN(ExprPtr bound, BindExpr(*item));
      DRIFTDB_ASSIGN_OR_RETURN(bound, known(std::move(bound)));
      call->partition_by.push_back(std::move(bound));
    }
  }
  {
    ClauseScope clause(this, BindClause::kWindowOrder);
    for (const AstOrderItem& item : window.order_by) {
      expr::SortKey key;
      SortDefaults(item, &key.descending, &key.nulls_first);
      DRIFTDB_ASSIGN_OR_RETURN(key.expr, BindExpr(*item.expr));
      DRIFTDB_ASSIGN_OR_RETURN(key.expr, known(std::move(key.expr)));
      call->order_by.push_back(std::move(key));
    }
  }
  if (window.frame != nullptr) return ApplyFrame(*window.frame, window.position, call);
  return OkStatus();
}

Status StatementBinder::ApplyFrame(const AstFrame& frame, uint32_t position,
                                   expr::WindowCall* call) {
  ClauseScope clause(this, BindClause::kWindowFrame);
  call->unit = frame.mode == FrameMode::kRows    ? expr::FrameUnit::kRows
               : frame.mode == FrameMode::kRange ? expr::FrameUnit::kRange
                                                 : expr::FrameUnit::kGroups;
  call->start = WindowBound(frame.start.kind);
  call->end = WindowBound(frame.end.kind);
  call->exclusion = static_cast<expr::FrameExclusion>(frame.exclusion);
  const bool offsets = frame.start.offset != nullptr || frame.end.offset != nullptr;
  if (call->unit == expr::FrameUnit::kGroups && call->order_by.empty()) {
    return Error(sqlstate::kWindowingError, "GROUPS mode requires an ORDER BY clause").At(position);
  }
  if (call->unit == expr::FrameUnit::kRange && offsets && call->order_by.size() != 1) {
    return Error(sqlstate::kWindowingError,
                 "RANGE with offset PRECEDING/FOLLOWING requires exactly one ORDER BY column")
        .At(position);
  }
  const auto bind = [&](const AstExprPtr& ast, ExprPtr* out) -> Status {
    if (ast == nullptr) return OkStatus();
    DRIFTDB_ASSIGN_OR_RETURN(ExprPtr offset, BindExpr(*ast));
    const uint32_t at = ast->position;
    const LogicalType type = call->unit == expr::FrameUnit::kRange
                                 ? WindowOffsetType(call->order_by[0].expr->type)
                                 : LogicalType(TypeId::kInt64);
    if (InnermostLevel(*offset) == level_) {
      return Error(sqlstate::kInvalidColumnReference, "argument of {} must not contain variables",
                   call->unit == expr::FrameUnit::kRows    ? "ROWS"
                   : call->unit == expr::FrameUnit::kRange ? "RANGE"
                                                           : "GROUPS")
          .At(at);
    }
    DRIFTDB_ASSIGN_OR_RETURN(
        *out, expr::BindCast(std::move(offset), type, expr::CastContext::kImplicit, at));
    return NoteParameters(**out);
  };
  DRIFTDB_RETURN_IF_ERROR(bind(frame.start.offset, &call->start_offset));
  return bind(frame.end.offset, &call->end_offset);
}

}  // namespace driftdb::sql
