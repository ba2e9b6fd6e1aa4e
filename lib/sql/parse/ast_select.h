// Queries as parsed: SELECT, VALUES, set operations, and what may stand in FROM and WITH.
// Shape: one AstSelect per query block; a set operation is a block with two operands, so UNION
// chains are left-deep in `left`. TABLE t arrives as SELECT * FROM t; parentheses leave no trace.
// Invariants: (AST-3) the left spines of set operations and joins are not limited in length: loop
// over `left`; destroying them does not recurse.
#ifndef DRIFTDB_SQL_PARSE_AST_SELECT_H_
#define DRIFTDB_SQL_PARSE_AST_SELECT_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "sql/parse/ast_expr.h"

namespace driftdb::sql {

struct AstStatement;

// [[catalog.]schema.]name; absent parts are empty.
struct AstName {
  std::string catalog;
  std::string schema;
  std::string name;
  uint32_t position = 0;
};

struct AstTarget {
  AstExprPtr expr;    // a star is an AstColumnRef with `star`
  std::string alias;  // empty if none was written; see FigureColumnName (deparse.h)
  uint32_t position = 0;
};

enum class AsOfKind : uint8_t { kTimestamp, kSequence };

// Time travel: t AS OF TIMESTAMP '...' (value: the typed literal or any expression given instead),
// t FOR SYSTEM_TIME AS OF @SEQ:17 (value: an integer literal or a parameter).
struct AstAsOf {
  AsOfKind kind = AsOfKind::kTimestamp;
  AstExprPtr value;
  uint32_t position = 0;
};

enum class TableRefKind : uint8_t { kTable, kSubquery, kFunction, kJoin };
enum class JoinType : uint8_t { kInner, kLeft, kRight, kFull, kCross };

// name type, in FROM f() AS t(a int, b text).
struct AstRecordColumn {
  std::string name;
  TypeName type;
};

struct AstTableRef {
  TableRefKind kind;
  uint32_t position;

  // All kinds but an unparenthesised join.
  std::string alias;
  std::vector<std::string> column_aliases;

  // kTable.
  AstName table;
  bool only = false;
  std::unique_ptr<AstAsOf> as_of;

  // kSubquery and kFunction.
  bool lateral = false;
  std::unique_ptr<AstSelect> subquery;
  AstExprList functions;  // AstFunctionCall; more than one only for ROWS FROM (...)
  bool with_ordinality = false;
  std::vector<AstRecordColumn> record_columns;

  // kJoin. At most one of natural, using_columns and on; none for a cross join.
  JoinType join = JoinType::kInner;
  bool natural = false;
  std::unique_ptr<AstTableRef> left;
  std::unique_ptr<AstTableRef> right;
  std::vector<std::string> using_columns;
  std::string using_alias;
  AstExprPtr on;

  AstTableRef(TableRefKind k, uint32_t p) : kind(k), position(p) {}
  ~AstTableRef();
};
using AstTableRefPtr = std::unique_ptr<AstTableRef>;

enum class CteMaterialization : uint8_t { kDefault, kMaterialized, kNotMaterialized };

struct AstCte {
  std::string name;
  std::vector<std::string> column_aliases;
  CteMaterialization materialization = CteMaterialization::kDefault;
  std::unique_ptr<AstStatement> statement;  // SELECT, INSERT, UPDATE or DELETE
  uint32_t position = 0;

  AstCte();
  AstCte(AstCte&&) noexcept;
  AstCte& operator=(AstCte&&) noexcept;
  ~AstCte();
};

struct AstWith {
  bool recursive = false;
  std::vector<AstCte> ctes;
  uint32_t position = 0;
};

// kSimple: one expression (a parenthesised list is an AstRow or several items, as in PostgreSQL).
// kEmpty: (). kSets: GROUPING SETS (...), whose items are kSimple, kEmpty, kRollup, kCube or kSets.
enum class GroupingKind : uint8_t { kSimple, kEmpty, kRollup, kCube, kSets };

struct AstGroupingItem {
  GroupingKind kind = GroupingKind::kSimple;
  AstExprPtr expr;                     // kSimple
  std::vector<AstGroupingItem> items;  // kRollup, kCube, kSets; (a, b) is a kSimple AstRow
  uint32_t position = 0;
};

enum class LockStrength : uint8_t { kKeyShare, kShare, kNoKeyUpdate, kUpdate };
enum class LockWait : uint8_t { kBlock, kNowait, kSkipLocked };

// FOR UPDATE [OF t, ...] [NOWAIT | SKIP LOCKED].
struct AstLocking {
  LockStrength strength = LockStrength::kUpdate;
  LockWait wait = LockWait::kBlock;
  std::vector<AstName> tables;  // empty: all
  uint32_t position = 0;
};

enum class SelectKind : uint8_t { kQuery, kValues, kSetOperation };
enum class SetOperator : uint8_t { kUnion, kIntersect, kExcept };

struct AstSelect {
  SelectKind kind;
  uint32_t position;

  // All kinds.
  std::unique_ptr<AstWith> with;
  std::vector<AstOrderItem> order_by;
  AstExprPtr limit;  // null: no limit (LIMIT ALL too)
  AstExprPtr offset;
  bool with_ties = false;  // FETCH FIRST n ROWS WITH TIES
  std::vector<AstLocking> locking;

  // kQuery.
  bool distinct = false;
  AstExprList distinct_on;         // DISTINCT ON (...); `distinct` is then also set
  std::vector<AstTarget> targets;  // may be empty, as in PostgreSQL
  std::vector<AstTableRefPtr> from;
  AstExprPtr where;
  bool group_by_all = false;       // GROUP BY ALL: by every target without an aggregate
  bool group_by_distinct = false;  // GROUP BY DISTINCT
  std::vector<AstGroupingItem> group_by;
  AstExprPtr having;
  std::vector<AstWindow> windows;

  // kValues. Elements may be AstDefault, which only INSERT accepts.
  std::vector<AstExprList> rows;

  // kSetOperation.
  SetOperator set_operator = SetOperator::kUnion;
  bool all = false;
  std::unique_ptr<AstSelect> left;
  std::unique_ptr<AstSelect> right;

  AstSelect(SelectKind k, uint32_t p) : kind(k), position(p) {}
  ~AstSelect();
};
using AstSelectPtr = std::unique_ptr<AstSelect>;

}  // namespace driftdb::sql

#endif  // DRIFTDB_SQL_PARSE_AST_SELECT_H_
