// WITH: common table expressions, plain and recursive. A definition is bound once. One that is
// referenced once and neither MATERIALIZED nor volatile replaces its reference; one that nobody
// references disappears.
#include <algorithm>

#include "base/error.h"
#include "base/status_macros.h"
#include "sql/bind/statement_binder.h"

namespace driftdb::sql {

namespace {

size_t CteCountScans(LogicalNode& plan, uint32_t cte_id, LogicalNode** last) {
  size_t count = 0;
  WalkLogical(plan, [&](LogicalNode& node) {
    const auto* scan = node.As<LogicalCteScan>();
    if (scan == nullptr || scan->cte_id != cte_id) return;
    ++count;
    *last = &node;
  });
  return count;
}

bool CteIsVolatile(LogicalNode& plan) {
  bool found = false;
  WalkLogical(plan, [&](LogicalNode& node) {
    ForEachExpression(node, [&](ExprPtr& expr) { found = found || expr::IsVolatile(*expr); });
  });
  return found;
}

Status CteNoRecursiveForm(const std::string& name, uint32_t position) {
  return Error(sqlstate::kInvalidRecursion,
               "recursive query \"{}\" does not have the form non-recursive-term UNION [ALL] "
               "recursive-term",
               name)
      .At(position);
}

}  // namespace

Status StatementBinder::NameCteColumns(const AstCte& cte, const BoundSelect& select,
                                       CteDefinition* definition) {
  if (cte.column_aliases.size() > select.columns.size()) {
    return Error(sqlstate::kInvalidColumnReference,
                 "WITH query \"{}\" has {} columns available but {} columns specified", cte.name,
                 select.columns.size(), cte.column_aliases.size())
        .At(cte.position);
  }
  definition->column_names.clear();
  definition->types.clear();
  for (size_t i = 0; i < select.columns.size(); ++i) {
    definition->column_names.push_back(i < cte.column_aliases.size() ? cte.column_aliases[i]
                                                                     : select.columns[i].name);
    definition->types.push_back(select.columns[i].type);
  }
  return OkStatus();
}

// base UNION [ALL] step, where step refers to the rows of the turn before.
Result<BoundSelect> StatementBinder::BindRecursive(const AstCte& cte, CteDefinition* definition,
                                                   LogicalCte* node) {
  const AstSelect& query = *cte.statement->Get<AstSelect>();
  if (query.kind != SelectKind::kSetOperation || query.set_operator != SetOperator::kUnion ||
      query.with != nullptr) {
    definition->pending = true;
    Result<BoundSelect> plain = BindSelect(query);
    definition->pending = false;
    if (definition->self_seen) return CteNoRecursiveForm(cte.name, cte.position);
    return plain;
  }
  definition->pending = true;
  DRIFTDB_ASSIGN_OR_RETURN(BoundSelect base, BindSelect(*query.left));
  DRIFTDB_RETURN_IF_ERROR(NameCteColumns(cte, base, definition));
  definition->self_allowed = true;
  DRIFTDB_ASSIGN_OR_RETURN(BoundSelect step, BindSelect(*query.right, true));
  definition->pending = false;
  if (!definition->self_seen) return BindSelect(query);
  for (const auto& [present, what] :
       {std::pair(!query.order_by.empty(), "ORDER BY"),
        std::pair(query.offset != nullptr, "OFFSET"), std::pair(query.limit != nullptr, "LIMIT")}) {
    if (present) {
      return Error(sqlstate::kFeatureNotSupported, "{} in a recursive query is not implemented",
                   what)
          .At(query.position);
    }
  }
  std::vector<BoundSelect> parts;
  parts.push_back(std::move(base));
  parts.push_back(std::move(step));
  DRIFTDB_ASSIGN_OR_RETURN(
      const std::vector<LogicalType> types,
      UnifyTypes(parts, {"UNION", "UNION"}, {query.left.get(), query.right.get()}));
  for (size_t i = 0; i < types.size(); ++i) {
    if (types[i] == definition->types[i]) continue;
    // A numeric step may be wider than the base; the working table keeps the base's type.
    if (types[i].id == definition->types[i].id && !types[i].is_timed()) continue;
    return Error(sqlstate::kDatatypeMismatch,
                 "recursive query \"{}\" column {} has type {} in non-recursive term but type {} "
                 "overall",
                 cte.name, i + 1, definition->types[i].ToString(), types[i].ToString())
        .WithHint("Cast the output of the non-recursive term to the correct type.")
        .At(cte.position);
  }
  for (BoundSelect& part : parts) {
    DRIFTDB_RETURN_IF_ERROR(CoerceSelect(&part, definition->types));
  }
  node->recursive = true;
  return CombineParts(std::move(parts), LogicalSetOp::kUnion, query.all, definition->types);
}

Status StatementBinder::BindCte(const AstWith& with, const AstCte& cte, CteDefinition* definition,
                                LogicalCte* node, LogicalPtr* plan) {
  const AstSelect* query = cte.statement->Get<AstSelect>();
  if (query == nullptr) {
    return Error(sqlstate::kFeatureNotSupported,
                 "data-modifying statements in WITH are not supported yet")
        .At(cte.position);
  }
  definition->name = cte.name;
  definition->cte_id = next_cte_++;
  definition->position = cte.position;
  node->cte_id = definition->cte_id;
  node->name = cte.name;
  BoundSelect bound;
  if (with.recursive) {
    CteFrame frame{ctes_, {definition}};
    ctes_ = &frame;
    Result<BoundSelect> recursive = BindRecursive(cte, definition, node);
    ctes_ = frame.parent;
    if (!recursive.ok()) return std::move(recursive).status();
    bound = std::move(recursive).value();
  } else {
    DRIFTDB_ASSIGN_OR_RETURN(bound, BindSelect(*query));
  }
  definition->pending = false;
  DRIFTDB_RETURN_IF_ERROR(NameCteColumns(cte, bound, definition));
  node->types = definition->types;
  for (const OutputColumn& column : bound.columns) node->columns.push_back(column.binding);
  *plan = std::move(bound.plan);
  return OkStatus();
}

LogicalPtr StatementBinder::AttachCte(LogicalCte node, LogicalPtr definition, LogicalPtr body,
                                      CteMaterialization materialization) {
  LogicalNode* scan = nullptr;
  const size_t references = CteCountScans(*body, node.cte_id, &scan);
  if (references == 0) return body;
  const bool inlined = references == 1 && !node.recursive &&
                       materialization != CteMaterialization::kMaterialized &&
                       !CteIsVolatile(*definition);
  if (inlined) {
    LogicalProjection projection;
    projection.table_index = scan->As<LogicalCteScan>()->table_index;
    for (size_t i = 0; i < node.columns.size(); ++i) {
      projection.expressions.push_back(expr::MakeColumn(node.columns[i], node.types[i]));
    }
    scan->payload = std::move(projection);
    scan->children.push_back(std::move(definition));
    return body;
  }
  node.materialized = materialization != CteMaterialization::kNotMaterialized;
  LogicalPtr wrapped = MakeLogical(std::move(node));
  wrapped->children.push_back(std::move(definition));
  wrapped->children.push_back(std::move(body));
  return wrapped;
}

Result<LogicalPtr> StatementBinder::WithCtes(const AstWith* with,
                                             expr::FunctionRef<Result<LogicalPtr>()> body) {
  if (with == nullptr) return body();
  std::vector<CteDefinition> definitions(with->ctes.size());
  std::vector<LogicalCte> nodes(with->ctes.size());
  std::vector<LogicalPtr> plans(with->ctes.size());
  CteFrame frame{ctes_, {}};
  ctes_ = &frame;
  const auto bind = [&]() -> Result<LogicalPtr> {
    for (size_t i = 0; i < with->ctes.size(); ++i) {
      for (size_t j = 0; j < i; ++j) {
        if (with->ctes[j].name == with->ctes[i].name) {
          return Error(sqlstate::kDuplicateAlias, "WITH query name \"{}\" specified more than once",
                       with->ctes[i].name)
              .At(with->ctes[i].position);
        }
      }
      DRIFTDB_RETURN_IF_ERROR(BindCte(*with, with->ctes[i], &definitions[i], &nodes[i], &plans[i]));
      frame.definitions.push_back(&definitions[i]);
    }
    return body();
  };
  Result<LogicalPtr> plan = bind();
  ctes_ = frame.parent;
  if (!plan.ok()) return plan;
  for (size_t i = with->ctes.size(); i-- > 0;) {
    LogicalPtr inner = std::move(*plan);
    *plan = AttachCte(std::move(nodes[i]), std::move(plans[i]), std::move(inner),
                      with->ctes[i].materialization);
  }
  return plan;
}

Result<BoundSelect> StatementBinder::BindWith(const AstSelect& select, bool keep_unknown) {
  BoundSelect result;
  DRIFTDB_ASSIGN_OR_RETURN(result.plan, WithCtes(select.with.get(), [&]() -> Result<LogicalPtr> {
                             DRIFTDB_ASSIGN_OR_RETURN(BoundSelect body,
                                                      BindSelectBody(select, keep_unknown));
                             result.columns = std::move(body.columns);
                             return std::move(body.plan);
                           }));
  return result;
}

}  // namespace driftdb::sql
