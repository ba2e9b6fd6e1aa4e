// AST back to SQL text: stored views, defaults, check constraints and index expressions.
// Invariant: (DEP-1) the text parses to a tree that deparses to the same text; parentheses are
// added only where precedence needs them. Identifiers are quoted only where they must be.
// Parameters print as $n whatever their spelling was.
#ifndef DRIFTDB_SQL_PARSE_DEPARSE_H_
#define DRIFTDB_SQL_PARSE_DEPARSE_H_

#include <string>
#include <string_view>

#include "sql/parse/ast.h"

namespace driftdb::sql {

std::string Deparse(const AstExpr& expr);
std::string Deparse(const AstSelect& select);
std::string Deparse(const TypeName& type);
// SELECT, INSERT, UPDATE and DELETE; other statements give an empty text.
std::string Deparse(const AstStatement& statement);

// The identifier, in double quotes if it is not a plain lower-case name or is a keyword that needs
// them.
std::string QuoteIdentifier(std::string_view name);
// The text as an SQL string constant: '...' with quotes doubled; a backslash needs no escape.
std::string QuoteLiteral(std::string_view text);

// The name of an output column without alias, by PostgreSQL's rule: the column's or function's
// name, the type's name for a cast of something nameless, "case", "array", "row", "exists",
// "coalesce", ..., or "?column?".
std::string FigureColumnName(const AstExpr& expr);

}  // namespace driftdb::sql

#endif  // DRIFTDB_SQL_PARSE_DEPARSE_H_
