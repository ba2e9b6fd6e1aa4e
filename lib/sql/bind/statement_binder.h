// StatementBinder: the state of binding one statement. Private to lib/sql/bind; use binder.h.
// Shape: one class, its functions by part of the language in bind_*.cc. `level_` is the query block
// at hand; expressions are bound against its scope and, outwards, its parents'.
// Invariants: (SB-1) an aggregate or window call stays in its expression, with Expr::slot = id of
// the level it belongs to, until that level's grouping takes it out; (SB-2) every table index knows
// its level, so the level of a reference can be told from the bound expression alone; (SB-3) an
// expression that holds a subquery is never cloned into a plan: bind its AST twice (LP-1).
#ifndef DRIFTDB_SQL_BIND_STATEMENT_BINDER_H_
#define DRIFTDB_SQL_BIND_STATEMENT_BINDER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"
#include "expr/binding.h"
#include "sql/bind/binder.h"
#include "sql/bind/scope.h"
#include "sql/plan/subquery_plan.h"

namespace driftdb::sql {

// A common table expression in force.
struct CteDefinition {
  std::string name;
  uint32_t cte_id = 0;
  std::vector<std::string> column_names;
  std::vector<LogicalType> types;
  uint32_t position = 0;
  bool pending = false;    // WITH RECURSIVE: its own definition is being bound, types not known yet
  bool self_seen = false;  // a reference to itself was bound
  bool self_allowed = false;  // the recursive term is being bound
};
struct CteFrame {
  const CteFrame* parent = nullptr;
  std::vector<CteDefinition*> definitions;
};

// A bound query block or set operation.
struct BoundSelect {
  LogicalPtr plan;
  std::vector<OutputColumn> columns;
};

struct FromItem {
  LogicalPtr plan;
  Scope scope;
};

struct BoundTarget {
  ExprPtr expr;
  std::string name;
  bool hidden = false;  // only sorted or told apart by
  Oid table;
  ColumnId column;
};

// One requested sort order, over targets.
struct BoundOrder {
  size_t target = 0;
  bool descending = false;
  bool nulls_first = false;
};

// GROUP BY, resolved.
struct BoundGrouping {
  ExprList groups;
  std::vector<std::vector<uint32_t>> sets;  // empty: one set of all
  bool present = false;
};

// What the name of a new object is made of.
struct NameParts {
  Oid schema;
  std::string_view table;
  std::string_view column;
  std::string_view label;
};

// What RETURNING reads and what it becomes.
struct BoundReturning {
  const catalog::TableEntry* table = nullptr;
  std::string alias;
  uint32_t table_index = 0;
  ExprList list;
  uint32_t returning_index = 0;
  std::vector<OutputColumn> output;
};

class StatementBinder {
 public:
  StatementBinder(const BindContext& context, size_t parameter_count);

  Result<BoundStatement> BindStatement(const AstStatement& statement);
  Result<ExprPtr> BindStandalone(const AstExpr& expr, BindClause clause, Scope scope);
  Status FillDefaults(const catalog::TableEntry& table, ExprList* defaults);
  Status BindChecks(const catalog::TableEntry& table, uint32_t table_index, ExprList* checks,
                    std::vector<std::string>* names);
  Result<ExprPtr> BindDefault(std::string_view sql, LogicalType type, std::string_view column);

 private:
  friend class LevelScope;
  friend class ClauseScope;
  friend class DepthScope;
  friend class GroupRewriter;

  // binder.cc: statements without a file of their own.
  Result<BoundStatement> BindQueryStatement(const AstStatement& statement);
  Result<BoundStatement> BindDefinition(const AstStatement& statement);
  Result<BoundStatement> BindSession(const AstStatement& statement);
  Result<BoundStatement> BindExplain(const AstExplain& ast);
  Result<BoundStatement> BindPrepare(const AstPrepare& ast);
  Result<BoundStatement> BindExecute(const AstExecute& ast);
  Result<BoundStatement> BindMaintenance(const AstMaintenance& ast);
  Result<BoundQuery> BindTopSelect(const AstSelect& select);
  Status FinishQuery(BoundQuery* query);
  // What was collected so far, for a statement that is no query.
  std::vector<RequiredPrivilege> TakePrivileges();

