#include "exec/executor.h"

#include "base/error.h"
#include "base/status_macros.h"

namespace driftdb::exec {

Executor::Executor(QueryContext* context, const sql::PhysicalPlan* plan)
    : context_(context), plan_(plan) {}

Executor::~Executor() {
  runner_ = nullptr;  // its local states refer to operators of the compiler
}

Status Executor::RunInitPlans() {
  for (size_t i = 0; i < plan_->init_plans.size(); ++i) {
    const sql::PhysicalNode& root = *plan_->init_plans[i];
    PlanCompiler compiler(context_, nullptr);
    DRIFTDB_ASSIGN_OR_RETURN(const Fragment fragment, compiler.Build(root));
    DRIFTDB_RETURN_IF_ERROR(compiler.RunSteps());
    Value result = Value::Null(root.types[0]);
    size_t rows = 0;
    for (const Phase& phase : fragment.phases) {
      DRIFTDB_RETURN_IF_ERROR(phase.source->Prepare(context_));
      for (const PipelineStep& step : phase.steps)
        DRIFTDB_RETURN_IF_ERROR(step.op->Prepare(context_));
      PhaseRunner runner(context_, &phase);
      DRIFTDB_RETURN_IF_ERROR(runner.Open());
      while (true) {
        DRIFTDB_ASSIGN_OR_RETURN(Chunk* const chunk, runner.Next());
        if (chunk == nullptr) break;
        rows += chunk->size();
        if (rows > 1) {
          return Error(sqlstate::kCardinalityViolation,
                       "more than one row returned by a subquery used as an expression");
        }
        if (chunk->size() == 1) result = chunk->column(0).GetValue(chunk->row(0));
      }
    }
    // Later init plans and the main plan see it as a parameter behind the client's.
    const size_t position = plan_->parameter_types.size() + i;
    if (context_->parameters.size() <= position) context_->parameters.resize(position + 1);
    context_->parameters[position] = std::move(result);
  }
  return OkStatus();
}

Status Executor::Open() {
  DRIFTDB_RETURN_IF_ERROR(RunInitPlans());
  compiler_ = std::make_unique<PlanCompiler>(context_, nullptr);
  DRIFTDB_ASSIGN_OR_RETURN(last_, compiler_->Build(*plan_->root));
  DRIFTDB_RETURN_IF_ERROR(compiler_->RunSteps());
  phase_ = 0;
  return OkStatus();
}

Result<Chunk*> Executor::Next() {
  while (phase_ < last_.phases.size()) {
    const Phase& phase = last_.phases[phase_];
    if (runner_ == nullptr) {
      DRIFTDB_RETURN_IF_ERROR(phase.source->Prepare(context_));
      for (const PipelineStep& step : phase.steps)
        DRIFTDB_RETURN_IF_ERROR(step.op->Prepare(context_));
      runner_ = std::make_unique<PhaseRunner>(context_, &phase);
      DRIFTDB_RETURN_IF_ERROR(runner_->Open());
    }
    DRIFTDB_ASSIGN_OR_RETURN(Chunk* const chunk, runner_->Next());
    if (chunk != nullptr) return chunk;
    runner_ = nullptr;
    ++phase_;
  }
  return nullptr;
}

uint64_t Executor::rows_changed() const {
  return compiler_ == nullptr || compiler_->dml() == nullptr ? 0 : compiler_->dml()->rows_changed();
}

}  // namespace driftdb::exec
