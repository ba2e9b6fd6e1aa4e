// The parser's interface: SQL text in, AST out. PostgreSQL's dialect, hand-written recursive
// descent. Shape: positions and ranges are byte offsets into the text that was passed in; positions
// are 1-based. Limits: text of 1 GiB; kNestingMax levels of parentheses, subqueries, CASE and
// prefix operators; identifiers are cut to 63 bytes on a character boundary, as in PostgreSQL.
// Threads: functions without state. The AST owns its texts, so the input may go away.
// Errors: 42601 with PostgreSQL's texts and a position; 22021 for text that is not UTF-8; 54001 for
// too deep nesting; 54000 for too long text; 0A000 for statements that PostgreSQL has and DriftDB
// does not.
#ifndef DRIFTDB_SQL_PARSE_PARSE_H_
#define DRIFTDB_SQL_PARSE_PARSE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "sql/parse/ast.h"

namespace driftdb::sql {

inline constexpr int kNestingMax = 1000;
inline constexpr size_t kStatementBytesMax = size_t{1} << 30;
inline constexpr size_t kIdentifierBytesMax = 63;
inline constexpr uint32_t kParameterMax = 65535;  // the protocol counts them in 16 bits

// Parameters of one statement: parameters[i] belongs to number i + 1. A name has its prefix (":a",
// "@a",
// "$a") and is empty for ? and numbered parameters. $n and ?n name number n; a plain ? takes the
// number after the largest one so far; a name takes the next number when it first appears. Numbers
// nobody used count too.
struct ParsedStatement {
  AstStatement statement;
  size_t begin = 0;  // 0-based range of the statement without surrounding blanks and the semicolon
  size_t end = 0;
  std::vector<std::string> parameters;
};

// All statements of `sql`; empty ones (";;") leave no entry.
Result<std::vector<ParsedStatement>> ParseStatements(std::string_view sql);

// The first statement of `sql`, or nothing if it holds only blanks, comments and semicolons. Stores
// in `consumed` the offset after the statement's semicolon (or the text's length); the bytes from
// there on were not looked at. On an error `consumed` is the offset after the broken statement's
// semicolon, as far as its quotes can be trusted.
Result<std::optional<ParsedStatement>> ParseOne(std::string_view sql, size_t* consumed);

// A single expression and nothing else: stored defaults, check constraints, index expressions.
Result<AstExprPtr> ParseExpression(std::string_view sql);

// A single type name and nothing else.
Result<TypeName> ParseTypeName(std::string_view sql);

// Whether a shell may run `sql` now: it ends in a semicolon outside of quotes, comments and
// parentheses, with only blanks and comments after it. Blank text is complete.
bool IsStatementComplete(std::string_view sql);

}  // namespace driftdb::sql

#endif  // DRIFTDB_SQL_PARSE_PARSE_H_