  // bind_names.cc: relations, schemas, types, parameters, privileges.
  Result<Oid> ResolveSchema(const AstName& name, bool for_creation);
  // monostate when there is none.
  Result<catalog::RelationEntry> FindRelation(const AstName& name);
  Status RelationMissing(const AstName& name);
  Result<std::shared_ptr<const catalog::TableEntry>> RequireTable(const AstName& name);
  Result<LogicalType> ResolveType(const TypeName& name);
  Result<Oid> RequireRole(const std::string& name);
  uint32_t MakeTableIndex(std::string_view alias);
  void NoteRelation(Oid oid);
  // Returns its number + 1. `whole` privileges have no column list.
  uint32_t Require(RequiredPrivilege privilege);
  uint32_t RequireOn(const catalog::TableEntry& table, uint32_t privileges);
  void RequireOwner(Oid object, const std::string& name, char kind);
  void RequireSchemaCreate(Oid schema);
  void UseColumn(const ScopeColumn& column);
  Status NoteParameter(const expr::Expr& expr);
  Status NoteParameters(const expr::Expr& expr);
  static std::string Display(const AstName& name);

  // bind_column.cc: column references.
  Result<ExprPtr> BindColumnRef(const AstColumnRef& ref);
  ExprPtr MakeColumnRef(const ScopeColumn& column, uint32_t position);
  Result<const ScopeColumn*> FindBareColumn(const std::string& name, uint32_t position);
  Result<const ScopeColumn*> FindQualifiedColumn(const AstColumnRef& ref);
  ScopeRangePtr FindRange(const std::string& schema, const std::string& name, QueryLevel** level);
  Status MissingRange(const std::string& name, uint32_t position);
  Status MissingColumn(const std::string& range, const std::string& name, uint32_t position);

  // bind_expr.cc: expressions.
  Result<ExprPtr> BindExpr(const AstExpr& ast);
  Result<ExprPtr> BindBoolean(const AstExpr& ast, std::string_view construct);
  Result<ExprList> BindList(const AstExprList& list);
  Result<ExprPtr> BindNode(const AstExpr& ast);
  Result<ExprPtr> BindLiteral(const AstLiteral& ast);
  Result<ExprPtr> BindParam(const AstParam& ast);
  Result<ExprPtr> BindUnary(const AstUnary& ast);
  Result<ExprPtr> BindBinaryChain(const AstBinary& ast);
  Result<ExprPtr> BindLogical(const AstLogical& ast);
  Result<ExprPtr> BindCase(const AstCase& ast);
  Result<ExprPtr> BindCastNode(const AstCast& ast);
  Result<ExprPtr> BindIs(const AstIs& ast);

  // bind_predicate.cc: comparisons of rows, IN, BETWEEN, LIKE, quantified; subqueries.
  Result<ExprPtr> BindBetween(const AstBetween& ast);
  Result<ExprPtr> BindIn(const AstIn& ast);
  Result<ExprPtr> BindLike(const AstLike& ast);
  Result<ExprPtr> BindDistinctFrom(const AstDistinctFrom& ast);
  Result<ExprPtr> BindQuantified(const AstQuantified& ast);
  Result<ExprPtr> BindSubquery(const AstSubquery& ast);
  // A comparison whose left side is written as a row.
  Result<ExprPtr> BindRowOperator(const AstBinary& ast);
  Result<ExprPtr> BindRowComparison(expr::ComparisonOp op, const AstExprList& left,
                                    const AstExprList& right, uint32_t position);
  Result<ExprPtr> BindTestSubquery(expr::Subquery test, const AstExpr& left,
                                   const AstSelect& select, uint32_t position);
  Result<expr::SubqueryPlan> BindSubqueryPlan(const AstSelect& select);
  Status CoerceTest(expr::ComparisonOp* op, size_t column, const expr::SubqueryPlan& plan,
                    ExprPtr* tested, ExprList* converted);

