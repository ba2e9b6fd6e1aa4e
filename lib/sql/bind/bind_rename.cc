// ALTER ... RENAME. Stored texts name things, so renaming what a view or a default refers to is
// refused until they can be rewritten; checks of the table itself are rewritten here.
#include <algorithm>

#include "base/error.h"
#include "base/status_macros.h"
#include "sql/bind/statement_binder.h"
#include "sql/parse/deparse.h"
#include "sql/parse/parse.h"

namespace driftdb::sql {

namespace {

using RenameVisit = expr::FunctionRef<void(AstColumnRef&)>;

void RenameWalk(AstExpr* ast, RenameVisit visit);
void RenameWalkAll(AstExprList& list, RenameVisit visit) {
  for (AstExprPtr& item : list) RenameWalk(item.get(), visit);
}

void RenameWalkCall(AstFunctionCall& call, RenameVisit visit) {
  for (AstCallArg& arg : call.args) RenameWalk(arg.value.get(), visit);
  for (AstOrderItem& item : call.order_by) RenameWalk(item.expr.get(), visit);
  RenameWalk(call.filter.get(), visit);
}

void RenameWalkCase(AstCase& ast, RenameVisit visit) {
  RenameWalk(ast.operand.get(), visit);
  for (AstCaseWhen& branch : ast.whens) {
    RenameWalk(branch.when.get(), visit);
    RenameWalk(branch.then.get(), visit);
  }
  RenameWalk(ast.otherwise.get(), visit);
}

// Every column reference of an expression without subqueries (a check has none).
void RenameWalk(AstExpr* ast, RenameVisit visit) {
  if (ast == nullptr) return;
  switch (ast->kind) {
    case AstExprKind::kColumnRef:
      return visit(ast->As<AstColumnRef>());
    case AstExprKind::kUnary:
      return RenameWalk(ast->As<AstUnary>().operand.get(), visit);
    case AstExprKind::kBinary: {
      AstExpr* left = ast;
      while (left->kind == AstExprKind::kBinary) {  // AST-2
        RenameWalk(left->As<AstBinary>().right.get(), visit);
        left = left->As<AstBinary>().left.get();
      }
      return RenameWalk(left, visit);
    }
    case AstExprKind::kLogical:
      return RenameWalkAll(ast->As<AstLogical>().args, visit);
    case AstExprKind::kNot:
      return RenameWalk(ast->As<AstNot>().operand.get(), visit);
    case AstExprKind::kFunctionCall:
      return RenameWalkCall(ast->As<AstFunctionCall>(), visit);
    case AstExprKind::kCase:
      return RenameWalkCase(ast->As<AstCase>(), visit);
    case AstExprKind::kCast:
      return RenameWalk(ast->As<AstCast>().operand.get(), visit);
    case AstExprKind::kBetween:
      RenameWalk(ast->As<AstBetween>().operand.get(), visit);
      RenameWalk(ast->As<AstBetween>().low.get(), visit);
      return RenameWalk(ast->As<AstBetween>().high.get(), visit);
    case AstExprKind::kIn:
      RenameWalk(ast->As<AstIn>().operand.get(), visit);
      return RenameWalkAll(ast->As<AstIn>().list, visit);
    case AstExprKind::kLike:
      RenameWalk(ast->As<AstLike>().operand.get(), visit);
      RenameWalk(ast->As<AstLike>().pattern.get(), visit);
      return RenameWalk(ast->As<AstLike>().escape.get(), visit);
    case AstExprKind::kIs:
      return RenameWalk(ast->As<AstIs>().operand.get(), visit);
    case AstExprKind::kDistinctFrom:
      RenameWalk(ast->As<AstDistinctFrom>().left.get(), visit);
      return RenameWalk(ast->As<AstDistinctFrom>().right.get(), visit);
    case AstExprKind::kQuantified:
      RenameWalk(ast->As<AstQuantified>().left.get(), visit);
      return RenameWalk(ast->As<AstQuantified>().array.get(), visit);
    case AstExprKind::kRow:
      return RenameWalkAll(ast->As<AstRow>().elements, visit);
    case AstExprKind::kArray:
      return RenameWalkAll(ast->As<AstArray>().elements, visit);
    case AstExprKind::kCollate:
      return RenameWalk(ast->As<AstCollate>().operand.get(), visit);
    default:
      return;
  }
}

Status RenameBlocked(std::string_view what, const std::string& view) {
  return Error(sqlstate::kFeatureNotSupported,
               "renaming a {} that view \"{}\" depends on is not supported yet", what, view);
}

}  // namespace

Status StatementBinder::RenameColumn(const AstRename& ast, const catalog::TableEntry& table,
                                     BoundAlterAction* action) {
  const int found = table.FindColumn(ast.old_name);
  if (found < 0) {
    return Error(sqlstate::kUndefinedColumn, "column \"{}\" does not exist", ast.old_name)
        .At(ast.old_name_position);
  }
  if (table.FindColumn(ast.target_name) >= 0) {
    return Error(sqlstate::kDuplicateColumn, "column \"{}\" of relation \"{}\" already exists",
                 ast.target_name, table.name);
  }
  action->kind = BoundAlterKind::kRenameColumn;
  action->ordinal = static_cast<uint32_t>(found);
  DRIFTDB_ASSIGN_OR_RETURN(const std::vector<Oid> views, ViewsUsing(table.oid, action->ordinal));
  if (!views.empty()) {
    return RenameBlocked("column", catalog::RelationName(catalog_.FindRelation(views[0])));
  }
  for (const catalog::ConstraintEntry& constraint : table.constraints) {
    if (constraint.type != catalog::ConstraintType::kCheck) continue;
    DRIFTDB_ASSIGN_OR_RETURN(AstExprPtr check, ParseExpression(constraint.check_sql));
    RenameWalk(check.get(), [&](AstColumnRef& ref) {
      if (ref.parts.back() == ast.old_name) ref.parts.back() = ast.target_name;
    });
    action->rewritten_checks.emplace_back(constraint.name, Deparse(*check));
  }
  return OkStatus();
}

Status StatementBinder::RenameConstraint(const AstRename& ast, const catalog::TableEntry& table,
                                         BoundAlterAction* action) {
  const auto named = [&](const std::string& name) {
    return std::any_of(
        table.constraints.begin(), table.constraints.end(),
        [&](const catalog::ConstraintEntry& constraint) { return constraint.name == name; });
  };
  if (!named(ast.old_name)) {
    return Error(sqlstate::kUndefinedObject, "constraint \"{}\" for table \"{}\" does not exist",
                 ast.old_name, table.name);
  }
  if (named(ast.target_name)) {
    return Error(sqlstate::kDuplicateObject, "constraint \"{}\" for relation \"{}\" already exists",
                 ast.target_name, table.name);
  }
  action->kind = BoundAlterKind::kRenameConstraint;
  action->constraint = ast.old_name;
  return OkStatus();
}

Status StatementBinder::RenameObject(const AstRename& ast, const catalog::RelationEntry& relation,
                                     BoundAlterAction* action) {
  action->kind = BoundAlterKind::kRenameRelation;
  DRIFTDB_RETURN_IF_ERROR(
      NameTaken(catalog::RelationSchema(relation), ast.target_name, false, "", nullptr).status());
  const Oid oid = catalog::RelationOid(relation);
  for (const auto& [other, entry] : catalog_.relations()) {
    const auto* view = std::get_if<std::shared_ptr<const catalog::ViewEntry>>(&entry);
    if (view == nullptr || other == oid) continue;
    const std::vector<Oid>& on = (*view)->depends_on;
    if (std::find(on.begin(), on.end(), oid) != on.end()) {
      return RenameBlocked("relation", (*view)->name);
    }
  }
  if (std::holds_alternative<std::shared_ptr<const catalog::SequenceEntry>>(relation)) {
    BoundDrop drop;
    const Status used = ExpandDrop(false, "", {oid}, &drop);
    if (!used.ok()) {
      return Error(sqlstate::kFeatureNotSupported,
                   "renaming a sequence that a default draws from is not supported yet");
    }
  }
  return OkStatus();
}

Result<BoundStatement> StatementBinder::RenameSchema(const AstRename& ast) {
  const catalog::SchemaEntry* schema = catalog_.FindSchema(ast.name.name);
  if (schema == nullptr) {
    return Error(sqlstate::kInvalidSchemaName, "schema \"{}\" does not exist", ast.name.name);
  }
  if (catalog_.FindSchema(ast.target_name) != nullptr) {
    return Error(sqlstate::kDuplicateSchema, "schema \"{}\" already exists", ast.target_name);
  }
  BoundAlterSchema alter;
  alter.schema = schema->oid;
  alter.name = ast.target_name;
  RequireOwner(schema->oid, schema->name, 'n');
  alter.privileges = TakePrivileges();
  BoundStatement statement;
  statement.node = std::move(alter);
  return statement;
}

Result<BoundStatement> StatementBinder::BindRename(const AstRename& ast) {
  if (ast.object == ObjectKind::kSchema) return RenameSchema(ast);
  DRIFTDB_ASSIGN_OR_RETURN(const catalog::RelationEntry found, FindRelation(ast.name));
  BoundStatement statement;
  const std::string tag = ast.object == ObjectKind::kIndex      ? "ALTER INDEX"
                          : ast.object == ObjectKind::kView     ? "ALTER VIEW"
                          : ast.object == ObjectKind::kSequence ? "ALTER SEQUENCE"
                                                                : "ALTER TABLE";
  if (std::holds_alternative<std::monostate>(found)) {
    if (!ast.if_exists) return RelationMissing(ast.name);
    BoundNothing nothing;
    nothing.tag = tag;
    nothing.notices.push_back(
        {sqlstate::kSuccess, "relation \"" + Display(ast.name) + "\" does not exist, skipping"});
    statement.node = std::move(nothing);
    return statement;
  }
  BoundAlterTable alter;
  alter.tag = tag;
  alter.relation = catalog::RelationOid(found);
  if (const auto* table = std::get_if<std::shared_ptr<const catalog::TableEntry>>(&found)) {
    alter.table = *table;
  }
  BoundAlterAction action;
  action.name = ast.target_name;
  if (ast.rename == RenameKind::kObject) {
    DRIFTDB_RETURN_IF_ERROR(RenameObject(ast, found, &action));
  } else if (alter.table == nullptr) {
    return Error(sqlstate::kFeatureNotSupported, "columns of \"{}\" cannot be renamed yet",
                 ast.name.name)
        .At(ast.name.position);
  } else {
    DRIFTDB_RETURN_IF_ERROR(ast.rename == RenameKind::kColumn
                                ? RenameColumn(ast, *alter.table, &action)
                                : RenameConstraint(ast, *alter.table, &action));
  }
  alter.actions.push_back(std::move(action));
  RequireRelationOwner(found);
  alter.privileges = TakePrivileges();
  statement.node = std::move(alter);
  return statement;
}

}  // namespace driftdb::sql
