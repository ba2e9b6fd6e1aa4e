#include "sql/parse/deparse_expr.h"

#include "base/check.h"
#include "sql/parse/deparse.h"
#include "sql/parse/keywords.h"
#include "sql/parse/lexer.h"
#include "sql/parse/parser.h"

namespace driftdb::sql {
namespace {

int DeparseStrength(Precedence precedence) { return static_cast<int>(precedence); }

constexpr int kDeparsePrimary = 100;

int DeparseOperatorStrength(const AstBinary& binary) {
  const std::string& op = binary.op;
  if (!binary.op_schema.empty()) return DeparseStrength(Precedence::kOther);
  if (op == "+" || op == "-") return DeparseStrength(Precedence::kAdd);
  if (op == "*" || op == "/" || op == "%") return DeparseStrength(Precedence::kMultiply);
  if (op == "^") return DeparseStrength(Precedence::kPower);
  if (op == "=" || op == "<" || op == ">" || op == "<=" || op == ">=" || op == "<>") {
    return DeparseStrength(Precedence::kComparison);
  }
  return DeparseStrength(Precedence::kOther);
}

// How tightly the text of `expr` holds together.
int DeparseExprStrength(const AstExpr& expr) {
  switch (expr.kind) {
    case AstExprKind::kLogical:
      return DeparseStrength(expr.As<AstLogical>().is_and ? Precedence::kAnd : Precedence::kOr);
    case AstExprKind::kNot:
      return DeparseStrength(Precedence::kNot);
    case AstExprKind::kIs:
    case AstExprKind::kDistinctFrom:
      return DeparseStrength(Precedence::kIs);
    case AstExprKind::kBinary:
      return DeparseOperatorStrength(expr.As<AstBinary>());
    case AstExprKind::kBetween:
    case AstExprKind::kIn:
    case AstExprKind::kLike:
      return DeparseStrength(Precedence::kMatch);
    case AstExprKind::kQuantified:
      return DeparseStrength(Precedence::kComparison);
    case AstExprKind::kUnary:
      return DeparseStrength(Precedence::kOther);
    case AstExprKind::kCollate:
      return DeparseStrength(Precedence::kCollate);
    case AstExprKind::kCast:
      return expr.As<AstCast>().syntax == CastSyntax::kColons
                 ? DeparseStrength(Precedence::kTypecast)
                 : kDeparsePrimary;
    case AstExprKind::kFunctionCall:
      return expr.As<AstFunctionCall>().syntax == CallSyntax::kAtTimeZone
                 ? DeparseStrength(Precedence::kAtTimeZone)
                 : kDeparsePrimary;
    default:
      return kDeparsePrimary;
  }
}

bool DeparseIsWholeName(std::string_view name) {
  if (name.empty() || !IsIdentifierStart(static_cast<unsigned char>(name[0]))) return false;
  for (char c : name) {
    const unsigned char byte = static_cast<unsigned char>(c);
    if (!IsIdentifierPart(byte) || (byte >= 'A' && byte <= 'Z') || byte >= 0x80) return false;
  }
  return true;
}

}  // namespace

std::string QuoteIdentifier(std::string_view name) {
  const Keyword keyword = LookupKeyword(name);
  const bool plain = keyword == Keyword::kNotKeyword ||
                     (GetKeywordInfo(keyword).keyword_class == KeywordClass::kUnreserved &&
                      !GetKeywordInfo(keyword).needs_as);
  if (plain && DeparseIsWholeName(name)) return std::string(name);
  std::string quoted = "\"";
  for (char c : name) {
    quoted += c;
    if (c == '"') quoted += c;
  }
  quoted += '"';
  return quoted;
}

std::string QuoteLiteral(std::string_view text) {
  std::string quoted = "'";
  for (char c : text) {
    quoted += c;
    if (c == '\'') quoted += c;
  }
  quoted += '\'';
  return quoted;
}

void Deparser::DottedNames(const std::vector<std::string>& parts) {
  for (size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) text += '.';
    text += QuoteIdentifier(parts[i]);
  }
}

void Deparser::Names(const std::vector<std::string>& names) {
  for (size_t i = 0; i < names.size(); ++i) {
    if (i > 0) text += ", ";
    text += QuoteIdentifier(names[i]);
  }
}

void Deparser::Parens(const AstExpr& expr) {
  text += '(';
  Expr(expr);
  text += ')';
}

void Deparser::OperandAtLeast(const AstExpr& expr, int strength) {
  if (DeparseExprStrength(expr) >= strength) {
    Expr(expr);
  } else {
    Parens(expr);
  }
}

void Deparser::Operand(const AstExpr& expr) { OperandAtLeast(expr, kDeparsePrimary); }