  // bind_call.cc, bind_window.cc: function, aggregate and window calls.
  Result<ExprPtr> BindCall(const AstFunctionCall& ast);
  Result<ExprPtr> BindSpecialForm(const AstFunctionCall& ast, const std::string& name);
  Result<ExprPtr> BindScalarCall(const AstFunctionCall& ast, const std::string& name);
  Result<ExprPtr> BindCurrentTime(const std::string& name, const expr::Expr& digits,
                                  uint32_t position);
  Result<ExprPtr> BindAggregateCall(const AstFunctionCall& ast, const std::string& name);
  Result<ExprPtr> BindGroupingCall(const AstFunctionCall& ast);
  Status BindAggregateModifiers(const AstFunctionCall& ast, expr::Expr* call);
  Status PlaceAggregate(expr::Expr* call);
  Status NoteSequenceUse(const std::string& function, const ExprList& args, uint32_t position);
  QueryLevel* InnermostLevel(const expr::Expr& expr);
  QueryLevel* LevelById(uint32_t id);
  Result<ExprPtr> BindWindowCall(const AstFunctionCall& ast, const std::string& name);
  Status ApplyWindow(const AstWindow& window, expr::WindowCall* call);
  Status ApplyWindowBase(const AstWindow& window, expr::WindowCall* call);
  Status ApplyFrame(const AstFrame& frame, uint32_t position, expr::WindowCall* call);

  // bind_from.cc, bind_join.cc, bind_relation.cc: FROM.
  Result<LogicalPtr> BindFrom(const std::vector<std::unique_ptr<AstTableRef>>& from,
                              LogicalPtr start);
  Result<FromItem> BindTableRef(const AstTableRef& ref);
  Result<FromItem> BindLeaf(const AstTableRef& ref);
  Result<FromItem> BindNamed(const AstTableRef& ref);
  Result<FromItem> BindFromSubquery(const AstTableRef& ref);
  Result<FromItem> BindFromFunction(const AstTableRef& ref);
  Result<FromItem> BindSeries(ExprList args, const AstFunctionCall& call);
  Result<FromItem> BindView(const catalog::ViewEntry& view, const AstTableRef& ref);
  Result<FromItem> BindCteReference(CteDefinition* cte, const AstTableRef& ref);
  Result<FromItem> BindJoin(FromItem left, const AstTableRef& join);
  Status BindJoinCondition(const AstTableRef& join, const Scope& sides, ExprList* conditions);
  Result<Scope> MergeUsing(const Scope& left, const Scope& right, const AstTableRef& join,
                           const std::vector<std::string>& names, ExprList* conditions);
  FromItem MakeScan(const std::shared_ptr<const catalog::TableEntry>& table,
                    const std::string& alias, bool with_alias, uint32_t privileges);
  Status ApplyAlias(const AstTableRef& ref, ScopeRange* range);
  Status CheckDuplicateAliases(const std::vector<ScopeRangePtr>& ranges,
                               const std::vector<ScopeRangePtr>& more, uint32_t position);
  bool ReferencesScope(LogicalNode& plan, const Scope& scope);
  FromItem MakeSelectItem(BoundSelect select, const std::string& alias);

  // bind_select.cc, bind_target.cc, bind_order.cc: query blocks.
  Result<BoundSelect> BindSelect(const AstSelect& select, bool keep_unknown = false);
  Result<BoundSelect> BindSelectBody(const AstSelect& select, bool keep_unknown);
  Result<BoundSelect> BindBlock(const AstSelect& select, bool keep_unknown);
  Result<BoundSelect> BindValues(const AstSelect& select);
  Result<std::vector<BoundTarget>> BindTargets(const std::vector<AstTarget>& targets);
  Status ExpandStar(const AstColumnRef& star, std::vector<BoundTarget>* targets);
  Result<std::vector<BoundOrder>> BindOrderBy(const std::vector<AstOrderItem>& order_by,
                                              std::vector<BoundTarget>* targets);
  Result<size_t> ResolveOrderItem(const AstExpr& item, BindClause clause,
                                  std::vector<BoundTarget>* targets);
  Result<int> MatchTarget(const AstExpr& item, BindClause clause,
                          const std::vector<BoundTarget>& targets);
  Result<std::vector<size_t>> BindDistinctOn(const AstSelect& select,
                                             const std::vector<BoundOrder>& order,
                                             std::vector<BoundTarget>* targets);
  Result<LogicalPtr> BindLimit(const AstSelect& select, LogicalPtr plan);
  Result<ExprPtr> BindLimitValue(const AstExpr& ast, BindClause clause);
  static void SortDefaults(const AstOrderItem& item, bool* descending, bool* nulls_first);
  Result<BoundSelect> FinishBlock(const AstSelect& select, LogicalPtr plan,
                                  std::vector<BoundTarget> targets,
                                  const std::vector<BoundOrder>& order,
                                  const std::vector<size_t>& distinct_on);

