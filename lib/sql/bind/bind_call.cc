// Calls of scalar and aggregate functions.
#include <algorithm>

#include "base/error.h"
#include "base/status_macros.h"
#include "sql/bind/statement_binder.h"
#include "sql/parse/parse.h"

namespace driftdb::sql {

namespace {

Status CallNotAggregate(std::string_view what, std::string_view name, uint32_t position) {
  return Error(sqlstate::kWrongObjectType, "{} specified, but {} is not an aggregate function",
               what, name)
      .At(position);
}

// The clauses where an aggregate of the same query makes no sense.
bool CallAllowsAggregates(BindClause clause) {
  return clause == BindClause::kSelectTarget || clause == BindClause::kHaving ||
         clause == BindClause::kOrderBy || clause == BindClause::kDistinctOn ||
         clause == BindClause::kWindowPartition || clause == BindClause::kWindowOrder ||
         clause == BindClause::kWindowFrame;
}

}  // namespace

QueryLevel* StatementBinder::LevelById(uint32_t id) {
  for (QueryLevel* level = level_; level != nullptr; level = level->parent) {
    if (level->id == id) return level;
  }
  return nullptr;
}

// The innermost enclosing level that a column or aggregate of the expression belongs to, or null.
QueryLevel* StatementBinder::InnermostLevel(const expr::Expr& expr) {
  QueryLevel* innermost = nullptr;
  const auto note = [&](uint32_t id) {
    for (QueryLevel* level = level_; level != nullptr && level != innermost;
         level = level->parent) {
      if (level->id == id) {
        innermost = level;
        return;
      }
    }
  };
  expr::Walk(expr, [&](const expr::Expr& e) {
    if (e.kind == expr::ExprKind::kColumn) note(tables_[e.column.table_index].level);
    if (e.kind == expr::ExprKind::kAggregate) note(e.slot);
    if (e.subquery != nullptr) {
      ForEachColumn(*e.subquery->plan->plan,
                    [&](expr::ColumnBinding& column) { note(tables_[column.table_index].level); });
    }
    return true;
  });
  return innermost;
}

Result<ExprPtr> StatementBinder::BindCall(const AstFunctionCall& ast) {
  if (ast.name.size() > 2 || (ast.name.size() == 2 && ast.name[0] != "pg_catalog" &&
                              ast.name[0] != "information_schema")) {
    return Error(sqlstate::kUndefinedFunction, "function {}.{} does not exist",
                 ast.name[ast.name.size() - 2], ast.name.back())
        .At(ast.position);
  }
  const std::string& name = ast.name.back();
  if (ast.syntax == CallSyntax::kSpecialForm) return BindSpecialForm(ast, name);
  for (const AstCallArg& arg : ast.args) {
    if (!arg.name.empty()) {
      return Error(sqlstate::kFeatureNotSupported, "named arguments are not supported")
          .At(ast.position);
    }
  }
  if (ast.variadic) {
    return Error(sqlstate::kFeatureNotSupported, "VARIADIC arguments are not supported")
        .At(ast.position);
  }
  if (ast.within_group) {
    return Error(sqlstate::kFeatureNotSupported, "ordered-set aggregates are not supported")
        .At(ast.position);
  }
  if (ast.over != nullptr) return BindWindowCall(ast, name);
  if (expr::IsWindowFunctionName(name)) {
    return Error(sqlstate::kWrongObjectType, "window function {} requires an OVER clause", name)
        .At(ast.position);
  }
  if (expr::IsAggregateName(name)) return BindAggregateCall(ast, name);
  return BindScalarCall(ast, name);
}

Result<ExprPtr> StatementBinder::BindSpecialForm(const AstFunctionCall& ast,
                                                 const std::string& name) {
  if (name == "grouping") return BindGroupingCall(ast);
  ExprList args;
  for (const AstCallArg& arg : ast.args) {
    DRIFTDB_ASSIGN_OR_RETURN(ExprPtr bound, BindExpr(*arg.value));
    args.push_back(std::move(bound));
  }
  const expr::ExprKind kind = name == "coalesce"   ? expr::ExprKind::kCoalesce
                              : name == "nullif"   ? expr::ExprKind::kNullIf
                              : name == "greatest" ? expr::ExprKind::kGreatest
                                                   : expr::ExprKind::kLeast;
  return expr::BindConditional(kind, std::move(args), ast.position);
}

Result<ExprPtr> StatementBinder::BindScalarCall(const AstFunctionCall& ast,
                                                const std::string& name) {
  if (ast.star) {
    return Error(sqlstate::kWrongObjectType, "{}(*) specified, but {} is not an aggregate function",
                 name, name)
        .At(ast.position);
  }
  if (ast.distinct) return CallNotAggregate("DISTINCT", name, ast.position);
  if (!ast.order_by.empty()) return CallNotAggregate("ORDER BY", name, ast.position);
  if (ast.filter != nullptr) return CallNotAggregate("FILTER", name, ast.position);
  ExprList args;
  for (const AstCallArg& arg : ast.args) {
    DRIFTDB_ASSIGN_OR_RETURN(ExprPtr bound, BindExpr(*arg.value));
    args.push_back(std::move(bound));
  }
  if (name == "generate_series") {
    return Error(sqlstate::kFeatureNotSupported,
                 "set-returning functions are supported in FROM only")
        .At(ast.position);
  }
  if (ast.syntax == CallSyntax::kKeyword && args.size() == 1) {
    return BindCurrentTime(name, *args[0], ast.position);
  }
  DRIFTDB_RETURN_IF_ERROR(NoteSequenceUse(name, args, ast.position));
  return expr::BindFunction(name, std::move(args), ast.position);
}

// current_timestamp(3) and its like: the time, cast to that many digits.
Result<ExprPtr> StatementBinder::BindCurrentTime(const std::string& name, const expr::Expr& digits,
                                                 uint32_t position) {
  DRIFTDB_ASSIGN_OR_RETURN(ExprPtr time, expr::BindFunction(name, {}, position));
  const auto kept =
      static_cast<int>(std::min<int128_t>(digits.value.integer(), kFractionDigitsMax));
  const LogicalType type = LogicalType::Fraction(time->type.id, kept);
  return expr::BindCast(std::move(time), type, expr::CastContext::kExplicit, position);
}

// nextval, currval and setval of a name known now: it must exist, and needs privileges.
Status StatementBinder::NoteSequenceUse(const std::string& function, const ExprList& args,
                                        uint32_t position) {
  const bool next = function == "nextval", set = function == "setval";
  if ((!next && !set && function != "currval") || sequence_unborn_) return OkStatus();
  if (args.empty() || args[0]->kind != expr::ExprKind::kConstant || args[0]->value.is_null() ||
      !args[0]->type.is_string()) {
    return OkStatus();
  }
  Result<AstExprPtr> parsed = ParseExpression(args[0]->value.string());
  AstName name;
  if (parsed.ok() && (*parsed)->kind == AstExprKind::kColumnRef) {
    const std::vector<std::string>& parts = (*parsed)->As<AstColumnRef>().parts;
    name.name = parts.back();
    if (parts.size() > 1) name.schema = parts[parts.size() - 2];
  } else {
    name.name = args[0]->value.string();
  }
  name.position = static_cast<uint32_t>(args[0]->position);
  DRIFTDB_ASSIGN_OR_RETURN(const catalog::RelationEntry found, FindRelation(name));
  if (std::holds_alternative<std::monostate>(found)) return RelationMissing(name);
  const auto* sequence = std::get_if<std::shared_ptr<const catalog::SequenceEntry>>(&found);
  if (sequence == nullptr) {
    return Error(sqlstate::kWrongObjectType, "\"{}\" is not a sequence", name.name).At(position);
  }
  RequiredPrivilege required;
  required.object = (*sequence)->oid;
  required.privileges = set    ? catalog::kPrivilegeUpdate
                        : next ? catalog::kPrivilegeUsage
                               : catalog::kPrivilegeSelect;
  required.object_name = (*sequence)->name;
  required.object_kind = 'S';
  NoteRelation((*sequence)->oid);
  Require(std::move(required));
  return OkStatus();
}

Status StatementBinder::BindAggregateModifiers(const AstFunctionCall& ast, expr::Expr* call) {
  call->aggregate->distinct = ast.distinct;
  if (ast.filter != nullptr) {
    ClauseScope clause(this, BindClause::kFilter);
    DRIFTDB_ASSIGN_OR_RETURN(call->aggregate->filter, BindBoolean(*ast.filter, "FILTER"));
  }
  for (const AstOrderItem& item : ast.order_by) {
    expr::SortKey key;
    SortDefaults(item, &key.descending, &key.nulls_first);
    DRIFTDB_ASSIGN_OR_RETURN(key.expr, BindExpr(*item.expr));
    if (key.expr->type.id == TypeId::kUnknown) {
      DRIFTDB_ASSIGN_OR_RETURN(key.expr, expr::BindCast(std::move(key.expr), TypeId::kText,
                                                        expr::CastContext::kImplicit));
    }
    if (ast.distinct) {
      const bool is_argument =
          std::any_of(call->children.begin(), call->children.end(),
                      [&](const ExprPtr& arg) { return expr::Equals(*arg, *key.expr); });
      if (!is_argument) {
        return Error(sqlstate::kInvalidColumnReference,
                     "in an aggregate with DISTINCT, ORDER BY expressions must appear in argument "
                     "list")
            .At(key.expr->position);
      }
    }
    call->aggregate->order_by.push_back(std::move(key));
  }
  return OkStatus();
}

// Finds the level an aggregate belongs to and checks that it may stand where it does.
Status StatementBinder::PlaceAggregate(expr::Expr* call) {
  call->slot = 0;
  QueryLevel* level = InnermostLevel(*call);
  if (level == nullptr) level = level_;
  Status nested;
  expr::ForEachChild(*call, [&](ExprPtr& child) {
    expr::Walk(*child, [&](const expr::Expr& e) {
      if (!nested.ok()) return false;
      if (e.kind == expr::ExprKind::kAggregate && e.slot == level->id) {
        nested = Error(sqlstate::kGroupingError, "aggregate function calls cannot be nested")
                     .At(e.position);
      } else if (e.kind == expr::ExprKind::kWindow) {
        nested = Error(sqlstate::kGroupingError,
                       "aggregate function calls cannot contain window function calls")
                     .At(e.position);
      }
      return true;
    });
  });
  DRIFTDB_RETURN_IF_ERROR(nested);
  if (!CallAllowsAggregates(level->clause)) {
    if (level->clause == BindClause::kFrom) {
      return Error(sqlstate::kGroupingError,
                   "aggregate functions are not allowed in FROM clause of their own query level")
          .At(call->position);
    }
    return Error(sqlstate::kGroupingError, "aggregate functions are not allowed in {}",
                 ClauseText(level->clause))
        .At(call->position);
  }
  call->slot = level->id;
  level->has_aggregates = true;
  return OkStatus();
}

Result<ExprPtr> StatementBinder::BindAggregateCall(const AstFunctionCall& ast,
                                                   const std::string& name) {
  if (ast.args.empty() && !ast.star && name == "count") {
    return Error(sqlstate::kWrongObjectType,
                 "{}(*) must be used to call a parameterless aggregate function", name)
        .At(ast.position);
  }
  if (ast.star && name != "count") {
    return Error(sqlstate::kUndefinedFunction, "function {}() does not exist", name)
        .WithHint(
            "No function matches the given name and argument types. You might need to add explicit "
            "type casts.")
        .At(ast.position);
  }
  ExprList args;
  for (const AstCallArg& arg : ast.args) {
    DRIFTDB_ASSIGN_OR_RETURN(ExprPtr bound, BindExpr(*arg.value));
    args.push_back(std::move(bound));
  }
  DRIFTDB_ASSIGN_OR_RETURN(ExprPtr call, expr::BindAggregate(name, std::move(args), ast.position));
  DRIFTDB_RETURN_IF_ERROR(BindAggregateModifiers(ast, call.get()));
  DRIFTDB_RETURN_IF_ERROR(PlaceAggregate(call.get()));
  return call;
}

// GROUPING(a, b): an aggregate without a function until the grouping knows its groups.
Result<ExprPtr> StatementBinder::BindGroupingCall(const AstFunctionCall& ast) {
  if (ast.args.size() > 31) {
    return Error(sqlstate::kProgramLimitExceeded, "GROUPING must have fewer than 32 arguments")
        .At(ast.position);
  }
  auto call = std::make_unique<expr::Expr>();
  call->kind = expr::ExprKind::kAggregate;
  call->type = TypeId::kInt32;
  call->position = ast.position;
  call->name = "grouping";
  call->aggregate = std::make_unique<expr::AggregateCall>();
  for (const AstCallArg& arg : ast.args) {
    DRIFTDB_ASSIGN_OR_RETURN(ExprPtr bound, BindExpr(*arg.value));
    call->children.push_back(std::move(bound));
  }
  DRIFTDB_RETURN_IF_ERROR(PlaceAggregate(call.get()));
  return call;
}

}  // namespace driftdb::sql