void Deparser::List(const AstExprList& list) {
  for (size_t i = 0; i < list.size(); ++i) {
    if (i > 0) text += ", ";
    Expr(*list[i]);
  }
}

void Deparser::Operator(const std::string& schema, const std::string& op) {
  if (op == "overlaps") {
    text += "OVERLAPS";
  } else if (schema.empty()) {
    text += op;
  } else {
    text += "OPERATOR(" + QuoteIdentifier(schema) + "." + op + ")";
  }
}

void Deparser::Binary(const AstBinary& top) {
  // The left spine is walked with a loop (AST-2); each link decides whether its left operand needs
  // parentheses, which all links of equal strength do not.
  std::vector<const AstBinary*> spine;
  const AstExpr* bottom = &top;
  while (bottom->kind == AstExprKind::kBinary) {
    const AstBinary& link = bottom->As<AstBinary>();
    if (!spine.empty()) {
      const int outer = DeparseOperatorStrength(*spine.back());
      const int inner = DeparseOperatorStrength(link);
      const bool chains = outer != DeparseStrength(Precedence::kComparison) && inner == outer;
      if (!chains && inner <= outer) break;
    }
    spine.push_back(&link);
    bottom = link.left.get();
  }
  const int innermost = DeparseOperatorStrength(*spine.back());
  OperandAtLeast(*bottom, innermost + 1);
  for (size_t i = spine.size(); i-- > 0;) {
    text += ' ';
    Operator(spine[i]->op_schema, spine[i]->op);
    text += ' ';
    OperandAtLeast(*spine[i]->right, DeparseOperatorStrength(*spine[i]) + 1);
  }
}

void Deparser::Literal(const AstLiteral& literal) {
  switch (literal.literal) {
    case LiteralKind::kNull:
    case LiteralKind::kBoolean:
      text += literal.text;
      break;
    case LiteralKind::kInteger:
    case LiteralKind::kNumeric:
      text += literal.text;
      break;
    case LiteralKind::kString:
      text += QuoteLiteral(literal.text);
      break;
    case LiteralKind::kBit:
      text += "B'" + literal.text + "'";
      break;
    case LiteralKind::kHexBit:
      text += "X'" + literal.text + "'";
      break;
  }
}

void Deparser::Case(const AstCase& node) {
  text += "CASE";
  if (node.operand != nullptr) {
    text += ' ';
    Expr(*node.operand);
  }
  for (const AstCaseWhen& when : node.whens) {
    text += " WHEN ";
    Expr(*when.when);
    text += " THEN ";
    Expr(*when.then);
  }
  if (node.otherwise != nullptr) {
    text += " ELSE ";
    Expr(*node.otherwise);
  }
  text += " END";
}

void Deparser::IntervalSuffix(const TypeName& type) {
  static constexpr const char* kFields[] = {"",
                                            " YEAR",
                                            " MONTH",
                                            " DAY",
                                            " HOUR",
                                            " MINUTE",
                                            " SECOND",
                                            " YEAR TO MONTH",
                                            " DAY TO HOUR",
                                            " DAY TO MINUTE",
                                            " DAY TO SECOND",
                                            " HOUR TO MINUTE",
                                            " HOUR TO SECOND",
                                            " MINUTE TO SECOND"};
  text += kFields[static_cast<int>(type.interval_fields)];
  if (type.interval_fields != IntervalFields::kAll && !type.modifiers.empty()) {
    text += "(" + std::to_string(type.modifiers[0]) + ")";
  }
}

void Deparser::Cast(const AstCast& cast) {
  if (cast.syntax == CastSyntax::kTypedLiteral) {
    if (cast.type.name.size() == 1 && cast.type.name[0] == "interval" &&
        cast.type.interval_fields != IntervalFields::kAll) {
      text += "interval ";
      Expr(*cast.operand);
      IntervalSuffix(cast.type);
      return;
    }
    Type(cast.type);
    text += ' ';
    Expr(*cast.operand);
    return;
  }
  if (cast.syntax == CastSyntax::kColons) {
    // A chain of casts reads from the left.
    OperandAtLeast(*cast.operand, DeparseStrength(Precedence::kTypecast));
    text += "::";
    Type(cast.type);
    return;
  }
  text += "CAST(";
  Expr(*cast.operand);
  text += " AS ";
  Type(cast.type);
  text += ')';
}

void Deparser::Like(const AstLike& like) {
  const int tighter = DeparseStrength(Precedence::kMatch) + 1;
  OperandAtLeast(*like.operand, tighter);
  if (like.negated) text += " NOT";
  text += like.like == LikeKind::kLike    ? " LIKE "
          : like.like == LikeKind::kIlike ? " ILIKE "
                                          : " SIMILAR TO ";
  OperandAtLeast(*like.pattern, tighter);
  if (like.escape != nullptr) {
    text += " ESCAPE ";
    OperandAtLeast(*like.escape, tighter);
  }
}