  // bind_group.cc: GROUP BY, aggregates and windows of a block.
  Result<BoundGrouping> BindGroupBy(const AstSelect& select,
                                    const std::vector<BoundTarget>& targets);
  Result<std::vector<std::vector<uint32_t>>> BindGroupingItem(
      const AstGroupingItem& item, const std::vector<BoundTarget>& targets, ExprList* groups);
  Result<std::vector<uint32_t>> BindGroupExpr(const AstExpr& ast,
                                              const std::vector<BoundTarget>& targets,
                                              ExprList* groups);
  Result<LogicalPtr> ApplyGrouping(LogicalPtr plan, BoundGrouping grouping,
                                   std::vector<BoundTarget>* targets, ExprPtr* having);
  Result<LogicalPtr> ApplyWindows(LogicalPtr plan, std::vector<BoundTarget>* targets);

  // bind_set_operation.cc.
  Result<BoundSelect> BindSetOperation(const AstSelect& select);
  Result<std::vector<LogicalType>> UnifyTypes(const std::vector<BoundSelect>& parts,
                                              const std::vector<std::string_view>& constructs,
                                              const std::vector<const AstSelect*>& sources);
  Status CoerceSelect(BoundSelect* select, const std::vector<LogicalType>& types);
  // The expression of an output column that has no type yet, or null: those may still be changed.
  static ExprPtr* UntypedOutput(const BoundSelect& select, size_t column);
  BoundSelect CombineParts(std::vector<BoundSelect> parts, LogicalSetOp op, bool all,
                           const std::vector<LogicalType>& types);
  Result<BoundSelect> OrderResult(const AstSelect& select, BoundSelect result);

  // bind_cte.cc.
  Result<BoundSelect> BindWith(const AstSelect& select, bool keep_unknown);
  // Binds the definitions, then `body` with them in force, and puts them above its plan.
  Result<LogicalPtr> WithCtes(const AstWith* with, expr::FunctionRef<Result<LogicalPtr>()> body);
  Status BindCte(const AstWith& with, const AstCte& cte, CteDefinition* definition,
                 LogicalCte* node, LogicalPtr* plan);
  Result<BoundSelect> BindRecursive(const AstCte& cte, CteDefinition* definition, LogicalCte* node);
  Status NameCteColumns(const AstCte& cte, const BoundSelect& select, CteDefinition* definition);
  LogicalPtr AttachCte(LogicalCte node, LogicalPtr definition, LogicalPtr body,
                       CteMaterialization materialization);
  CteDefinition* FindCte(const std::string& name);

  // bind_insert.cc, bind_update.cc, bind_returning.cc.
  Result<BoundQuery> BindInsert(const AstInsert& ast);
  Result<LogicalPtr> BindInsertSource(const AstInsert& ast, const catalog::TableEntry& table,
                                      const std::vector<uint32_t>& columns, LogicalInsert* insert);
  Result<LogicalPtr> BindInsertValues(const AstInsert& ast, const catalog::TableEntry& table,
                                      const std::vector<uint32_t>& columns, LogicalInsert* insert);
  Result<ExprList> BindInsertRow(const AstInsert& ast, const AstExprList& row,
                                 const catalog::TableEntry& table,
                                 const std::vector<uint32_t>& columns, const ExprList& defaults);
  Result<LogicalPtr> BindInsertSelect(const AstInsert& ast, const catalog::TableEntry& table,
                                      const std::vector<uint32_t>& columns, LogicalInsert* insert);
  Result<std::vector<uint32_t>> ResolveColumns(const catalog::TableEntry& table,
                                               const std::vector<std::string>& names,
                                               const std::vector<uint32_t>& positions);
  Status CheckInsertCount(const AstInsert& ast, size_t columns, size_t values, uint32_t position);
  Result<ExprPtr> AssignTo(ExprPtr value, const catalog::ColumnEntry& column);
  Result<BoundQuery> BindUpdate(const AstUpdate& ast);
  Result<LogicalPtr> BindUpdatePlan(const AstUpdate& ast, LogicalUpdate* update,
                                    BoundReturning* returning);
  Result<BoundQuery> BindDelete(const AstDelete& ast);
  Result<LogicalPtr> BindDeletePlan(const AstDelete& ast, LogicalDelete* deletion,
                                    BoundReturning* returning);
  Result<LogicalPtr> BindAssignments(const AstUpdate& ast, LogicalPtr plan, LogicalUpdate* update,
                                     ExprList* values);
  Result<LogicalPtr> BindAssignedSubquery(const AstAssignment& assignment, LogicalPtr plan,
                                          ExprList* values);
  Result<ExprPtr> BindAssignedValue(const AstExpr& value, const catalog::ColumnEntry& column);
  Status BindReturning(const std::vector<AstTarget>& returning, BoundReturning* result);
  Result<std::shared_ptr<const catalog::TableEntry>> RequireWritable(const AstName& name,
                                                                     std::string_view verb);
  ScopeRangePtr MakeTableRange(const catalog::TableEntry& table, const std::string& alias,
                               uint32_t table_index, uint32_t privilege);

