// Expressions: literals, operators, CASE, casts; the rest is dispatched to its file.
#include <algorithm>

#include "base/error.h"
#include "base/status_macros.h"
#include "sql/bind/statement_binder.h"
#include "sql/parse/deparse.h"
#include "types/text_format.h"

namespace driftdb::sql {

namespace {

Status ExprUnsupported(std::string_view what, uint32_t position) {
  return Error(sqlstate::kFeatureNotSupported, "{} not supported", what).At(position);
}

}  // namespace

Result<ExprPtr> StatementBinder::BindExpr(const AstExpr& ast) {
  DepthScope depth(this, 1);
  DRIFTDB_RETURN_IF_ERROR(depth.Check());
  Result<ExprPtr> bound = BindNode(ast);
  if (!bound.ok()) return bound;
  DRIFTDB_RETURN_IF_ERROR(NoteParameters(**bound));
  return bound;
}

uint32_t StartOf(const AstExpr& ast) {
  const AstExpr* at = &ast;
  while (true) {
    switch (at->kind) {
      case AstExprKind::kBinary:
        at = at->As<AstBinary>().left.get();
        break;
      case AstExprKind::kLogical:
        at = at->As<AstLogical>().args[0].get();
        break;
      case AstExprKind::kBetween:
        at = at->As<AstBetween>().operand.get();
        break;
      case AstExprKind::kIn:
        at = at->As<AstIn>().operand.get();
        break;
      case AstExprKind::kLike:
        at = at->As<AstLike>().operand.get();
        break;
      case AstExprKind::kIs:
        at = at->As<AstIs>().operand.get();
        break;
      case AstExprKind::kDistinctFrom:
        at = at->As<AstDistinctFrom>().left.get();
        break;
      default:
        return at->position;
    }
  }
}

uint32_t StartOfOutput(const AstSelect& select, size_t column) {
  const AstSelect* at = &select;
  while (at->kind == SelectKind::kSetOperation) at = at->left.get();
  if (at->kind == SelectKind::kValues) {
    return column < at->rows[0].size() ? StartOf(*at->rows[0][column]) : at->position;
  }
  // A star stands for an unknown number of columns: its place is the best there is.
  for (const AstTarget& target : at->targets) {
    const bool star =
        target.expr->kind == AstExprKind::kColumnRef && target.expr->As<AstColumnRef>().star;
    if (star || column == 0) return StartOf(*target.expr);
    --column;
  }
  return at->position;
}

Result<ExprPtr> StatementBinder::BindBoolean(const AstExpr& ast, std::string_view construct) {
  DRIFTDB_ASSIGN_OR_RETURN(ExprPtr bound, BindExpr(ast));
  if (bound->type.id != TypeId::kBoolean && bound->type.id != TypeId::kUnknown) {
    bound->position = StartOf(ast);
  }
  DRIFTDB_ASSIGN_OR_RETURN(bound, expr::RequireBoolean(std::move(bound), construct));
  DRIFTDB_RETURN_IF_ERROR(NoteParameters(*bound));
  return bound;
}

Result<ExprList> StatementBinder::BindList(const AstExprList& list) {
  ExprList bound;
  bound.reserve(list.size());
  for (const AstExprPtr& item : list) {
    DRIFTDB_ASSIGN_OR_RETURN(ExprPtr expr, BindExpr(*item));
    bound.push_back(std::move(expr));
  }
  return bound;
}

Result<ExprPtr> StatementBinder::BindNode(const AstExpr& ast) {
  switch (ast.kind) {
    case AstExprKind::kLiteral:
      return BindLiteral(ast.As<AstLiteral>());
    case AstExprKind::kColumnRef:
      return BindColumnRef(ast.As<AstColumnRef>());
    case AstExprKind::kParam:
      return BindParam(ast.As<AstParam>());
    case AstExprKind::kDefault:
      return Error(sqlstate::kSyntaxError, "DEFAULT is not allowed in this context")
          .At(ast.position);
    case AstExprKind::kUnary:
      return BindUnary(ast.As<AstUnary>());
    case AstExprKind::kBinary:
      return BindBinaryChain(ast.As<AstBinary>());
    case AstExprKind::kLogical:
      return BindLogical(ast.As<AstLogical>());
    case AstExprKind::kNot: {
      DRIFTDB_ASSIGN_OR_RETURN(ExprPtr operand, BindBoolean(*ast.As<AstNot>().operand, "NOT"));
      return expr::MakeNot(std::move(operand));
    }
    case AstExprKind::kFunctionCall:
      return BindCall(ast.As<AstFunctionCall>());
    case AstExprKind::kCase:
      return BindCase(ast.As<AstCase>());
    case AstExprKind::kCast:
      return BindCastNode(ast.As<AstCast>());
    case AstExprKind::kBetween:
      return BindBetween(ast.As<AstBetween>());
    case AstExprKind::kIn:
      return BindIn(ast.As<AstIn>());
    case AstExprKind::kLike:
      return BindLike(ast.As<AstLike>());
    case AstExprKind::kIs:
      return BindIs(ast.As<AstIs>());
    case AstExprKind::kDistinctFrom:
      return BindDistinctFrom(ast.As<AstDistinctFrom>());
    case AstExprKind::kSubquery:
      return BindSubquery(ast.As<AstSubquery>());
    case AstExprKind::kQuantified:
      return BindQuantified(ast.As<AstQuantified>());
    case AstExprKind::kRow:
      return ExprUnsupported("a row value is", ast.position);
    case AstExprKind::kArray:
      return ExprUnsupported("arrays are", ast.position);
    case AstExprKind::kSubscript:
      return ExprUnsupported("subscripts are", ast.position);
    case AstExprKind::kField:
      return ExprUnsupported("fields of composite values are", ast.position);
    case AstExprKind::kCollate: {
      const auto& collate = ast.As<AstCollate>();
      const std::string& name = collate.collation.back();
      if (name != "C" && name != "POSIX" && name != "default" && name != "ucs_basic") {
        return Error(sqlstate::kUndefinedObject,
                     "collation \"{}\" for encoding \"UTF8\" does not exist", name)
            .At(ast.position);
      }
      DRIFTDB_ASSIGN_OR_RETURN(ExprPtr operand, BindExpr(*collate.operand));
      if (!operand->type.is_string()) {
        return Error(sqlstate::kDatatypeMismatch, "collations are not supported by type {}",
                     operand->type.ToString())
            .At(ast.position);
      }
      return operand;
    }
  }
  return InternalError("expression kind {} is not bound", static_cast<int>(ast.kind));
}

Result<ExprPtr> StatementBinder::BindLiteral(const AstLiteral& ast) {
  switch (ast.literal) {
    case LiteralKind::kNull:
      return expr::MakeConstant(Value(), ast.position);
    case LiteralKind::kBoolean:
      return expr::MakeConstant(Value::Boolean(ast.text == "true"), ast.position);
    case LiteralKind::kInteger: {
      int32_t small = 0;
      int64_t large = 0;
      if (ParseInt32Fast(ast.text, &small)) {
        return expr::MakeConstant(Value::Int32(small), ast.position);
      }
      if (ParseInt64Fast(ast.text, &large)) {
        return expr::MakeConstant(Value::Int64(large), ast.position);
      }
      // The fast path leaves the longest numbers alone.
      Result<Value> longest = ParseValue(TypeId::kInt64, ast.text);
      if (longest.ok()) return expr::MakeConstant(std::move(longest).value(), ast.position);
      [[fallthrough]];
    }
    case LiteralKind::kNumeric: {
      LogicalType type;
      // More digits than a decimal holds: an approximate number is better than none.
      if (!DecimalLiteralType(ast.text, &type)) type = TypeId::kDouble;
      Result<Value> value = ParseValue(type, ast.text);
      if (!value.ok()) return std::move(value).status().At(ast.position);
      return expr::MakeConstant(std::move(value).value(), ast.position);
    }
    case LiteralKind::kString:
      return expr::MakeConstant(Value::String(TypeId::kUnknown, ast.text), ast.position);
    case LiteralKind::kBit:
    case LiteralKind::kHexBit:
      return ExprUnsupported("bit strings are", ast.position);
  }
  return InternalError("literal kind {} is not bound", static_cast<int>(ast.literal));
}

Result<ExprPtr> StatementBinder::BindParam(const AstParam& ast) {
  if (ast.index == 0 || ast.index > parameters_.size()) {
    return Error(sqlstate::kUndefinedParameter, "there is no parameter ${}", ast.index)
        .At(ast.position);
  }
  return expr::MakeParameter(ast.index - 1, parameters_[ast.index - 1], ast.position);
}

// The sign belongs to the number where that makes a smaller type of it: -2147483648 is an integer,
// although 2147483648 is none.
Result<ExprPtr> StatementBinder::BindUnary(const AstUnary& ast) {
  if (ast.op == "-" && ast.operand->kind == AstExprKind::kLiteral &&
      ast.operand->As<AstLiteral>().literal == LiteralKind::kInteger) {
    const std::string text = "-" + ast.operand->As<AstLiteral>().text;
    for (const TypeId type : {TypeId::kInt32, TypeId::kInt64}) {
      Result<Value> value = ParseValue(type, text);
      if (value.ok()) return expr::MakeConstant(std::move(value).value(), ast.position);
    }
  }
  DRIFTDB_ASSIGN_OR_RETURN(ExprPtr operand, BindExpr(*ast.operand));
  if (ast.op == "+" && (operand->type.is_numeric() || operand->type.is_floating())) return operand;
  return expr::BindOperator(ast.op, nullptr, std::move(operand), ast.position);
}

Result<ExprPtr> StatementBinder::BindBinaryChain(const AstBinary& ast) {
  // The left spine may be long (AST-2): bind it from its bottom.
  std::vector<const AstBinary*> spine;
  const AstExpr* bottom = &ast;
  while (bottom->kind == AstExprKind::kBinary) {
    const auto& node = bottom->As<AstBinary>();
    spine.push_back(&node);
    if (node.left->kind == AstExprKind::kRow) break;
    bottom = node.left.get();
  }
  DepthScope depth(this, static_cast<int>(std::min<size_t>(spine.size(), kBindDepthMax + 1)));
  DRIFTDB_RETURN_IF_ERROR(depth.Check());
  ExprPtr left;
  if (bottom->kind != AstExprKind::kBinary) {
    DRIFTDB_ASSIGN_OR_RETURN(left, BindExpr(*bottom));
  }
  for (size_t i = spine.size(); i-- > 0;) {
    const AstBinary& node = *spine[i];
    if (left == nullptr) {
      DRIFTDB_ASSIGN_OR_RETURN(left, BindRowOperator(node));
      continue;
    }
    DRIFTDB_ASSIGN_OR_RETURN(ExprPtr right, BindExpr(*node.right));
    DRIFTDB_ASSIGN_OR_RETURN(
        left, expr::BindOperator(node.op, std::move(left), std::move(right), node.position));
    DRIFTDB_RETURN_IF_ERROR(NoteParameters(*left));
  }
  return left;
}

Result<ExprPtr> StatementBinder::BindLogical(const AstLogical& ast) {
  const std::string_view construct = ast.is_and ? "AND" : "OR";
  ExprList args;
  args.reserve(ast.args.size());
  for (const AstExprPtr& arg : ast.args) {
    DRIFTDB_ASSIGN_OR_RETURN(ExprPtr bound, BindBoolean(*arg, construct));
    args.push_back(std::move(bound));
  }
  return ast.is_and ? expr::MakeAnd(std::move(args)) : expr::MakeOr(std::move(args));
}

Result<ExprPtr> StatementBinder::BindCase(const AstCase& ast) {
  ExprPtr operand, otherwise;
  if (ast.operand != nullptr) {
    DRIFTDB_ASSIGN_OR_RETURN(operand, BindExpr(*ast.operand));
    // An untyped operand is text for all its comparisons.
    if (operand->type.id == TypeId::kUnknown) {
      DRIFTDB_ASSIGN_OR_RETURN(
          operand, expr::BindCast(std::move(operand), TypeId::kText, expr::CastContext::kImplicit));
      DRIFTDB_RETURN_IF_ERROR(NoteParameters(*operand));
    }
  }
  const bool rebind = operand != nullptr && expr::ContainsKind(*operand, expr::ExprKind::kSubquery);
  ExprList parts;
  for (size_t i = 0; i < ast.whens.size(); ++i) {
    DRIFTDB_ASSIGN_OR_RETURN(ExprPtr when, BindExpr(*ast.whens[i].when));
    if (rebind) {  // SB-3
      ExprPtr tested = std::move(operand);
      if (tested == nullptr) {
        DRIFTDB_ASSIGN_OR_RETURN(tested, BindExpr(*ast.operand));
      }
      DRIFTDB_ASSIGN_OR_RETURN(
          when, expr::BindComparison(expr::ComparisonOp::kEqual, std::move(tested), std::move(when),
                                     ast.position));
    }
    DRIFTDB_ASSIGN_OR_RETURN(ExprPtr then, BindExpr(*ast.whens[i].then));
    parts.push_back(std::move(when));
    parts.push_back(std::move(then));
  }
  if (ast.otherwise != nullptr) {
    DRIFTDB_ASSIGN_OR_RETURN(otherwise, BindExpr(*ast.otherwise));
  }
  return expr::BindCase(rebind ? nullptr : std::move(operand), std::move(parts),
                        std::move(otherwise), ast.position);
}

Result<ExprPtr> StatementBinder::BindCastNode(const AstCast& ast) {
  DRIFTDB_ASSIGN_OR_RETURN(const LogicalType type, ResolveType(ast.type));
  DRIFTDB_ASSIGN_OR_RETURN(ExprPtr operand, BindExpr(*ast.operand));
  const uint32_t position =
      operand->type.id == TypeId::kUnknown ? ast.operand->position : ast.position;
  return expr::BindCast(std::move(operand), type, expr::CastContext::kExplicit, position);
}

Result<ExprPtr> StatementBinder::BindIs(const AstIs& ast) {
  if (ast.test == IsTest::kNull) {
    if (ast.operand->kind == AstExprKind::kRow) {
      // A row is null when all its fields are, not null when none is.
      ExprList tests;
      for (const AstExprPtr& element : ast.operand->As<AstRow>().elements) {
        DRIFTDB_ASSIGN_OR_RETURN(ExprPtr field, BindExpr(*element));
        tests.push_back(expr::MakeIsTest(expr::IsTest::kNull, ast.negated, std::move(field)));
      }
      return expr::MakeAnd(std::move(tests));
    }
    DRIFTDB_ASSIGN_OR_RETURN(ExprPtr operand, BindExpr(*ast.operand));
    if (operand->type.id == TypeId::kUnknown) {
      DRIFTDB_ASSIGN_OR_RETURN(
          operand, expr::BindCast(std::move(operand), TypeId::kText, expr::CastContext::kImplicit));
    }
    return expr::MakeIsTest(expr::IsTest::kNull, ast.negated, std::move(operand));
  }
  const bool of_true = ast.test == IsTest::kTrue, of_false = ast.test == IsTest::kFalse;
  const std::string word = of_true ? "TRUE" : of_false ? "FALSE" : "UNKNOWN";
  DRIFTDB_ASSIGN_OR_RETURN(ExprPtr operand,
                           BindBoolean(*ast.operand, (ast.negated ? "IS NOT " : "IS ") + word));
  const expr::IsTest test = of_true    ? expr::IsTest::kTrue
                            : of_false ? expr::IsTest::kFalse
                                       : expr::IsTest::kUnknown;
  return expr::MakeIsTest(test, ast.negated, std::move(operand));
}

}  // namespace driftdb::sql
