// Compilation of expression trees into programs: one node per distinct subtree.
#include <algorithm>

#include "base/error.h"
#include "base/status_macros.h"
#include "expr/cast.h"
#include "expr/program.h"

namespace driftdb::expr {

class ProgramCompiler {
 public:
  explicit ProgramCompiler(Program* program) : program_(program) {}

  Result<uint32_t> Compile(const Expr& expr) {
    const uint64_t hash = Hash(expr);
    const bool is_volatile = IsVolatile(expr);
    if (!is_volatile) {
      for (uint32_t i = 0; i < program_->nodes_.size(); ++i) {
        const ProgramNode& node = *program_->nodes_[i];
        if (node.hash == hash && !node.is_volatile && Equals(*node.source, expr)) return i;
      }
    }
    auto node = std::make_unique<ProgramNode>();
    node->type = expr.type;
    node->position = expr.position;
    node->hash = hash;
    node->source = &expr;
    node->negated = expr.negated;
    node->is_volatile = is_volatile;
    node->may_fail = MayFail(expr);
    node->reg = Vector(expr.type);
    DRIFTDB_RETURN_IF_ERROR(Fill(expr, node.get()));
    for (const uint32_t child : node->children) node->cost += program_->nodes_[child]->cost;
    node->scratch.resize(node->children.size());
    program_->nodes_.push_back(std::move(node));
    return static_cast<uint32_t>(program_->nodes_.size() - 1);
  }

 private:
  Status Children(const Expr& expr, ProgramNode* node) {
    for (const ExprPtr& child : expr.children) {
      DRIFTDB_ASSIGN_OR_RETURN(const uint32_t index, Compile(*child));
      node->children.push_back(index);
    }
    return OkStatus();
  }

  Status Fill(const Expr& expr, ProgramNode* node) {
    switch (expr.kind) {
      case ExprKind::kConstant:
        node->op = NodeOp::kConstant;
        node->cost = 0;
        node->reg.SetConstant(expr.value);
        return OkStatus();
      case ExprKind::kSlot:
        node->op = NodeOp::kSlot;
        node->slot = expr.slot;
        node->cost = 0;
        return OkStatus();
      case ExprKind::kParameter:
        node->op = NodeOp::kParameter;
        node->slot = expr.parameter;
        node->cost = 0;
        return OkStatus();
      case ExprKind::kFunction:
        return FillFunction(expr, node);
      case ExprKind::kCast:
        return FillCast(expr, node);
      case ExprKind::kComparison:
        return FillComparison(expr, node);
      case ExprKind::kAnd:
      case ExprKind::kOr:
        node->op = expr.kind == ExprKind::kAnd ? NodeOp::kAnd : NodeOp::kOr;
        node->rows_a = std::make_unique<Selection>();
        return Children(expr, node);
      case ExprKind::kNot:
        node->op = NodeOp::kNot;
        return Children(expr, node);
      case ExprKind::kIsTest:
        node->op = NodeOp::kIsTest;
        node->is_test = expr.is_test;
        return Children(expr, node);
      case ExprKind::kCase:
        node->op = NodeOp::kCase;
        node->has_else = expr.has_else;
        node->rows_a = std::make_unique<Selection>();
        node->rows_b = std::make_unique<Selection>();
        return Children(expr, node);
      case ExprKind::kCoalesce:
        node->op = NodeOp::kCoalesce;
        node->rows_a = std::make_unique<Selection>();
        return Children(expr, node);
      case ExprKind::kNullIf:
        return FillNullIf(expr, node);
      case ExprKind::kGreatest:
      case ExprKind::kLeast:
        node->op = NodeOp::kExtreme;
        node->greatest = expr.kind == ExprKind::kGreatest;
        return Children(expr, node);
      case ExprKind::kInList:
        return FillInList(expr, node);
      case ExprKind::kPattern:
        return FillPattern(expr, node);
      case ExprKind::kColumn:
      case ExprKind::kSubquery:
      case ExprKind::kAggregate:
      case ExprKind::kWindow:
        break;
    }
    return InternalError("expression {} cannot be evaluated", ToString(expr));
  }

  Status FillFunction(const Expr& expr, ProgramNode* node) {
    const ScalarFunction& function = *expr.function;
    node->op = NodeOp::kKernel;
    DRIFTDB_RETURN_IF_ERROR(Children(expr, node));
    std::vector<LogicalType> types;
    std::vector<const Value*> constants;
    for (const ExprPtr& child : expr.children) {
      types.push_back(child->type);
      constants.push_back(child->kind == ExprKind::kConstant ? &child->value : nullptr);
    }
    node->kernel = function.select != nullptr ? function.select(types, expr.type) : function.kernel;
    DRIFTDB_CHECK_OR_RETURN(node->kernel != nullptr, "function {} has no kernel for these types",
                            function.name);
    node->strict = function.strict;
    node->total = function.total;
    node->dictionary_ok = function.strict && function.volatility == Volatility::kImmutable;
    node->cost = function.total ? 1 : 10;
    if (function.prepare != nullptr) {
      PrepareCall call;
      call.arg_types = &types;
      call.constants = &constants;
      call.result_type = expr.type;
      auto state = function.prepare(call);
      if (!state.ok()) return std::move(state).status().At(expr.position);
      node->state = std::move(state).value();
    }
    return OkStatus();
  }

