#include "sql/parse/deparse.h"

#include "sql/parse/deparse_expr.h"

namespace driftdb::sql {
namespace {

// How good a name is: a type's name gives way to that of the expression below the cast.
enum class ColumnNameRank { kNone, kWeak, kStrong };

// NOLINTNEXTLINE(readability-function-size): one case per kind
ColumnNameRank FigureColumn(const AstExpr& expr, std::string* name) {
  const AstExpr* at = &expr;
  while (true) {
    switch (at->kind) {
      case AstExprKind::kColumnRef: {
        const auto& column = at->As<AstColumnRef>();
        if (column.parts.empty() || column.star) return ColumnNameRank::kNone;
        *name = column.parts.back();
        return ColumnNameRank::kStrong;
      }
      case AstExprKind::kField:
        if (!at->As<AstField>().field.empty()) {
          *name = at->As<AstField>().field;
          return ColumnNameRank::kStrong;
        }
        at = at->As<AstField>().operand.get();
        break;
      case AstExprKind::kSubscript:
        at = at->As<AstSubscript>().operand.get();
        break;
      case AstExprKind::kCollate:
        at = at->As<AstCollate>().operand.get();
        break;
      case AstExprKind::kFunctionCall:
        *name = at->As<AstFunctionCall>().name.back();
        return ColumnNameRank::kStrong;
      case AstExprKind::kCast: {
        const auto& cast = at->As<AstCast>();
        if (FigureColumn(*cast.operand, name) == ColumnNameRank::kStrong) {
          return ColumnNameRank::kStrong;
        }
        if (cast.type.name.empty()) return ColumnNameRank::kNone;
        *name = cast.type.name.back();
        return ColumnNameRank::kWeak;
      }
      case AstExprKind::kCase: {
        const auto& node = at->As<AstCase>();
        if (node.otherwise != nullptr &&
            FigureColumn(*node.otherwise, name) == ColumnNameRank::kStrong) {
          return ColumnNameRank::kStrong;
        }
        *name = "case";
        return ColumnNameRank::kWeak;
      }
      case AstExprKind::kArray:
        *name = "array";
        return ColumnNameRank::kStrong;
      case AstExprKind::kRow:
        *name = "row";
        return ColumnNameRank::kStrong;
      case AstExprKind::kSubquery: {
        const auto& subquery = at->As<AstSubquery>();
        if (subquery.subquery_kind == SubqueryKind::kExists) {
          *name = "exists";
          return ColumnNameRank::kStrong;
        }
        if (subquery.subquery_kind == SubqueryKind::kArray) {
          *name = "array";
          return ColumnNameRank::kStrong;
        }
        // The first column of the leftmost query names a scalar subquery.
        const AstSelect* select = subquery.select.get();
        while (select->kind == SelectKind::kSetOperation) select = select->left.get();
        if (select->kind == SelectKind::kValues) {
          *name = "column1";
          return ColumnNameRank::kStrong;
        }
        if (select->targets.empty()) return ColumnNameRank::kNone;
        if (!select->targets[0].alias.empty()) {
          *name = select->targets[0].alias;
          return ColumnNameRank::kStrong;
        }
        at = select->targets[0].expr.get();
        break;
      }
      case AstExprKind::kLiteral:
        if (at->As<AstLiteral>().literal == LiteralKind::kBoolean) {
          *name = "bool";
          return ColumnNameRank::kWeak;
        }
        return ColumnNameRank::kNone;
      default:
        return ColumnNameRank::kNone;
    }
  }
}

}  // namespace

std::string Deparse(const AstExpr& expr) {
  Deparser deparser;
  deparser.Expr(expr);
  return std::move(deparser.text);
}

std::string Deparse(const AstSelect& select) {
  Deparser deparser;
  deparser.Select(select);
  return std::move(deparser.text);
}

std::string Deparse(const TypeName& type) {
  Deparser deparser;
  deparser.Type(type);
  return std::move(deparser.text);
}

std::string Deparse(const AstStatement& statement) {
  Deparser deparser;
  deparser.Statement(statement);
  return std::move(deparser.text);
}

std::string FigureColumnName(const AstExpr& expr) {
  std::string name;
  if (FigureColumn(expr, &name) == ColumnNameRank::kNone) return "?column?";
  return name;
}

}  // namespace driftdb::sql
