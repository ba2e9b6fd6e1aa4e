// Function calls, windows and ORDER BY lists as SQL.
#include "sql/parse/deparse.h"
#include "sql/parse/deparse_expr.h"
#include "sql/parse/parser.h"

namespace driftdb::sql {

void Deparser::CallArgs(const AstFunctionCall& call) {
  if (call.star) text += '*';
  if (call.distinct) text += "DISTINCT ";
  for (size_t i = 0; i < call.args.size(); ++i) {
    if (i > 0) text += ", ";
    if (call.variadic && i + 1 == call.args.size()) text += "VARIADIC ";
    if (!call.args[i].name.empty()) text += QuoteIdentifier(call.args[i].name) + " => ";
    Expr(*call.args[i].value);
  }
  if (!call.order_by.empty() && !call.within_group) {
    text += ' ';
    OrderBy(call.order_by);
  }
}

void Deparser::SpecialCall(const AstFunctionCall& call) {
  const auto arg = [&](size_t i) -> const AstExpr& { return *call.args[i].value; };
  const size_t count = call.args.size();
  switch (call.syntax) {
    case CallSyntax::kExtract:
      text += "EXTRACT(";
      Expr(arg(0));
      text += " FROM ";
      Expr(arg(1));
      break;
    case CallSyntax::kPosition:
      text += "POSITION(";
      Operand(arg(1));
      text += " IN ";
      Operand(arg(0));
      break;
    case CallSyntax::kSubstring:
      text += "SUBSTRING(";
      Expr(arg(0));
      text += " FROM ";
      Expr(arg(1));
      if (count > 2) {
        text += " FOR ";
        Expr(arg(2));
      }
      break;
    case CallSyntax::kSubstringSimilar:
      text += "SUBSTRING(";
      Expr(arg(0));
      text += " SIMILAR ";
      Expr(arg(1));
      text += " ESCAPE ";
      Expr(arg(2));
      break;
    case CallSyntax::kOverlay:
      text += "OVERLAY(";
      Expr(arg(0));
      text += " PLACING ";
      Expr(arg(1));
      text += " FROM ";
      Expr(arg(2));
      if (count > 3) {
        text += " FOR ";
        Expr(arg(3));
      }
      break;
    default:
      text += "TRIM(";
      text += call.name[0] == "ltrim"   ? "LEADING "
              : call.name[0] == "rtrim" ? "TRAILING "
                                        : "BOTH ";
      if (count > 1) {
        Expr(arg(1));
        text += ' ';
      }
      text += "FROM ";
      Expr(arg(0));
      break;
  }
  text += ')';
}

void Deparser::Call(const AstFunctionCall& call) {
  switch (call.syntax) {
    case CallSyntax::kKeyword:
      for (char c : call.name[0]) text += static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
      if (call.args.empty()) return;
      text += '(';
      CallArgs(call);
      text += ')';
      return;
    case CallSyntax::kSpecialForm:
      for (char c : call.name[0]) text += static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
      text += '(';
      CallArgs(call);
      text += ')';
      return;
    case CallSyntax::kAtTimeZone:
      OperandAtLeast(*call.args[1].value, static_cast<int>(Precedence::kAtTimeZone));
      text += " AT TIME ZONE ";
      OperandAtLeast(*call.args[0].value, static_cast<int>(Precedence::kAtTimeZone) + 1);
      return;
    case CallSyntax::kPlain:
      break;
    default:
      SpecialCall(call);
      return;
  }
  // SUBSTRING, OVERLAY and TRIM have a plain form of their own; quoted they are ordinary names.
  DottedNames(call.name);
  text += '(';
  CallArgs(call);
  text += ')';
  CallSuffix(call);
}

void Deparser::CallSuffix(const AstFunctionCall& call) {
  if (call.within_group) {
    text += " WITHIN GROUP (";
    OrderBy(call.order_by);
    text += ')';
  }
  if (call.filter != nullptr) {
    text += " FILTER (WHERE ";
    Expr(*call.filter);
    text += ')';
  }
  if (call.over != nullptr) {
    text += " OVER ";
    if (call.over->is_reference) {
      text += QuoteIdentifier(call.over->reference);
    } else {
      Window(*call.over);
    }
  }
}

void Deparser::OrderBy(const std::vector<AstOrderItem>& items) {
  text += "ORDER BY ";
  for (size_t i = 0; i < items.size(); ++i) {
    if (i > 0) text += ", ";
    Expr(*items[i].expr);
    if (items[i].direction == SortDirection::kAscending) text += " ASC";
    if (items[i].direction == SortDirection::kDescending) text += " DESC";
    if (items[i].nulls == NullsOrder::kFirst) text += " NULLS FIRST";
    if (items[i].nulls == NullsOrder::kLast) text += " NULLS LAST";
  }
}

void Deparser::Window(const AstWindow& window) {
  const char* blank = "";
  text += '(';
  if (!window.reference.empty()) {
    text += QuoteIdentifier(window.reference);
    blank = " ";
  }
  if (!window.partition_by.empty()) {
    text += blank;
    text += "PARTITION BY ";
    List(window.partition_by);
    blank = " ";
  }
  if (!window.order_by.empty()) {
    text += blank;
    OrderBy(window.order_by);
    blank = " ";
  }
  if (window.frame != nullptr) {
    text += blank;
    Frame(*window.frame);
  }
  text += ')';
}

void Deparser::FrameBound(const AstFrameBound& bound) {
  if (bound.offset != nullptr) {
    Operand(*bound.offset);
    text += ' ';
  }
  switch (bound.kind) {
    case FrameBoundKind::kUnboundedPreceding:
      text += "UNBOUNDED PRECEDING";
      break;
    case FrameBoundKind::kPreceding:
      text += "PRECEDING";
      break;
    case FrameBoundKind::kCurrentRow:
      text += "CURRENT ROW";
      break;
    case FrameBoundKind::kFollowing:
      text += "FOLLOWING";
      break;
    case FrameBoundKind::kUnboundedFollowing:
      text += "UNBOUNDED FOLLOWING";
      break;
  }
}

void Deparser::Frame(const AstFrame& frame) {
  text += frame.mode == FrameMode::kRows    ? "ROWS BETWEEN "
          : frame.mode == FrameMode::kRange ? "RANGE BETWEEN "
                                            : "GROUPS BETWEEN ";
  FrameBound(frame.start);
  text += " AND ";
  FrameBound(frame.end);
  if (frame.exclusion == FrameExclusion::kCurrentRow) text += " EXCLUDE CURRENT ROW";
  if (frame.exclusion == FrameExclusion::kGroup) text += " EXCLUDE GROUP";
  if (frame.exclusion == FrameExclusion::kTies) text += " EXCLUDE TIES";
}

}  // namespace driftdb::sql
