// Queries and data-modifying statements as SQL.
#include "sql/parse/deparse.h"
#include "sql/parse/deparse_expr.h"

namespace driftdb::sql {

void Deparser::Name(const AstName& name) {
  if (!name.catalog.empty()) text += QuoteIdentifier(name.catalog) + ".";
  if (!name.schema.empty()) text += QuoteIdentifier(name.schema) + ".";
  text += QuoteIdentifier(name.name);
}

void Deparser::With(const AstWith& with) {
  text += with.recursive ? "WITH RECURSIVE " : "WITH ";
  for (size_t i = 0; i < with.ctes.size(); ++i) {
    const AstCte& cte = with.ctes[i];
    if (i > 0) text += ", ";
    text += QuoteIdentifier(cte.name);
    if (!cte.column_aliases.empty()) {
      text += '(';
      Names(cte.column_aliases);
      text += ')';
    }
    text += " AS ";
    if (cte.materialization == CteMaterialization::kMaterialized) text += "MATERIALIZED ";
    if (cte.materialization == CteMaterialization::kNotMaterialized) text += "NOT MATERIALIZED ";
    text += '(';
    Statement(*cte.statement);
    text += ')';
  }
  text += ' ';
}

void Deparser::SelectOperand(const AstSelect& select, bool parens) {
  if (parens) text += '(';
  Select(select);
  if (parens) text += ')';
}

void Deparser::Select(const AstSelect& select) {
  if (select.with != nullptr) With(*select.with);
  if (select.kind == SelectKind::kSetOperation) {
    const auto plain = [](const AstSelect& operand) {
      return operand.with == nullptr && operand.order_by.empty() && operand.limit == nullptr &&
             operand.offset == nullptr && operand.locking.empty();
    };
    // The left spine is walked with a loop (AST-3).
    std::vector<const AstSelect*> spine{&select};
    while (true) {
      const AstSelect& left = *spine.back()->left;
      if (left.kind != SelectKind::kSetOperation || !plain(left)) break;
      const bool outer_intersect = spine.back()->set_operator == SetOperator::kIntersect;
      if (outer_intersect && left.set_operator != SetOperator::kIntersect) break;
      spine.push_back(&left);
    }
    const AstSelect& bottom = *spine.back()->left;
    SelectOperand(bottom, !plain(bottom) || bottom.kind == SelectKind::kSetOperation);
    for (size_t i = spine.size(); i-- > 0;) {
      const AstSelect& link = *spine[i];
      text += link.set_operator == SetOperator::kUnion       ? " UNION "
              : link.set_operator == SetOperator::kIntersect ? " INTERSECT "
                                                             : " EXCEPT ";
      if (link.all) text += "ALL ";
      SelectOperand(*link.right,
                    !plain(*link.right) || link.right->kind == SelectKind::kSetOperation);
    }
  } else {
    SelectCore(select);
  }
  SelectTail(select);
}

void Deparser::SelectCore(const AstSelect& select) {
  if (select.kind == SelectKind::kValues) {
    text += "VALUES ";
    for (size_t i = 0; i < select.rows.size(); ++i) {
      text += i > 0 ? ", (" : "(";
      List(select.rows[i]);
      text += ')';
    }
    return;
  }
  text += "SELECT";
  if (select.distinct) text += " DISTINCT";
  if (!select.distinct_on.empty()) {
    text += " ON (";
    List(select.distinct_on);
    text += ')';
  }
  if (!select.targets.empty()) {
    text += ' ';
    Targets(select.targets);
  }
  if (!select.from.empty()) {
    text += " FROM ";
    From(select.from);
  }
  if (select.where != nullptr) {
    text += " WHERE ";
    Expr(*select.where);
  }
  if (select.group_by_all) {
    text += " GROUP BY ALL";
  } else if (!select.group_by.empty()) {
    text += select.group_by_distinct ? " GROUP BY DISTINCT " : " GROUP BY ";
    GroupingItems(select.group_by);
  }
  if (select.having != nullptr) {
    text += " HAVING ";
    Expr(*select.having);
  }
  for (size_t i = 0; i < select.windows.size(); ++i) {
    text += i > 0 ? ", " : " WINDOW ";
    text += QuoteIdentifier(select.windows[i].name) + " AS ";
    Window(select.windows[i]);
  }
}

void Deparser::SelectTail(const AstSelect& select) {
  if (!select.order_by.empty()) {
    text += ' ';
    OrderBy(select.order_by);
  }
  if (select.offset != nullptr) {
    text += " OFFSET ";
    Expr(*select.offset);
  }
  if (select.limit != nullptr && select.with_ties) {
    text += " FETCH FIRST ";
    Operand(*select.limit);
    text += " ROWS WITH TIES";
  } else if (select.limit != nullptr) {
    text += " LIMIT ";
    Expr(*select.limit);
  }
  static constexpr const char* kStrengths[] = {"KEY SHARE", "SHARE", "NO KEY UPDATE", "UPDATE"};
  for (const AstLocking& locking : select.locking) {
    text += " FOR ";
    text += kStrengths[static_cast<int>(locking.strength)];
    for (size_t i = 0; i < locking.tables.size(); ++i) {
      text += i > 0 ? ", " : " OF ";
      Name(locking.tables[i]);
    }
    if (locking.wait == LockWait::kNowait) text += " NOWAIT";
    if (locking.wait == LockWait::kSkipLocked) text += " SKIP LOCKED";
  }
}

void Deparser::Targets(const std::vector<AstTarget>& targets) {
  for (size_t i = 0; i < targets.size(); ++i) {
    if (i > 0) text += ", ";
    Expr(*targets[i].expr);
    if (!targets[i].alias.empty()) text += " AS " + QuoteIdentifier(targets[i].alias);
  }
}

void Deparser::GroupingItems(const std::vector<AstGroupingItem>& items) {
  for (size_t i = 0; i < items.size(); ++i) {
    if (i > 0) text += ", ";
    GroupingItem(items[i]);
  }
}

void Deparser::GroupingItem(const AstGroupingItem& item) {
  switch (item.kind) {
    case GroupingKind::kSimple:
      Expr(*item.expr);
      return;
    case GroupingKind::kEmpty:
      text += "()";
      return;
    case GroupingKind::kRollup:
      text += "ROLLUP (";
      break;
    case GroupingKind::kCube:
      text += "CUBE (";
      break;
    case GroupingKind::kSets:
      text += "GROUPING SETS (";
      break;
  }
  GroupingItems(item.items);
  text += ')';
}

void Deparser::From(const std::vector<AstTableRefPtr>& from) {
  for (size_t i = 0; i < from.size(); ++i) {
    if (i > 0) text += ", ";
    TableRef(*from[i]);
  }
}

void Deparser::TableRef(const AstTableRef& ref) {
  if (ref.kind == TableRefKind::kJoin) {
    Join(ref);
  } else {
    TablePrimary(ref);
  }
}

void Deparser::Join(const AstTableRef& top) {
  // A join with an alias of its own stands in parentheses; its spine is walked with a loop (AST-3).
  if (!top.alias.empty()) text += '(';
  std::vector<const AstTableRef*> spine{&top};
  while (spine.back()->left->kind == TableRefKind::kJoin && spine.back()->left->alias.empty()) {
    spine.push_back(spine.back()->left.get());
  }
  TableRef(*spine.back()->left);
  static constexpr const char* kJoins[] = {"JOIN ", "LEFT JOIN ", "RIGHT JOIN ", "FULL JOIN ",
                                           "CROSS JOIN "};
  for (size_t i = spine.size(); i-- > 0;) {
    const AstTableRef& join = *spine[i];
    text += join.natural ? " NATURAL " : " ";
    text += kJoins[static_cast<int>(join.join)];
    const bool parens = join.right->kind == TableRefKind::kJoin && join.right->alias.empty();
    if (parens) text += '(';
    TableRef(*join.right);
    if (parens) text += ')';
    if (!join.using_columns.empty()) {
      text += " USING (";
      Names(join.using_columns);
      text += ')';
      if (!join.using_alias.empty()) text += " AS " + QuoteIdentifier(join.using_alias);
    } else if (join.on != nullptr) {
      text += " ON ";
      Expr(*join.on);
    }
  }
  if (!top.alias.empty()) {
    text += ')';
    Alias(top);
  }
}

void Deparser::TablePrimary(const AstTableRef& ref) {
  if (ref.lateral) text += "LATERAL ";
  if (ref.kind == TableRefKind::kTable) {
    if (ref.only) text += "ONLY ";
    Name(ref.table);
    if (ref.as_of != nullptr) AsOf(*ref.as_of);
    Alias(ref);
    return;
  }
  if (ref.kind == TableRefKind::kSubquery) {
    text += '(';
    Select(*ref.subquery);
    text += ')';
    Alias(ref);
    return;
  }
  if (ref.functions.size() > 1) text += "ROWS FROM (";
  List(ref.functions);
  if (ref.functions.size() > 1) text += ')';
  if (ref.with_ordinality) text += " WITH ORDINALITY";
  if (ref.record_columns.empty()) {
    Alias(ref);
    return;
  }
  text += " AS ";
  if (!ref.alias.empty()) text += QuoteIdentifier(ref.alias);
  for (size_t i = 0; i < ref.record_columns.size(); ++i) {
    text += i > 0 ? ", " : "(";
    text += QuoteIdentifier(ref.record_columns[i].name) + " ";
    Type(ref.record_columns[i].type);
  }
  text += ')';
}

void Deparser::Alias(const AstTableRef& ref) {
  if (ref.alias.empty()) return;
  text += " AS " + QuoteIdentifier(ref.alias);
  if (ref.column_aliases.empty()) return;
  text += '(';
  Names(ref.column_aliases);
  text += ')';
}

void Deparser::AsOf(const AstAsOf& as_of) {
  text += " FOR SYSTEM_TIME AS OF ";
  if (as_of.kind == AsOfKind::kSequence) {
    text += "@SEQ:";
    Expr(*as_of.value);
  } else {
    Operand(*as_of.value);
  }
}

void Deparser::Assignments(const std::vector<AstAssignment>& assignments) {
  for (size_t i = 0; i < assignments.size(); ++i) {
    const AstAssignment& assignment = assignments[i];
    if (i > 0) text += ", ";
    if (assignment.columns.size() == 1 && assignment.subquery == nullptr) {
      text += QuoteIdentifier(assignment.columns[0]) + " = ";
      Expr(*assignment.values[0]);
      continue;
    }
    text += '(';
    Names(assignment.columns);
    text += assignment.subquery != nullptr ? ") = (" : ") = ROW(";
    if (assignment.subquery != nullptr) {
      Select(*assignment.subquery);
    } else {
      List(assignment.values);
    }
    text += ')';
  }
}

void Deparser::OnConflict(const AstOnConflict& conflict) {
  if (conflict.action == ConflictAction::kNone) return;
  text += " ON CONFLICT";
  for (size_t i = 0; i < conflict.target.size(); ++i) {
    const AstIndexElement& element = conflict.target[i];
    text += i > 0 ? ", " : " (";
    if (element.expr != nullptr) {
      Parens(*element.expr);
    } else {
      text += QuoteIdentifier(element.column);
    }
    if (!element.collation.empty()) {
      text += " COLLATE ";
      DottedNames(element.collation);
    }
    if (!element.operator_class.empty()) {
      text += ' ';
      DottedNames(element.operator_class);
    }
  }
  if (!conflict.target.empty()) text += ')';
  if (conflict.target_where != nullptr) {
    text += " WHERE ";
    Expr(*conflict.target_where);
  }
  if (!conflict.constraint.empty()) {
    text += " ON CONSTRAINT " + QuoteIdentifier(conflict.constraint);
  }
  if (conflict.action == ConflictAction::kNothing) {
    text += " DO NOTHING";
    return;
  }
  text += " DO UPDATE SET ";
  Assignments(conflict.assignments);
  if (conflict.where != nullptr) {
    text += " WHERE ";
    Expr(*conflict.where);
  }
}

void Deparser::Insert(const AstInsert& insert) {
  if (insert.with != nullptr) With(*insert.with);
  text += "INSERT INTO ";
  Name(insert.table);
  if (!insert.alias.empty()) text += " AS " + QuoteIdentifier(insert.alias);
  if (!insert.columns.empty()) {
    text += " (";
    Names(insert.columns);
    text += ')';
  }
  if (insert.overriding == OverridingKind::kSystemValue) text += " OVERRIDING SYSTEM VALUE";
  if (insert.overriding == OverridingKind::kUserValue) text += " OVERRIDING USER VALUE";
  if (insert.source == nullptr) {
    text += " DEFAULT VALUES";
  } else {
    text += ' ';
    Select(*insert.source);
  }
  OnConflict(insert.on_conflict);
  if (!insert.returning.empty()) {
    text += " RETURNING ";
    Targets(insert.returning);
  }
}

void Deparser::Update(const AstUpdate& update) {
  if (update.with != nullptr) With(*update.with);
  text += "UPDATE ";
  Name(update.table);
  if (!update.alias.empty()) text += " AS " + QuoteIdentifier(update.alias);
  text += " SET ";
  Assignments(update.assignments);
  if (!update.from.empty()) {
    text += " FROM ";
    From(update.from);
  }
  if (update.where != nullptr) {
    text += " WHERE ";
    Expr(*update.where);
  }
  if (!update.returning.empty()) {
    text += " RETURNING ";
    Targets(update.returning);
  }
}

void Deparser::Delete(const AstDelete& node) {
  if (node.with != nullptr) With(*node.with);
  text += "DELETE FROM ";
  Name(node.table);
  if (!node.alias.empty()) text += " AS " + QuoteIdentifier(node.alias);
  if (!node.using_tables.empty()) {
    text += " USING ";
    From(node.using_tables);
  }
  if (node.where != nullptr) {
    text += " WHERE ";
    Expr(*node.where);
  }
  if (!node.returning.empty()) {
    text += " RETURNING ";
    Targets(node.returning);
  }
}

void Deparser::Statement(const AstStatement& statement) {
  if (const auto* select = statement.Get<AstSelect>()) Select(*select);
  if (const auto* insert = statement.Get<AstInsert>()) Insert(*insert);
  if (const auto* update = statement.Get<AstUpdate>()) Update(*update);
  if (const auto* remove = statement.Get<AstDelete>()) Delete(*remove);
}

}  // namespace driftdb::sql