  // bind_create.cc, table_definer.cc, bind_view.cc, bind_sequence.cc, bind_drop.cc, bind_alter.cc.
  friend class TableDefiner;
  Result<BoundStatement> BindCreateTable(const AstCreateTable& ast);
  Result<BoundStatement> BindCreateTableAs(const AstCreateTableAs& ast);
  Result<BoundStatement> BindCreateIndex(const AstCreateIndex& ast);
  Result<catalog::IndexColumn> BindIndexElement(const AstIndexElement& element,
                                                const catalog::TableEntry& table);
  Result<BoundStatement> BindCreateSchema(const AstCreateSchema& ast);
  Result<BoundStatement> BindCreateView(const AstCreateView& ast);
  Status PlaceView(const AstCreateView& ast, catalog::ViewEntry* view);
  Status CheckViewReplaces(const catalog::ViewEntry& before, const catalog::ViewEntry& after);
  void WriteBackTargets(const AstSelect& select);
  Result<BoundStatement> BindCreateSequence(const AstCreateSequence& ast);
  Result<BoundStatement> BindAlterSequence(const AstAlterSequence& ast);
  Status ApplySequenceOptions(const std::vector<AstSequenceOption>& options, bool creating,
                              catalog::SequenceEntry* sequence, BoundAlterSequence* alter);
  Status ApplySequenceOwner(const AstSequenceOption& option, catalog::SequenceEntry* sequence);
  Result<BoundStatement> BindDrop(const AstDrop& ast);
  Status DropNamed(const AstDrop& ast, const AstName& name, BoundDrop* drop,
                   std::vector<Oid>* roots);
  Status DropSchema(const AstDrop& ast, const AstName& name, BoundDrop* drop,
                    std::vector<Oid>* roots);
  Status ExpandDrop(bool cascade, std::string_view object, const std::vector<Oid>& roots,
                    BoundDrop* drop);
  Result<BoundStatement> BindTruncate(const AstTruncate& ast);
  Result<BoundStatement> BindAlterTable(const AstAlterTable& ast);
  Result<BoundStatement> BindRename(const AstRename& ast);
  void RequireRelationOwner(const catalog::RelationEntry& relation);
  Result<std::vector<Oid>> ViewsUsing(Oid table, uint32_t ordinal);
  Status BindViewAlone(const catalog::ViewEntry& view);
  Status AlterAction(const AstAlterTableAction& ast, catalog::TableEntry* table,
                     BoundAlterTable* alter);
  Status AlterAddColumn(const AstAlterTableAction& ast, catalog::TableEntry* table,
                        BoundAlterTable* alter);
  Status AlterDropColumn(const AstAlterTableAction& ast, catalog::TableEntry* table,
                         BoundAlterTable* alter);
  Status CollectColumnDependants(const AstAlterTableAction& ast, const catalog::TableEntry& table,
                                 ColumnId id, BoundAlterTable* alter, BoundAlterAction* action);
  Status AlterColumn(const AstAlterTableAction& ast, catalog::TableEntry* table,
                     BoundAlterTable* alter);
  Status AlterConstraint(const AstAlterTableAction& ast, catalog::TableEntry* table,
                         BoundAlterTable* alter);
  Result<BoundStatement> BindAlterSchemaOwner(const AstAlterTable& ast);
  Status RenameColumn(const AstRename& ast, const catalog::TableEntry& table,
                      BoundAlterAction* action);
  Status RenameConstraint(const AstRename& ast, const catalog::TableEntry& table,
                          BoundAlterAction* action);
  Status RenameObject(const AstRename& ast, const catalog::RelationEntry& relation,
                      BoundAlterAction* action);
  Result<BoundStatement> RenameSchema(const AstRename& ast);
  // IF NOT EXISTS, or 42P07: true when the statement has nothing to do.
  Result<bool> NameTaken(Oid schema, const std::string& name, bool if_not_exists,
                         std::string_view tag, BoundStatement* nothing);
  // PostgreSQL's ChooseRelationName: table_column_label, cut to 63 bytes, numbered until free.
  std::string ChooseName(const NameParts& parts, const std::vector<std::string>& taken,
                         bool is_relation);