  Status FillCast(const Expr& expr, ProgramNode* node) {
    DRIFTDB_RETURN_IF_ERROR(Children(expr, node));
    const LogicalType& from = expr.children[0]->type;
    const CastKernel cast =
        SelectCastKernel(from, expr.type, expr.cast_context == CastContext::kExplicit);
    if (cast.kernel == nullptr) {
      DRIFTDB_CHECK_OR_RETURN(from.physical() == expr.type.physical(), "no cast from {} to {}",
                              from.ToString(), expr.type.ToString());
      node->op = NodeOp::kRelabel;
      node->cost = 0;
      return OkStatus();
    }
    node->op = NodeOp::kKernel;
    node->kernel = cast.kernel;
    node->total = cast.total;
    node->cost = cast.total ? 1 : 10;
    node->dictionary_ok = CastVolatility(from, expr.type) == Volatility::kImmutable;
    return OkStatus();
  }

  Status FillComparison(const Expr& expr, ProgramNode* node) {
    DRIFTDB_RETURN_IF_ERROR(Children(expr, node));
    const PhysicalType physical = expr.children[0]->type.physical();
    DRIFTDB_CHECK_OR_RETURN(physical == expr.children[1]->type.physical(),
                            "comparison of {} with {}", expr.children[0]->type.ToString(),
                            expr.children[1]->type.ToString());
    node->op = NodeOp::kKernel;
    node->kernel = ComparisonKernel(physical, expr.comparison);
    node->select = ComparisonSelectKernel(physical, expr.comparison);
    node->strict =
        expr.comparison != ComparisonOp::kDistinct && expr.comparison != ComparisonOp::kNotDistinct;
    node->total = node->strict && physical != PhysicalType::kString;
    node->dictionary_ok = node->strict;
    node->cost = physical == PhysicalType::kString ? 3 : 1;
    return OkStatus();
  }

  // CASE WHEN a = b THEN NULL ELSE a END; the shared subtree makes `a` one node.
  Status FillNullIf(const Expr& expr, ProgramNode* node) {
    node->op = NodeOp::kCase;
    node->has_else = true;
    node->rows_a = std::make_unique<Selection>();
    node->rows_b = std::make_unique<Selection>();
    auto equal = MakeComparison(ComparisonOp::kEqual, expr.children[0]->Clone(),
                                expr.children[1]->Clone(), expr.position);
    if (equal->children[0]->type.physical() != expr.type.physical()) {
      return InternalError("nullif changes the type");
    }
    auto null = MakeNull(expr.type);
    DRIFTDB_ASSIGN_OR_RETURN(const uint32_t when, Compile(*equal));
    DRIFTDB_ASSIGN_OR_RETURN(const uint32_t then, Compile(*null));
    DRIFTDB_ASSIGN_OR_RETURN(const uint32_t otherwise, Compile(*expr.children[0]));
    node->children = {when, then, otherwise};
    program_->sources_.push_back(std::move(equal));
    program_->sources_.push_back(std::move(null));
    return OkStatus();
  }

  Status FillInList(const Expr& expr, ProgramNode* node) {
    const bool constant =
        std::all_of(expr.children.begin() + 1, expr.children.end(),
                    [](const ExprPtr& child) { return child->kind == ExprKind::kConstant; });
    if (constant) {
      node->op = NodeOp::kKernel;
      DRIFTDB_ASSIGN_OR_RETURN(const uint32_t value, Compile(*expr.children[0]));
      node->children = {value};
      DRIFTDB_ASSIGN_OR_RETURN(node->state, PrepareInList(expr));
      node->kernel = InListKernel(expr.children[0]->type);
      node->dictionary_ok = true;
      node->cost = 5;
      return OkStatus();
    }
    // Otherwise the list is a disjunction of comparisons (or a conjunction of their negations).
    node->op = expr.negated ? NodeOp::kAnd : NodeOp::kOr;
    node->rows_a = std::make_unique<Selection>();
    for (size_t i = 1; i < expr.children.size(); ++i) {
      auto compare =
          MakeComparison(expr.negated ? ComparisonOp::kNotEqual : ComparisonOp::kEqual,
                         expr.children[0]->Clone(), expr.children[i]->Clone(), expr.position);
      DRIFTDB_ASSIGN_OR_RETURN(const uint32_t index, Compile(*compare));
      node->children.push_back(index);
      program_->sources_.push_back(std::move(compare));
    }
    return OkStatus();
  }

  Status FillPattern(const Expr& expr, ProgramNode* node) {
    node->op = NodeOp::kKernel;
    auto state = PreparePattern(expr);
    if (!state.ok()) return std::move(state).status().At(expr.position);
    node->state = std::move(state).value();
    node->kernel = PatternKernel();
    node->dictionary_ok = true;
    node->cost = 20;
    return Children(expr, node);
  }

  Program* program_;
};

Result<std::unique_ptr<Program>> Program::Compile(const std::vector<const Expr*>& exprs,
                                                  EvalContext* context) {
  auto program = std::make_unique<Program>();
  if (context == nullptr) {
    program->own_context_ = std::make_unique<EvalContext>();
    context = program->own_context_.get();
  }
  program->context_ = context;
  ProgramCompiler compiler(program.get());
  for (const Expr* expr : exprs) {
    program->sources_.push_back(expr->Clone());
    const Expr& source = *program->sources_.back();
    DRIFTDB_ASSIGN_OR_RETURN(const uint32_t root, compiler.Compile(source));
    program->roots_.push_back(root);
  }
  if (program->roots_.size() == 1) {
    const uint32_t root = program->roots_[0];
    const ProgramNode& node = *program->nodes_[root];
    std::vector<uint32_t> parts = {root};
    if (node.op == NodeOp::kAnd) parts = node.children;
    for (const uint32_t part : parts) {
      Conjunct conjunct;
      conjunct.node = part;
      conjunct.barrier = program->nodes_[part]->may_fail || program->nodes_[part]->is_volatile;
      program->conjuncts_.push_back(conjunct);
    }
  }
  return program;
}

}  // namespace driftdb::expr
