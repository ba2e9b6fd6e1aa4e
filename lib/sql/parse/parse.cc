#include "sql/parse/parse.h"

#include <utility>

#include "base/error.h"
#include "sql/parse/parser.h"

namespace driftdb::sql {
namespace {

Status CheckStatementSize(std::string_view sql) {
  if (sql.size() <= kStatementBytesMax) return OkStatus();
  return Error(sqlstate::kProgramLimitExceeded, "statement text has {} bytes, the limit is {}",
               sql.size(), kStatementBytesMax);
}

// The offset after the first semicolon token at or after `offset`, or the end of the text.
size_t SkipBrokenStatement(std::string_view sql, size_t offset) {
  Lexer lexer(sql);
  lexer.Seek(offset);
  while (true) {
    const Token token = lexer.Next();
    if (token.kind == TokenKind::kSemicolon) return lexer.offset();
    if (token.kind == TokenKind::kEnd || token.kind == TokenKind::kError) return sql.size();
  }
}

// Parses the statement that begins at *offset, skipping empty ones, and moves *offset behind it.
Result<std::optional<ParsedStatement>> ParseNextStatement(std::string_view sql, size_t* offset) {
  size_t begin = *offset;
  while (true) {
    Parser parser(sql, begin);
    if (!parser.failed() && parser.At(TokenKind::kSemicolon)) {
      begin = parser.Offset() + 1;
      continue;
    }
    if (!parser.failed() && parser.At(TokenKind::kEnd)) {
      *offset = sql.size();
      return std::optional<ParsedStatement>();
    }
    ParsedStatement parsed;
    parsed.begin = parser.Offset();
    parsed.statement = parser.ParseStatement();
    if (!parser.At(TokenKind::kSemicolon) && !parser.At(TokenKind::kEnd)) parser.FailHere();
    if (parser.failed()) {
      *offset = SkipBrokenStatement(sql, parser.Offset());
      return std::move(parser.status());
    }
    parsed.end = parser.previous_end();
    parsed.parameters = parser.TakeParameters();
    *offset = parser.At(TokenKind::kSemicolon) ? parser.Offset() + 1 : sql.size();
    return std::optional<ParsedStatement>(std::move(parsed));
  }
}

}  // namespace

// NOLINTNEXTLINE(readability-function-size): one case per statement
AstStatement Parser::ParseStatement() {
  switch (current_.keyword) {
    case Keyword::kSelect:
    case Keyword::kValues:
    case Keyword::kTable:
    case Keyword::kWith:
    case Keyword::kInsert:
    case Keyword::kUpdate:
    case Keyword::kDelete:
    case Keyword::kMerge:
      return ParsePreparable();
    case Keyword::kCreate:
      return ParseCreate();
    case Keyword::kDrop:
      return ParseDrop();
    case Keyword::kAlter:
      return ParseAlter();
    case Keyword::kTruncate:
      return ParseTruncate();
    case Keyword::kCopy:
      return ParseCopy();
    case Keyword::kBegin:
    case Keyword::kStart:
    case Keyword::kCommit:
    case Keyword::kEnd:
    case Keyword::kRollback:
    case Keyword::kAbort:
    case Keyword::kSavepoint:
    case Keyword::kRelease:
      return ParseTransaction();
    case Keyword::kSet:
      return ParseSet();
    case Keyword::kReset:
      return ParseReset();
    case Keyword::kShow:
      return ParseShow();
    case Keyword::kExplain:
      return ParseExplain();
    case Keyword::kPrepare:
      return ParsePrepare();
    case Keyword::kExecute:
      return ParseExecute();
    case Keyword::kDeallocate:
      return ParseDeallocate();
    case Keyword::kDiscard:
      return ParseDiscard();
    case Keyword::kAnalyze:
    case Keyword::kAnalyse:
    case Keyword::kVacuum:
      return ParseMaintenance();
    case Keyword::kCheckpoint: {
      auto node = std::make_unique<AstCheckpoint>();
      node->position = Position();
      Advance();
      return MakeAstStatement(std::move(node));
    }
    case Keyword::kGrant:
    case Keyword::kRevoke:
    case Keyword::kComment:
    case Keyword::kLock:
    case Keyword::kReindex:
    case Keyword::kCluster:
    case Keyword::kListen:
    case Keyword::kNotify:
    case Keyword::kUnlisten:
    case Keyword::kDeclare:
    case Keyword::kFetch:
    case Keyword::kMove:
    case Keyword::kClose:
    case Keyword::kCall:
    case Keyword::kDo:
    case Keyword::kLoad:
    case Keyword::kReassign:
    case Keyword::kRefresh:
    case Keyword::kSecurity:
    case Keyword::kImport: {
      std::string what(current_.text);
      for (char& c : what) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
      FailUnsupported(what);
      return {};
    }
    default:
      break;
  }
  if (At(TokenKind::kLeftParen)) return ParsePreparable();
  FailHere();
  return {};
}

Result<std::vector<ParsedStatement>> ParseStatements(std::string_view sql) {
  if (Status status = CheckStatementSize(sql); !status.ok()) return status;
  std::vector<ParsedStatement> statements;
  size_t offset = 0;
  while (true) {
    Result<std::optional<ParsedStatement>> result = ParseNextStatement(sql, &offset);
    if (!result.ok()) return std::move(result).status();
    if (!result->has_value()) break;
    statements.push_back(std::move(**result));
  }
  return statements;
}

Result<std::optional<ParsedStatement>> ParseOne(std::string_view sql, size_t* consumed) {
  *consumed = sql.size();
  if (Status status = CheckStatementSize(sql); !status.ok()) return status;
  size_t offset = 0;
  Result<std::optional<ParsedStatement>> result = ParseNextStatement(sql, &offset);
  *consumed = offset;
  return result;
}

Result<AstExprPtr> ParseExpression(std::string_view sql) {
  if (Status status = CheckStatementSize(sql); !status.ok()) return status;
  Parser parser(sql);
  AstExprPtr expr = parser.ParseExpr();
  if (!parser.At(TokenKind::kEnd)) parser.FailHere();
  if (parser.failed()) return std::move(parser.status());
  return expr;
}

Result<TypeName> ParseTypeName(std::string_view sql) {
  if (Status status = CheckStatementSize(sql); !status.ok()) return status;
  Parser parser(sql);
  TypeName type = parser.ParseTypeName();
  if (!parser.At(TokenKind::kEnd)) parser.FailHere();
  if (parser.failed()) return std::move(parser.status());
  return type;
}

bool IsStatementComplete(std::string_view sql) {
  Lexer lexer(sql);
  int depth = 0;
  bool complete = true;
  while (true) {
    const Token token = lexer.Next();
    switch (token.kind) {
      case TokenKind::kEnd:
        return complete;
      case TokenKind::kError:
        // An open quote or comment waits for more; other broken text is for the parser to report.
        if (lexer.unterminated()) return false;
        return sql.find_last_of(';') != std::string_view::npos &&
               sql.find_first_not_of(" \t\r\n;", sql.find_last_of(';')) == std::string_view::npos;
      case TokenKind::kLeftParen:
        ++depth;
        break;
      case TokenKind::kRightParen:
        depth -= depth > 0;
        break;
      default:
        break;
    }
    complete = token.kind == TokenKind::kSemicolon && depth == 0;
  }
}

}  // namespace driftdb::sql
