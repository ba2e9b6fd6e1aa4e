// Program: the compiled form of a list of expressions; private to lib/expr, use evaluator.h.
// Shape: nodes in post-order; each has a register. Equal subtrees share a node.
// Invariants:
//   P1. A scope is a set of rows; child scopes are subsets. A node's register is reused within the
//   scope that it was
//       computed in and its descendants; scope ids never repeat within an Evaluate.
//   P2. A node is never computed for zero rows.
#ifndef DRIFTDB_EXPR_PROGRAM_H_
#define DRIFTDB_EXPR_PROGRAM_H_

#include <memory>
#include <vector>

#include "expr/evaluator.h"
#include "expr/function.h"
#include "expr/kernel.h"

namespace driftdb::expr {

enum class NodeOp : uint8_t {
  kSlot,
  kConstant,
  kParameter,
  kKernel,  // functions, casts, comparisons, patterns, constant IN lists
  kRelabel,
  kAnd,
  kOr,
  kNot,
  kIsTest,
  kCase,
  kCoalesce,
  kExtreme,  // GREATEST, LEAST
};

// Rows `first`, `second` of one type: the sign of their order.
using RowCompare = int (*)(const void* a, const void* b);
RowCompare RowCompareFor(PhysicalType type);

// A comparison that appends qualifying rows instead of writing booleans; no NULLs among the rows.
using SelectKernel = size_t (*)(const KernelArg* args, const RowSet& rows, uint16_t* out);
ScalarKernel ComparisonKernel(PhysicalType type, ComparisonOp op);
SelectKernel ComparisonSelectKernel(PhysicalType type, ComparisonOp op);

struct ProgramScope {
  RowSet rows;
  uint64_t id = 0;
  const ProgramScope* parent = nullptr;
};

struct DictionaryResult {
  uint64_t id = 0;
  size_t rows_seen = 0;
  bool failed = false;  // some entry raises an error: only rows may tell which
  std::shared_ptr<const Vector> result;
};

struct ProgramNode {
  NodeOp op = NodeOp::kConstant;
  LogicalType type;
  std::vector<uint32_t> children;
  int64_t position = 0;
  uint64_t hash = 0;
  const Expr* source = nullptr;  // owned by the program's copy of the tree
  bool negated = false;
  bool has_else = false;
  bool greatest = false;
  bool is_volatile = false;
  bool may_fail = false;
  uint32_t slot = 0;  // or parameter
  IsTest is_test = IsTest::kNull;
  // kKernel
  ScalarKernel kernel = nullptr;
  SelectKernel select = nullptr;
  bool strict = true;
  bool total = false;
  bool dictionary_ok = false;
  std::unique_ptr<KernelState> state;
  std::vector<DictionaryResult> dictionaries;
  float cost = 1;

  Vector reg;
  uint64_t scope_id = 0;        // the scope that reg holds; 0 none
  std::vector<Vector> scratch;  // flat copies of sequences, one per child
  std::unique_ptr<Selection> rows_a, rows_b;
};

class Program {
 public:
  // Takes copies of the expressions.
  static Result<std::unique_ptr<Program>> Compile(const std::vector<const Expr*>& exprs,
                                                  EvalContext* context);
  size_t root_count() const { return roots_.size(); }
  const LogicalType& type(size_t root) const { return nodes_[roots_[root]]->type; }
  Status Evaluate(const Chunk& chunk, Vector* out);
  Status Filter(const Chunk& chunk, Selection* out);
  Result<Value> EvaluateRow(const std::vector<Value>& row);

 private:
  friend class ProgramCompiler;
  struct Conjunct {
    uint32_t node = 0;
    uint64_t rows_in = 0;
    uint64_t rows_out = 0;
    bool barrier = false;  // may fail: never moves before an earlier one (E1)
  };

  Status Run(uint32_t index, const ProgramScope& scope, const Vector** out);
  Status Compute(ProgramNode& node, const ProgramScope& scope);
  Status ComputeKernel(ProgramNode& node, const ProgramScope& scope);
  // Calls the kernel for arguments that lie in `args`; result in `out`.
  Status CallKernel(ProgramNode& node, std::vector<KernelArg>& args, const RowSet& rows,
                    Vector* out);
  // *done tells whether the dictionary way was taken.
  Status TryDictionary(ProgramNode& node, const std::vector<const Vector*>& args,
                       const RowSet& rows, bool* done);
  Status ComputeJunction(ProgramNode& node, const ProgramScope& scope);
  Status ComputeNot(ProgramNode& node, const ProgramScope& scope);
  Status ComputeIsTest(ProgramNode& node, const ProgramScope& scope);
  Status ComputeCase(ProgramNode& node, const ProgramScope& scope);
  Status ComputeCoalesce(ProgramNode& node, const ProgramScope& scope);
  Status ComputeExtreme(ProgramNode& node, const ProgramScope& scope);
  // Narrows `rows` to those for which the node is true; `out` may be rows' own array.
  Status RunFilter(uint32_t index, const ProgramScope& scope, Selection* out);
  void RankConjuncts();
  ProgramScope Child(const ProgramScope& parent, RowSet rows) {
    return {rows, ++scope_counter_, &parent};
  }

  std::vector<ExprPtr> sources_;
  std::vector<std::unique_ptr<ProgramNode>> nodes_;
  std::vector<uint32_t> roots_;
  std::vector<Conjunct> conjuncts_;  // of the single boolean root
  uint64_t chunks_filtered_ = 0;
  EvalContext* context_ = nullptr;
  std::unique_ptr<EvalContext> own_context_;
  const Chunk* chunk_ = nullptr;
  size_t row_count_ = 0;
  uint64_t scope_counter_ = 0;
};

// Copies the rows' values and validity. REQUIRES: `to` flat with own memory, same physical type.
void CopyRows(const Vector& from, const RowSet& rows, Vector* to);
// Appends the rows for which a boolean vector is true (wanted) to out[0..]; returns their number.
size_t SelectTrue(const Vector& booleans, const RowSet& rows, uint16_t* out);

// Kernels with state for IN lists of constants and for patterns (pattern.cc, in_list.cc).
Result<std::unique_ptr<KernelState>> PrepareInList(const Expr& in_list);
ScalarKernel InListKernel(const LogicalType& type);
Result<std::unique_ptr<KernelState>> PreparePattern(const Expr& pattern);
ScalarKernel PatternKernel();

}  // namespace driftdb::expr

#endif  // DRIFTDB_EXPR_PROGRAM_H_