void Deparser::In(const AstIn& in) {
  OperandAtLeast(*in.operand, DeparseStrength(Precedence::kMatch) + 1);
  text += in.negated ? " NOT IN (" : " IN (";
  if (in.subquery != nullptr) {
    Select(*in.subquery);
  } else if (in.list.size() == 1 && in.list[0]->kind == AstExprKind::kSubquery &&
             in.list[0]->As<AstSubquery>().subquery_kind == SubqueryKind::kScalar) {
    // A lone parenthesised query would be read as the subquery form; the parser never makes this.
    List(in.list);
  } else {
    List(in.list);
  }
  text += ')';
}

void Deparser::Subquery(const AstSubquery& subquery) {
  if (subquery.subquery_kind == SubqueryKind::kExists) text += "EXISTS ";
  if (subquery.subquery_kind == SubqueryKind::kArray) text += "ARRAY";
  text += '(';
  Select(*subquery.select);
  text += ')';
}

void Deparser::Quantified(const AstQuantified& node) {
  OperandAtLeast(*node.left, DeparseStrength(Precedence::kOther));
  text += ' ';
  if (node.op == "~~") {
    text += "LIKE";
  } else if (node.op == "!~~") {
    text += "NOT LIKE";
  } else if (node.op == "~~*") {
    text += "ILIKE";
  } else if (node.op == "!~~*") {
    text += "NOT ILIKE";
  } else {
    Operator(node.op_schema, node.op);
  }
  text += node.all ? " ALL (" : " ANY (";
  if (node.subquery != nullptr) {
    Select(*node.subquery);
  } else {
    Expr(*node.array);
  }
  text += ')';
}

void Deparser::ArrayElements(const AstArray& array) {
  text += '[';
  for (size_t i = 0; i < array.elements.size(); ++i) {
    if (i > 0) text += ", ";
    if (array.elements[i]->kind == AstExprKind::kArray) {
      ArrayElements(array.elements[i]->As<AstArray>());
    } else {
      Expr(*array.elements[i]);
    }
  }
  text += ']';
}

void Deparser::Subscript(const AstSubscript& node) {
  const AstExprKind kind = node.operand->kind;
  if (kind == AstExprKind::kColumnRef || kind == AstExprKind::kParam ||
      kind == AstExprKind::kSubscript) {
    Expr(*node.operand);
  } else {
    Parens(*node.operand);
  }
  text += '[';
  if (node.lower != nullptr) Expr(*node.lower);
  if (node.slice) {
    // Blanks keep ":" from joining what follows.
    text += " : ";
    if (node.upper != nullptr) Expr(*node.upper);
  }
  text += ']';
}

