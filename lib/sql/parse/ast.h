// The whole abstract syntax tree: expressions, queries, statements.
#ifndef DRIFTDB_SQL_PARSE_AST_H_
#define DRIFTDB_SQL_PARSE_AST_H_

#include "sql/parse/ast_expr.h"
#include "sql/parse/ast_select.h"
#include "sql/parse/ast_statement.h"

#endif  // DRIFTDB_SQL_PARSE_AST_H_
