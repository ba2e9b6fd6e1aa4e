// UNION, INTERSECT, EXCEPT and VALUES. Chains of one associative operator become balanced trees, so
// that a UNION of thousands of queries is a plan a few levels deep.
#include <algorithm>

#include "base/error.h"
#include "base/status_macros.h"
#include "sql/bind/statement_binder.h"

namespace driftdb::sql {

namespace {

std::string_view SetOperatorText(SetOperator op) {
  return op == SetOperator::kUnion       ? "UNION"
         : op == SetOperator::kIntersect ? "INTERSECT"
                                         : "EXCEPT";
}

LogicalSetOp SetOperatorOf(SetOperator op) {
  return op == SetOperator::kUnion       ? LogicalSetOp::kUnion
         : op == SetOperator::kIntersect ? LogicalSetOp::kIntersect
                                         : LogicalSetOp::kExcept;
}

// Without clauses of its own a left operand continues the chain.
bool SetIsChained(const AstSelect& select) {
  return select.kind == SelectKind::kSetOperation && select.with == nullptr &&
         select.order_by.empty() && select.limit == nullptr && select.offset == nullptr &&
         select.locking.empty();
}

std::vector<expr::ColumnBinding> SetBindings(const BoundSelect& select) {
  std::vector<expr::ColumnBinding> bindings;
  for (const OutputColumn& column : select.columns) bindings.push_back(column.binding);
  return bindings;
}

}  // namespace

// Common types, joined pairwise from the left as PostgreSQL does. An untyped literal takes part as
// itself.
Result<std::vector<LogicalType>> StatementBinder::UnifyTypes(
    const std::vector<BoundSelect>& parts, const std::vector<std::string_view>& constructs,
    const std::vector<const AstSelect*>& sources) {
  std::vector<LogicalType> types;
  for (const OutputColumn& column : parts[0].columns) types.push_back(column.type);
  for (size_t p = 1; p < parts.size(); ++p) {
    if (parts[p].columns.size() != types.size()) {
      return Error(sqlstate::kSyntaxError, "each {} query must have the same number of columns",
                   constructs[p])
          .At(StartOfOutput(*sources[p], 0));
    }
    for (size_t c = 0; c < types.size(); ++c) {
      const LogicalType other = parts[p].columns[c].type;
      if (types[c] == other || other.id == TypeId::kUnknown) continue;
      if (types[c].id == TypeId::kUnknown) {
        types[c] = other;
        continue;
      }
      Result<LogicalType> common = expr::CommonType(types[c], other, constructs[p]);
      if (!common.ok()) {
        return std::move(common).status().At(StartOfOutput(*sources[p], c));
      }
      types[c] = *common;
    }
  }
  for (size_t c = 0; c < types.size(); ++c) {
    if (types[c].id == TypeId::kUnknown) types[c] = TypeId::kText;
    for (const BoundSelect& part : parts) {
      const ExprPtr* untyped = UntypedOutput(part, c);
      if (untyped != nullptr) types[c] = expr::WidenForUntyped(**untyped, types[c]);
    }
  }
  return types;
}

ExprPtr* StatementBinder::UntypedOutput(const BoundSelect& select, size_t column) {
  const OutputColumn& output = select.columns[column];
  if (output.type.id != TypeId::kUnknown) return nullptr;
  LogicalNode* node = select.plan.get();
  // Only LIMIT stands above a block that kept its untyped columns (BindBlock), or WITH.
  while (node->As<LogicalLimit>() != nullptr || node->As<LogicalCte>() != nullptr) {
    node = node->children.back().get();
  }
  auto* projection = node->As<LogicalProjection>();
  if (projection == nullptr || projection->table_index != output.binding.table_index) {
    return nullptr;
  }
  return &projection->expressions[output.binding.column_index];
}

Status StatementBinder::CoerceSelect(BoundSelect* select, const std::vector<LogicalType>& types) {
  bool equal = true;
  for (size_t i = 0; i < types.size(); ++i) {
    ExprPtr* untyped = UntypedOutput(*select, i);
    if (untyped == nullptr) continue;
    DRIFTDB_ASSIGN_OR_RETURN(
        *untyped, expr::BindCast(std::move(*untyped), types[i], expr::CastContext::kImplicit));
    DRIFTDB_RETURN_IF_ERROR(NoteParameters(**untyped));
    select->columns[i].type = types[i];
  }
  for (size_t i = 0; i < types.size(); ++i) equal = equal && select->columns[i].type == types[i];
  if (equal) return OkStatus();
  auto* top = select->plan->As<LogicalProjection>();
  LogicalProjection added;
  if (top == nullptr) {
    added.table_index = MakeTableIndex("");
    for (OutputColumn& column : select->columns) {
      added.expressions.push_back(expr::MakeColumn(column.binding, column.type, column.name));
      column.binding = {added.table_index, static_cast<uint32_t>(added.expressions.size() - 1)};
    }
    LogicalPtr node = MakeLogical(std::move(added));
    node->children.push_back(std::move(select->plan));
    select->plan = std::move(node);
    top = select->plan->As<LogicalProjection>();
  }
  for (size_t i = 0; i < types.size(); ++i) {
    OutputColumn& column = select->columns[i];
    ExprPtr& value = top->expressions[column.binding.column_index];
    DRIFTDB_ASSIGN_OR_RETURN(
        value, expr::BindCast(std::move(value), types[i], expr::CastContext::kImplicit));
    DRIFTDB_RETURN_IF_ERROR(NoteParameters(*value));
    if (!(column.type == types[i])) {
      column.table = Oid();
      column.column = ColumnId();
    }
    column.type = types[i];
  }
  return OkStatus();
}

BoundSelect StatementBinder::CombineParts(std::vector<BoundSelect> parts, LogicalSetOp op, bool all,
                                          const std::vector<LogicalType>& types) {
  while (parts.size() > 1) {
    std::vector<BoundSelect> half;
    for (size_t i = 0; i + 1 < parts.size(); i += 2) {
      LogicalSetOperation node;
      node.table_index = MakeTableIndex("");
      node.op = op;
      node.all = all;
      node.types = types;
      node.left = SetBindings(parts[i]);
      node.right = SetBindings(parts[i + 1]);
      BoundSelect combined;
      combined.columns = std::move(parts[i].columns);
      for (size_t c = 0; c < combined.columns.size(); ++c) {
        combined.columns[c].binding = {node.table_index, static_cast<uint32_t>(c)};
        combined.columns[c].table = Oid();
        combined.columns[c].column = ColumnId();
      }
      combined.plan = MakeLogical(std::move(node));
      combined.plan->children.push_back(std::move(parts[i].plan));
      combined.plan->children.push_back(std::move(parts[i + 1].plan));
      half.push_back(std::move(combined));
    }
    if (parts.size() % 2 == 1) half.push_back(std::move(parts.back()));
    parts = std::move(half);
  }
  return std::move(parts[0]);
}

Result<BoundSelect> StatementBinder::BindSetOperation(const AstSelect& select) {
  std::vector<const AstSelect*> nodes;  // from the top down the left spine (AST-3)
  const AstSelect* bottom = &select;
  do {
    nodes.push_back(bottom);
    bottom = bottom->left.get();
  } while (SetIsChained(*bottom));
  std::reverse(nodes.begin(), nodes.end());

  std::vector<BoundSelect> parts;
  std::vector<std::string_view> constructs = {SetOperatorText(nodes[0]->set_operator)};
  std::vector<const AstSelect*> sources = {bottom};
  DRIFTDB_ASSIGN_OR_RETURN(BoundSelect first, BindSelect(*bottom, true));
  parts.push_back(std::move(first));
  for (const AstSelect* node : nodes) {
    DRIFTDB_ASSIGN_OR_RETURN(BoundSelect part, BindSelect(*node->right, true));
    parts.push_back(std::move(part));
    constructs.push_back(SetOperatorText(node->set_operator));
    sources.push_back(node->right.get());
  }
  DRIFTDB_ASSIGN_OR_RETURN(const std::vector<LogicalType> types,
                           UnifyTypes(parts, constructs, sources));
  for (BoundSelect& part : parts) DRIFTDB_RETURN_IF_ERROR(CoerceSelect(&part, types));

  BoundSelect result = std::move(parts[0]);
  int runs = 0;
  for (size_t i = 0; i < nodes.size();) {
    const SetOperator op = nodes[i]->set_operator;
    const bool all = nodes[i]->all;
    std::vector<BoundSelect> run;
    for (; i < nodes.size() && nodes[i]->set_operator == op && nodes[i]->all == all; ++i) {
      run.push_back(std::move(parts[i + 1]));
    }
    if (depth_ + ++runs > kBindDepthMax) {
      return Error(sqlstate::kStatementTooComplex, "stack depth limit exceeded");
    }
    if (op == SetOperator::kExcept) {
      // a - b - c is a - (b + c), with and without ALL.
      BoundSelect removed = CombineParts(std::move(run), LogicalSetOp::kUnion, all, types);
      run.clear();
      run.push_back(std::move(removed));
    }
    run.insert(run.begin(), std::move(result));
    result = CombineParts(std::move(run), SetOperatorOf(op), all, types);
  }
  return OrderResult(select, std::move(result));
}

// ORDER BY and LIMIT over a set operation or VALUES: output columns only.
Result<BoundSelect> StatementBinder::OrderResult(const AstSelect& select, BoundSelect result) {
  QueryLevel level;
  LevelScope enter(this, &level);
  std::vector<BoundTarget> targets;
  for (const OutputColumn& column : result.columns) {
    BoundTarget target;
    target.expr = expr::MakeColumn(column.binding, column.type, column.name);
    target.name = column.name;
    targets.push_back(std::move(target));
  }
  LogicalSort sort;
  for (const AstOrderItem& item : select.order_by) {
    DRIFTDB_ASSIGN_OR_RETURN(const int match,
                             MatchTarget(*item.expr, BindClause::kOrderBy, targets));
    if (match < 0) {
      if (item.expr->kind == AstExprKind::kColumnRef &&
          item.expr->As<AstColumnRef>().parts.size() == 1) {
        return MissingColumn("", item.expr->As<AstColumnRef>().parts[0], item.expr->position);
      }
      return Error(sqlstate::kFeatureNotSupported, "invalid UNION/INTERSECT/EXCEPT ORDER BY clause")
          .WithDetail("Only result column names can be used, not expressions or functions.")
          .WithHint(
              "Add the expression/function to every SELECT, or move the UNION into a FROM clause.")
          .At(StartOf(*item.expr));
    }
    expr::SortKey key;
    SortDefaults(item, &key.descending, &key.nulls_first);
    key.expr = targets[static_cast<size_t>(match)].expr->Clone();
    sort.keys.push_back(std::move(key));
  }
  if (!sort.keys.empty()) {
    LogicalPtr node = MakeLogical(std::move(sort));
    node->children.push_back(std::move(result.plan));
    result.plan = std::move(node);
  }
  DRIFTDB_ASSIGN_OR_RETURN(result.plan, BindLimit(select, std::move(result.plan)));
  return result;
}

Result<BoundSelect> StatementBinder::BindValues(const AstSelect& select) {
  LogicalValues values;
  {
    QueryLevel level;
    level.clause = BindClause::kValues;
    LevelScope enter(this, &level);
    values.rows.reserve(select.rows.size());
    for (const AstExprList& row : select.rows) {
      if (row.size() != select.rows[0].size()) {
        return Error(sqlstate::kSyntaxError, "VALUES lists must all be the same length")
            .At(row.empty() ? select.position : row[0]->position);
      }
      DRIFTDB_ASSIGN_OR_RETURN(ExprList bound, BindList(row));
      values.rows.push_back(std::move(bound));
    }
  }
  BoundSelect result;
  values.table_index = MakeTableIndex("");
  for (size_t c = 0; c < select.rows[0].size(); ++c) {
    std::vector<const expr::Expr*> column;
    for (const ExprList& row : values.rows) column.push_back(row[c].get());
    DRIFTDB_ASSIGN_OR_RETURN(const LogicalType type, expr::CommonType(column, "VALUES"));
    for (ExprList& row : values.rows) {
      DRIFTDB_ASSIGN_OR_RETURN(
          row[c], expr::BindCast(std::move(row[c]), type, expr::CastContext::kImplicit));
      DRIFTDB_RETURN_IF_ERROR(NoteParameters(*row[c]));
    }
    values.types.push_back(type);
    result.columns.push_back({"column" + std::to_string(c + 1),
                              type,
                              {values.table_index, static_cast<uint32_t>(c)},
                              {},
                              {}});
  }
  result.plan = MakeLogical(std::move(values));
  return OrderResult(select, std::move(result));
}

}  // namespace driftdb::sql
