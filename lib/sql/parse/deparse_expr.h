// The deparser's inside: one text that all its functions append to. Private to this folder.
#ifndef DRIFTDB_SQL_PARSE_DEPARSE_EXPR_H_
#define DRIFTDB_SQL_PARSE_DEPARSE_EXPR_H_

#include <string>
#include <string_view>
#include <vector>

#include "sql/parse/ast.h"

namespace driftdb::sql {

class Deparser {
 public:
  std::string text;

  void Expr(const AstExpr& expr);
  void Type(const TypeName& type);
  void Select(const AstSelect& select);
  void Statement(const AstStatement& statement);

 private:
  // deparse_expr.cc. `Operand` adds parentheses unless `expr` can stand anywhere.
  void Operand(const AstExpr& expr);
  void OperandAtLeast(const AstExpr& expr, int strength);
  void Parens(const AstExpr& expr);
  void List(const AstExprList& list);
  void Binary(const AstBinary& binary);
  void Operator(const std::string& schema, const std::string& op);
  void Call(const AstFunctionCall& call);
  void CallArgs(const AstFunctionCall& call);
  void SpecialCall(const AstFunctionCall& call);
  void CallSuffix(const AstFunctionCall& call);
  void Case(const AstCase& node);
  void Cast(const AstCast& cast);
  void Like(const AstLike& like);
  void In(const AstIn& in);
  void Subquery(const AstSubquery& subquery);
  void Quantified(const AstQuantified& quantified);
  void Literal(const AstLiteral& literal);
  void ArrayElements(const AstArray& array);
  void Subscript(const AstSubscript& subscript);
  void Window(const AstWindow& window);
  void Frame(const AstFrame& frame);
  void FrameBound(const AstFrameBound& bound);
  void OrderBy(const std::vector<AstOrderItem>& items);
  void IntervalSuffix(const TypeName& type);

  // deparse_select.cc.
  void With(const AstWith& with);
  void SelectOperand(const AstSelect& select, bool parens);
  void SelectCore(const AstSelect& select);
  void SelectTail(const AstSelect& select);
  void Targets(const std::vector<AstTarget>& targets);
  void From(const std::vector<AstTableRefPtr>& from);
  void TableRef(const AstTableRef& ref);
  void TablePrimary(const AstTableRef& ref);
  void Join(const AstTableRef& ref);
  void Alias(const AstTableRef& ref);
  void AsOf(const AstAsOf& as_of);
  void GroupingItems(const std::vector<AstGroupingItem>& items);
  void GroupingItem(const AstGroupingItem& item);
  void Insert(const AstInsert& insert);
  void Update(const AstUpdate& update);
  void Delete(const AstDelete& node);
  void Assignments(const std::vector<AstAssignment>& assignments);
  void OnConflict(const AstOnConflict& conflict);
  void Name(const AstName& name);
  void Names(const std::vector<std::string>& names);
  void DottedNames(const std::vector<std::string>& parts);
};

}  // namespace driftdb::sql

#endif  // DRIFTDB_SQL_PARSE_DEPARSE_EXPR_H_
