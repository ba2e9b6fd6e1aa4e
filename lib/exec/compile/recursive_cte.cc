// WITH RECURSIVE: rounds of the step, each over the rows that the round before added.
#include "base/status_macros.h"
#include "exec/compile/plan_compiler.h"
#include "exec/materialize/materialize.h"
#include "exec/setop/distinct_on.h"

namespace driftdb::exec {

// Yields the rows of a round before it runs the next one, so a reader that stops early (LIMIT) ends
// a recursion that would not end by itself. One reader, one thread; a round uses all threads.
class RecursiveCteSource final : public Source {
 public:
  RecursiveCteSource(QueryContext* context, PlanCompiler* compiler, const sql::PhysicalNode* node)
      : context_(context), compiler_(compiler), node_(node), types_(node->children[0]->types) {
    if (plan().union_all) return;
    DistinctOnOptions options;
    options.types = types_;
    for (uint32_t c = 0; c < types_.size(); ++c) {
      keys_.push_back(expr::MakeSlot(c, types_[c]));
      options.keys.push_back(keys_.back().get());
    }
    seen_ = std::make_unique<DistinctOn>(std::move(options));
  }

  size_t max_threads() const override { return 1; }
  Result<std::unique_ptr<LocalState>> MakeLocal() override {
    return std::make_unique<LocalState>();
  }
  Result<bool> Next(LocalState* local, Chunk* chunk) override {
    while (next_ >= working_.chunk_count()) {
      if (started_ && working_.row_count() == 0) return false;
      DRIFTDB_RETURN_IF_ERROR(context_->CheckCancel());
      DRIFTDB_RETURN_IF_ERROR(Round(*node_->children[started_ ? 1 : 0]));
      started_ = true;
      next_ = 0;
    }
    working_.Refer(next_++, chunk);
    return true;
  }

 private:
  const sql::PhysicalCte& plan() const { return *node_->As<sql::PhysicalCte>(); }
  // Runs a plan that reads the rows of the round before and keeps what is fresh.
  Status Round(const sql::PhysicalNode& part) {
    PlanCompiler compiler(context_, compiler_);
    compiler.ctes_[plan().cte_id] = &working_;
    DRIFTDB_ASSIGN_OR_RETURN(Fragment fragment, compiler.Build(part));
    if (seen_ != nullptr) PlanCompiler::AddOperator(&fragment, seen_.get(), UINT32_MAX);
    MaterializeOptions options;
    options.types = types_;
    Materialize rows(std::move(options));
    compiler.CloseWith(std::move(fragment), rows.sink());
    DRIFTDB_RETURN_IF_ERROR(compiler.RunSteps());
    working_ = std::move(rows.rows());
    return OkStatus();
  }

  QueryContext* const context_;
  PlanCompiler* const compiler_;
  const sql::PhysicalNode* const node_;
  const std::vector<LogicalType> types_;
  std::vector<expr::ExprPtr> keys_;  // all columns, when UNION drops repeats
  std::unique_ptr<DistinctOn> seen_;
  ChunkCollection working_;  // rows of the last round
  size_t next_ = 0;          // chunk of working_ to yield
  bool started_ = false;
};

namespace {

size_t RecursiveCteReaders(const sql::PhysicalNode& node, uint32_t cte_id) {
  const auto* scan = node.As<sql::PhysicalCteScan>();
  size_t readers = scan != nullptr && scan->cte_id == cte_id ? 1 : 0;
  const auto* cte = node.As<sql::PhysicalCte>();
  for (size_t i = 0; i < node.children.size(); ++i) {
    const size_t below = RecursiveCteReaders(*node.children[i], cte_id);
    // A step runs more than once.
    readers += cte != nullptr && cte->recursive && i == 1 ? 2 * below : below;
  }
  return readers;
}

}  // namespace

Result<Fragment> PlanCompiler::BuildRecursiveCte(const sql::PhysicalNode& node) {
  const uint32_t cte_id = node.As<sql::PhysicalCte>()->cte_id;
  auto* source = Own<RecursiveCteSource>(context_, this, &node);
  if (RecursiveCteReaders(*node.children[2], cte_id) == 1) {
    lazy_ctes_[cte_id] = source;
    return Build(*node.children[2]);
  }
  MaterializeOptions options;
  options.types = node.children[0]->types;
  options.parallel = false;
  auto* rows = Own<Materialize>(std::move(options));
  CloseWith(FromSource(source, UINT32_MAX), rows->sink());
  ctes_[cte_id] = &rows->rows();
  return Build(*node.children[2]);
}

}  // namespace driftdb::exec