// NOLINTNEXTLINE(readability-function-size): one case per kind
void Deparser::Expr(const AstExpr& expr) {
  switch (expr.kind) {
    case AstExprKind::kLiteral:
      Literal(expr.As<AstLiteral>());
      return;
    case AstExprKind::kColumnRef: {
      const auto& column = expr.As<AstColumnRef>();
      DottedNames(column.parts);
      if (column.star) text += column.parts.empty() ? "*" : ".*";
      return;
    }
    case AstExprKind::kParam:
      text += '$';
      text += std::to_string(expr.As<AstParam>().index);
      return;
    case AstExprKind::kDefault:
      text += "DEFAULT";
      return;
    case AstExprKind::kUnary: {
      const auto& unary = expr.As<AstUnary>();
      Operator(unary.op_schema, unary.op);
      // A blank, so that "- -a" does not become a comment and "-1" stays an operator with an
      // operand.
      text += ' ';
      Operand(*unary.operand);
      return;
    }
    case AstExprKind::kBinary:
      Binary(expr.As<AstBinary>());
      return;
    case AstExprKind::kLogical: {
      const auto& logical = expr.As<AstLogical>();
      const int strength = DeparseStrength(logical.is_and ? Precedence::kAnd : Precedence::kOr) + 1;
      for (size_t i = 0; i < logical.args.size(); ++i) {
        if (i > 0) text += logical.is_and ? " AND " : " OR ";
        OperandAtLeast(*logical.args[i], strength);
      }
      return;
    }
    case AstExprKind::kNot:
      text += "NOT ";
      OperandAtLeast(*expr.As<AstNot>().operand, DeparseStrength(Precedence::kNot));
      return;
    case AstExprKind::kFunctionCall:
      Call(expr.As<AstFunctionCall>());
      return;
    case AstExprKind::kCase:
      Case(expr.As<AstCase>());
      return;
    case AstExprKind::kCast:
      Cast(expr.As<AstCast>());
      return;
    case AstExprKind::kBetween: {
      const auto& between = expr.As<AstBetween>();
      const int tighter = DeparseStrength(Precedence::kMatch) + 1;
      OperandAtLeast(*between.operand, tighter);
      text += between.negated ? " NOT BETWEEN " : " BETWEEN ";
      if (between.symmetric) text += "SYMMETRIC ";
      OperandAtLeast(*between.low, tighter);
      text += " AND ";
      OperandAtLeast(*between.high, tighter);
      return;
    }
    case AstExprKind::kIn:
      In(expr.As<AstIn>());
      return;
    case AstExprKind::kLike:
      Like(expr.As<AstLike>());
      return;
    case AstExprKind::kIs: {
      const auto& is = expr.As<AstIs>();
      static constexpr const char* kTests[] = {"NULL", "TRUE", "FALSE", "UNKNOWN"};
      OperandAtLeast(*is.operand, DeparseStrength(Precedence::kIs) + 1);
      text += is.negated ? " IS NOT " : " IS ";
      text += kTests[static_cast<int>(is.test)];
      return;
    }
    case AstExprKind::kDistinctFrom: {
      const auto& distinct = expr.As<AstDistinctFrom>();
      OperandAtLeast(*distinct.left, DeparseStrength(Precedence::kIs) + 1);
      text += distinct.negated ? " IS NOT DISTINCT FROM " : " IS DISTINCT FROM ";
      OperandAtLeast(*distinct.right, DeparseStrength(Precedence::kIs) + 1);
      return;
    }
    case AstExprKind::kSubquery:
      Subquery(expr.As<AstSubquery>());
      return;
    case AstExprKind::kQuantified:
      Quantified(expr.As<AstQuantified>());
      return;
    case AstExprKind::kRow: {
      const auto& row = expr.As<AstRow>();
      // A row of one element has no other spelling.
      text += row.explicit_row || row.elements.size() < 2 ? "ROW(" : "(";
      List(row.elements);
      text += ')';
      return;
    }
    case AstExprKind::kArray:
      text += "ARRAY";
      ArrayElements(expr.As<AstArray>());
      return;
    case AstExprKind::kSubscript:
      Subscript(expr.As<AstSubscript>());
      return;
    case AstExprKind::kField: {
      const auto& field = expr.As<AstField>();
      Parens(*field.operand);
      text += field.field.empty() ? ".*" : "." + QuoteIdentifier(field.field);
      return;
    }
    case AstExprKind::kCollate:
      OperandAtLeast(*expr.As<AstCollate>().operand, DeparseStrength(Precedence::kUnaryMinus) + 1);
      text += " COLLATE ";
      DottedNames(expr.As<AstCollate>().collation);
      return;
  }
}

void Deparser::Type(const TypeName& type) {
  static constexpr const char* kSpellings[][2] = {{"int2", "smallint"},
                                                  {"int4", "integer"},
                                                  {"int8", "bigint"},
                                                  {"float4", "real"},
                                                  {"float8", "double precision"},
                                                  {"bool", "boolean"},
                                                  {"bpchar", "character"},
                                                  {"varchar", "character varying"},
                                                  {"varbit", "bit varying"},
                                                  {"timestamp", "timestamp"},
                                                  {"timestamptz", "timestamp"},
                                                  {"time", "time"},
                                                  {"timetz", "time"},
                                                  {"interval", "interval"},
                                                  {"numeric", "numeric"},
                                                  {"bit", "bit"}};
  const char* spelling = nullptr;
  if (type.name.size() == 1) {
    for (const auto& [name, sql] : kSpellings) {
      if (type.name[0] == name) spelling = sql;
    }
  }
  // bpchar without a length is not character, which means character(1).
  const bool bare = type.modifiers.empty() && type.name.size() == 1 &&
                    (type.name[0] == "bpchar" || type.name[0] == "bit");
  if (bare) spelling = nullptr;
  if (spelling != nullptr) {
    text += spelling;
  } else if (bare && type.name[0] == "bit") {
    text += "\"bit\"";
  } else {
    DottedNames(type.name);
  }
  const bool in_fields = type.interval_fields != IntervalFields::kAll;
  if (!type.modifiers.empty() && !in_fields) {
    text += '(';
    for (size_t i = 0; i < type.modifiers.size(); ++i) {
      if (i > 0) text += ',';
      text += std::to_string(type.modifiers[i]);
    }
    text += ')';
  }
  if (spelling != nullptr && (type.name[0] == "timestamptz" || type.name[0] == "timetz")) {
    text += " with time zone";
  }
  if (in_fields) IntervalSuffix(type);
  for (int32_t dim : type.array_dims) {
    text += dim < 0 ? "[]" : "[" + std::to_string(dim) + "]";
  }
}

}  // namespace driftdb::sql