  // bind_copy.cc.
  Result<BoundStatement> BindCopy(const AstCopy& ast);
  Status CheckCopyOptions(const AstCopy& ast, BoundCopy* copy);
  Status CheckCopySeparators(const AstCopy& ast, BoundCopy* copy);
  Status CopyTable(const AstCopy& ast, BoundCopy* copy);
  Status CopyFromParts(const AstCopy& ast, BoundCopy* copy);
  Status CopyForce(const AstCopy& ast, BoundCopy* copy);

  const BindContext& context_;
  const catalog::CatalogSnapshot& catalog_;
  std::vector<LogicalType> parameters_;
  QueryLevel* level_ = nullptr;
  const CteFrame* ctes_ = nullptr;
  uint32_t next_level_ = 1;
  uint32_t next_cte_ = 1;
  int depth_ = 0;
  struct TableInfo {
    uint32_t level = 0;
    std::string alias;
    // Of base tables: what a primary key in GROUP BY determines.
    std::shared_ptr<const catalog::TableEntry> table;
    std::vector<uint32_t> columns;  // ordinal of each column
  };
  std::vector<TableInfo> tables_;  // by table index
  std::vector<RequiredPrivilege> privileges_;
  std::vector<Oid> relations_;
  std::vector<Oid> view_stack_;
  Oid as_role_;  // while a view's text is bound: its owner
  // CREATE VIEW: the query is its own copy of the AST and gets every name qualified and every star
  // expanded, so that the stored text means the same forever.
  bool qualify_names_ = false;
  // ADD COLUMN serial: the default names a sequence that is made with it.
  bool sequence_unborn_ = false;
};

// Where an expression begins in the text: an infix node's own position is its operator's.
uint32_t StartOf(const AstExpr& ast);
// Where output column `column` of a query is written.
uint32_t StartOfOutput(const AstSelect& select, size_t column);

// Enters a query block for the time of a scope.
class LevelScope {
 public:
  LevelScope(StatementBinder* binder, QueryLevel* level) : binder_(binder) {
    level->parent = binder->level_;
    level->id = binder->next_level_++;
    binder->level_ = level;
  }
  ~LevelScope() { binder_->level_ = binder_->level_->parent; }
  LevelScope(const LevelScope&) = delete;
  LevelScope& operator=(const LevelScope&) = delete;

 private:
  StatementBinder* const binder_;
};

// Sets the clause of the level at hand for the time of a scope.
class ClauseScope {
 public:
  ClauseScope(StatementBinder* binder, BindClause clause)
      : level_(binder->level_), saved_(level_->clause) {
    level_->clause = clause;
  }
  ~ClauseScope() { level_->clause = saved_; }
  ClauseScope(const ClauseScope&) = delete;
  ClauseScope& operator=(const ClauseScope&) = delete;

 private:
  QueryLevel* const level_;
  const BindClause saved_;
};

// Counts nesting against kBindDepthMax.
class DepthScope {
 public:
  DepthScope(StatementBinder* binder, int cost) : binder_(binder), cost_(cost) {
    binder_->depth_ += cost_;
  }
  ~DepthScope() { binder_->depth_ -= cost_; }
  DepthScope(const DepthScope&) = delete;
  DepthScope& operator=(const DepthScope&) = delete;
  Status Check() const;

 private:
  StatementBinder* const binder_;
  const int cost_;
};

}  // namespace driftdb::sql

#endif  // DRIFTDB_SQL_BIND_STATEMENT_BINDER_H_
