// Running of programs: registers, scopes, kernels, dictionaries, filters.
#include "expr/program.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "base/hash.h"
#include "base/status_macros.h"
#include "expr/aggregate.h"

namespace driftdb::expr {

KernelArg MakeKernelArg(const Vector& vector, size_t row_count, Vector* scratch) {
  KernelArg arg;
  arg.type = vector.type();
  const Vector* from = &vector;
  if (vector.kind() == VectorKind::kSequence) {
    *scratch = vector;
    scratch->Flatten(std::max<size_t>(row_count, 1));
    from = scratch;
  }
  arg.vector = from;
  arg.constant = from->kind() == VectorKind::kConstant;
  arg.flat = from->kind() == VectorKind::kFlat;
  // View only writes to sequences, and these have been replaced.
  arg.view = const_cast<Vector*>(from)->View(std::min(row_count, kVectorRows));
  return arg;
}

namespace {

template <typename T>
void ProgramCopyValues(const VectorView& view, const RowSet& rows, T* to) {
  ForEachRow(rows, [&](size_t i) { to[i] = view.value<T>(i); });
}

bool ProgramAllConstant(const std::vector<const Vector*>& args) {
  return std::all_of(args.begin(), args.end(),
                     [](const Vector* v) { return v->kind() == VectorKind::kConstant; });
}

}  // namespace

void CopyRows(const Vector& from, const RowSet& rows, Vector* to) {
  if (rows.count == 0) return;
  Vector scratch(from.type());
  const KernelArg arg = MakeKernelArg(from, RowSpan(rows), &scratch);
  switch (from.type().width()) {
    case 1:
      ProgramCopyValues(arg.view, rows, to->data<uint8_t>());
      break;
    case 2:
      ProgramCopyValues(arg.view, rows, to->data<uint16_t>());
      break;
    case 4:
      ProgramCopyValues(arg.view, rows, to->data<uint32_t>());
      break;
    case 8:
      ProgramCopyValues(arg.view, rows, to->data<uint64_t>());
      break;
    default:
      ProgramCopyValues(arg.view, rows, to->data<uint128_t>());
      break;
  }
  if (!arg.view.all_valid()) {
    ForEachRow(rows, [&](size_t i) {
      if (!arg.view.valid(i)) to->SetNull(i);
    });
  }
  if (from.type().physical() == PhysicalType::kString) to->HoldAllOf(*arg.vector);
}

size_t SelectTrue(const Vector& booleans, const RowSet& rows, uint16_t* out) {
  Vector scratch(booleans.type());
  const KernelArg arg = MakeKernelArg(booleans, RowSpan(rows), &scratch);
  if (arg.constant) {
    if (!arg.view.valid(0) || arg.value<uint8_t>(0) == 0) return 0;
    for (size_t k = 0; k < rows.count; ++k) out[k] = static_cast<uint16_t>(rows[k]);
    return rows.count;
  }
  size_t count = 0;
  const auto run = [&](auto is_true) {
    ForEachRow(rows, [&](size_t i) {
      out[count] = static_cast<uint16_t>(i);
      count += is_true(i) ? 1 : 0;
    });
  };
  const auto* data = reinterpret_cast<const uint8_t*>(arg.view.data);
  if (arg.view.all_valid()) {
    if (arg.flat) {
      run([data](size_t i) { return data[i] != 0; });
    } else {
      run([&](size_t i) { return data[arg.view.index[i]] != 0; });
    }
  } else {
    run([&](size_t i) { return arg.view.valid(i) && arg.value<uint8_t>(i) != 0; });
  }
  return count;
}

Status Program::Run(uint32_t index, const ProgramScope& scope, const Vector** out) {
  ProgramNode& node = *nodes_[index];
  switch (node.op) {
    case NodeOp::kSlot:
      DRIFTDB_CHECK_OR_RETURN(node.slot < chunk_->column_count(), "slot {} of {} columns",
                              node.slot, chunk_->column_count());
      *out = &chunk_->column(node.slot);
      return OkStatus();
    case NodeOp::kConstant:
      *out = &node.reg;
      return OkStatus();
    default:
      break;
  }
  *out = &node.reg;
  if (!node.is_volatile) {
    for (const ProgramScope* s = &scope; s != nullptr; s = s->parent) {
      if (s->id == node.scope_id) return OkStatus();
    }
  }
  if (scope.rows.count == 0) {
    node.scope_id = 0;
    node.reg.SetConstantNull();
    return OkStatus();
  }
  node.scope_id = 0;
  if (Status status = Compute(node, scope); !status.ok()) {
    return std::move(status).At(node.position);
  }
  node.scope_id = scope.id;
  return OkStatus();
}

Status Program::Compute(ProgramNode& node, const ProgramScope& scope) {
  switch (node.op) {
    case NodeOp::kParameter: {
      const Value* value = context_->Parameter(node.slot);
      if (value == nullptr) {
        return Error(sqlstate::kUndefinedParameter, "there is no parameter ${}", node.slot + 1);
      }
      node.reg.SetConstant(*value);
      return OkStatus();
    }
    case NodeOp::kRelabel: {
      const Vector* child = nullptr;
      DRIFTDB_RETURN_IF_ERROR(Run(node.children[0], scope, &child));
      node.reg.Refer(*child);
      return OkStatus();
    }
    case NodeOp::kKernel:
      return ComputeKernel(node, scope);
    case NodeOp::kAnd:
    case NodeOp::kOr:
      return ComputeJunction(node, scope);
    case NodeOp::kNot:
      return ComputeNot(node, scope);
    case NodeOp::kIsTest:
      return ComputeIsTest(node, scope);
    case NodeOp::kCase:
      return ComputeCase(node, scope);
    case NodeOp::kCoalesce:
      return ComputeCoalesce(node, scope);
    case NodeOp::kExtreme:
      return ComputeExtreme(node, scope);
    default:
      return InternalError("node has nothing to compute");
  }
}

namespace {

// ANDs the arguments' validities into `out` at the rows. False: nothing is NULL.
bool ProgramMergeValidity(const std::vector<KernelArg>& args, const RowSet& rows, Vector* out) {
  bool any = false;
  const size_t words = (RowSpan(rows) + 63) / 64;
  for (const KernelArg& arg : args) {
    if (arg.constant || arg.view.all_valid()) continue;
    uint64_t* bits = out->mutable_validity();
    if (arg.flat) {
      const uint64_t* from = arg.view.validity;
      for (size_t w = 0; w < words; ++w) bits[w] &= from[w];
    } else {
      ForEachRow(rows, [&](size_t i) {
        if (!arg.view.valid(i)) ClearBit(bits, i);
      });
    }
    any = true;
  }
  return any;
}

}  // namespace

Status Program::CallKernel(ProgramNode& node, std::vector<KernelArg>& args, const RowSet& rows,
                           Vector* out) {
  KernelCall call;
  call.args = args.data();
  call.arg_count = args.size();
  call.rows = rows;
  call.result_type = node.type;
  call.out = out;
  call.context = context_;
  call.state = node.state.get();
  if (!node.strict) return node.kernel(call);
  Selection valid_rows;
  if (ProgramMergeValidity(args, rows, out) && !node.total) {
    const uint64_t* bits = out->validity();
    size_t count = 0;
    uint16_t* to = valid_rows.rows();
    ForEachRow(rows, [&](size_t i) {
      to[count] = static_cast<uint16_t>(i);
      count += BitIsSet(bits, i) ? 1 : 0;
    });
    if (count == 0) return OkStatus();
    call.rows = {to, count};
  }
  if (node.total && out->validity() != nullptr) {
    // A checked kernel would report overflows of NULL rows' garbage: let it see valid rows only
    // then.
    Status status = node.kernel(call);
    if (status.ok()) return status;
    const uint64_t* bits = out->validity();
    size_t count = 0;
    uint16_t* to = valid_rows.rows();
    ForEachRow(rows, [&](size_t i) {
      to[count] = static_cast<uint16_t>(i);
      count += BitIsSet(bits, i) ? 1 : 0;
    });
    if (count == 0) return OkStatus();
    call.rows = {to, count};
  }
  return node.kernel(call);
}

Status Program::ComputeKernel(ProgramNode& node, const ProgramScope& scope) {
  std::vector<const Vector*> vectors(node.children.size());
  for (size_t i = 0; i < vectors.size(); ++i) {
    DRIFTDB_RETURN_IF_ERROR(Run(node.children[i], scope, &vectors[i]));
  }
  if (node.strict) {
    for (const Vector* v : vectors) {
      if (v->kind() == VectorKind::kConstant && v->IsNull(0)) {
        node.reg.SetConstantNull();
        return OkStatus();
      }
    }
  }
  const bool constant = !node.is_volatile && ProgramAllConstant(vectors);
  if (!constant && node.dictionary_ok) {
    bool done = false;
    DRIFTDB_RETURN_IF_ERROR(TryDictionary(node, vectors, scope.rows, &done));
    if (done) return OkStatus();
  }
  const size_t span = constant ? 1 : RowSpan(scope.rows);
  std::vector<KernelArg> args(vectors.size());
  for (size_t i = 0; i < vectors.size(); ++i) {
    args[i] = MakeKernelArg(*vectors[i], span, &node.scratch[i]);
  }
  if (!constant) {
    node.reg.AllocateFlat(kVectorRows);
    return CallKernel(node, args, scope.rows, &node.reg);
  }
  Vector one(node.type, 1);
  DRIFTDB_RETURN_IF_ERROR(CallKernel(node, args, {nullptr, 1}, &one));
  node.reg.SetConstant(one.GetValue(0));
  return OkStatus();
}

// NOLINTNEXTLINE(readability-function-size): one decision with its reasons
Status Program::TryDictionary(ProgramNode& node, const std::vector<const Vector*>& vectors,
                              const RowSet& rows, bool* done) {
  constexpr size_t kDictionariesKept = 8;
  size_t which = vectors.size();
  for (size_t i = 0; i < vectors.size(); ++i) {
    if (vectors[i]->kind() == VectorKind::kConstant) {
      // Only what is constant in the expression: a column may be another constant in the next
      // chunk, and results are kept by the dictionary's id alone.
      const NodeOp op = nodes_[node.children[i]]->op;
      if (op != NodeOp::kConstant && op != NodeOp::kParameter) return OkStatus();
      continue;
    }
    if (which != vectors.size() || vectors[i]->kind() != VectorKind::kDictionary) return OkStatus();
    which = i;
  }
  if (which == vectors.size() || vectors[which]->dictionary_id() == 0) return OkStatus();
  const Vector& column = *vectors[which];
  DictionaryResult* entry = nullptr;
  for (DictionaryResult& known : node.dictionaries) {
    if (known.id == column.dictionary_id()) entry = &known;
  }
  if (entry == nullptr) {
    if (node.dictionaries.size() == kDictionariesKept) {
      node.dictionaries.erase(node.dictionaries.begin());
    }
    node.dictionaries.push_back({column.dictionary_id(), 0, false, nullptr});
    entry = &node.dictionaries.back();
  }
  if (entry->failed) return OkStatus();
  if (entry->result == nullptr) {
    entry->rows_seen += rows.count;
    if (column.dictionary_size() > entry->rows_seen) return OkStatus();
    auto result =
        std::make_shared<Vector>(node.type, std::max<size_t>(1, column.dictionary_size()));
    const size_t width = column.type().width();
    Vector batch(node.type);
    for (size_t from = 0; from < column.dictionary_size(); from += kVectorRows) {
      const size_t count = std::min(kVectorRows, column.dictionary_size() - from);
      std::vector<KernelArg> args(vectors.size());
      for (size_t i = 0; i < vectors.size(); ++i) {
        if (i != which) {
          args[i] = MakeKernelArg(*vectors[i], count, &node.scratch[i]);
          continue;
        }
        const Vector& dictionary = *column.dictionary();
        args[i].type = column.type();
        args[i].flat = true;
        args[i].vector = &dictionary;
        args[i].view.data = dictionary.raw_data() + from * width;
        if (dictionary.validity() != nullptr) {
          args[i].view.validity = dictionary.validity() + from / 64;
        }
      }
      batch.AllocateFlat(kVectorRows);
      if (!CallKernel(node, args, {nullptr, count}, &batch).ok()) {
        entry->failed = true;
        return OkStatus();
      }
      const size_t to_width = node.type.width();
      std::memcpy(result->mutable_raw_data() + from * to_width, batch.raw_data(), count * to_width);
      if (batch.validity() != nullptr) {
        std::memcpy(result->mutable_validity() + from / 64, batch.validity(),
                    (count + 63) / 64 * 8);
      }
      if (node.type.physical() == PhysicalType::kString) result->HoldAllOf(batch);
    }
    entry->result = std::move(result);
  }
  // The same function of the same dictionary has the same entries: so has the id.
  const uint64_t id = HashCombine64(entry->id, node.hash) | 1;
  node.reg.ReferDictionary(column.codes(), nullptr, entry->result, column.dictionary_size(), id);
  if (column.validity() != nullptr) node.reg.ReferValidity(column.validity(), nullptr);
  node.reg.HoldAllOf(column);
  *done = true;
  return OkStatus();
}

Status Program::RunFilter(uint32_t index, const ProgramScope& scope, Selection* out) {
  ProgramNode& node = *nodes_[index];
  if (node.op == NodeOp::kKernel && node.select != nullptr) {
    const Vector* vectors[2];
    DRIFTDB_RETURN_IF_ERROR(Run(node.children[0], scope, &vectors[0]));
    DRIFTDB_RETURN_IF_ERROR(Run(node.children[1], scope, &vectors[1]));
    KernelArg args[2];
    bool direct = true;
    for (int i = 0; i < 2; ++i) {
      // Dictionaries with an id are better served by their cached results.
      direct &= vectors[i]->kind() != VectorKind::kDictionary || vectors[i]->dictionary_id() == 0;
      if (!direct) break;
      args[i] = MakeKernelArg(*vectors[i], RowSpan(scope.rows), &node.scratch[i]);
      direct &= args[i].view.all_valid();
    }
    if (direct) {
      out->set_size(node.select(args, scope.rows, out->rows()));
      return OkStatus();
    }
  }
  const Vector* booleans = nullptr;
  DRIFTDB_RETURN_IF_ERROR(Run(index, scope, &booleans));
  out->set_size(SelectTrue(*booleans, scope.rows, out->rows()));
  return OkStatus();
}

void Program::RankConjuncts() {
  const auto rank = [this](const Conjunct& c) {
    const double pass = c.rows_in == 0 ? 0.5 : static_cast<double>(c.rows_out) / c.rows_in;
    return (1.0 - pass) / (nodes_[c.node]->cost + 0.1);
  };
  // Insertion sort by falling rank in which a barrier never overtakes (E1).
  for (size_t i = 1; i < conjuncts_.size(); ++i) {
    for (size_t j = i;
         j > 0 && !conjuncts_[j].barrier && rank(conjuncts_[j]) > rank(conjuncts_[j - 1]) * 1.1;
         --j) {
      std::swap(conjuncts_[j], conjuncts_[j - 1]);
    }
  }
}

Status Program::Filter(const Chunk& chunk, Selection* out) {
  constexpr uint64_t kFirstRanking = 16, kRankingInterval = 64;
  DRIFTDB_DCHECK(roots_.size() == 1 && chunk.selection() != out);
  chunk_ = &chunk;
  row_count_ = chunk.row_count();
  RowSet rows{nullptr, chunk.row_count()};
  if (chunk.selection() != nullptr) rows = {chunk.selection()->rows(), chunk.selection()->size()};
  out->set_size(rows.count);
  if (rows.count == 0) return OkStatus();
  std::vector<ProgramScope> scopes;
  scopes.reserve(conjuncts_.size());
  const ProgramScope* scope = nullptr;
  for (Conjunct& conjunct : conjuncts_) {
    scopes.push_back({rows, ++scope_counter_, scope});
    scope = &scopes.back();
    DRIFTDB_RETURN_IF_ERROR(RunFilter(conjunct.node, *scope, out));
    conjunct.rows_in += rows.count;
    conjunct.rows_out += out->size();
    if (out->size() == 0) return OkStatus();
    // All passed a dense run: stay dense, the next conjunct is faster for it.
    if (!rows.dense() || out->size() != rows.count) rows = {out->rows(), out->size()};
  }
  ++chunks_filtered_;
  if (conjuncts_.size() > 1 &&
      (chunks_filtered_ == kFirstRanking || chunks_filtered_ % kRankingInterval == 0)) {
    RankConjuncts();
  }
  return OkStatus();
}

Status Program::Evaluate(const Chunk& chunk, Vector* out) {
  chunk_ = &chunk;
  row_count_ = chunk.row_count();
  RowSet rows{nullptr, chunk.row_count()};
  if (chunk.selection() != nullptr) rows = {chunk.selection()->rows(), chunk.selection()->size()};
  const ProgramScope scope{rows, ++scope_counter_, nullptr};
  // The registers of roots borrow the caller's memory, so that it is written again chunk after
  // chunk.
  for (size_t r = 0; r < roots_.size(); ++r) {
    ProgramNode& node = *nodes_[roots_[r]];
    if (node.op == NodeOp::kSlot || node.op == NodeOp::kConstant) continue;
    if (std::find(roots_.begin(), roots_.begin() + r, roots_[r]) != roots_.begin() + r) continue;
    node.reg = std::move(out[r]);
    node.reg.set_type(node.type);
    node.scope_id = 0;
  }
  for (size_t r = 0; r < roots_.size(); ++r) {
    const Vector* result = nullptr;
    DRIFTDB_RETURN_IF_ERROR(Run(roots_[r], scope, &result));
  }
  for (size_t r = 0; r < roots_.size(); ++r) {
    ProgramNode& node = *nodes_[roots_[r]];
    if (node.op == NodeOp::kSlot) {
      out[r] = chunk.column(node.slot);
      out[r].set_type(node.type);
      continue;
    }
    if (node.op == NodeOp::kConstant) {
      out[r] = node.reg;
      continue;
    }
    const auto first = std::find(roots_.begin(), roots_.begin() + r, roots_[r]);
    if (first != roots_.begin() + r) {
      out[r] = out[first - roots_.begin()];
    } else {
      out[r] = std::move(node.reg);
      node.reg = Vector(node.type);
      node.scope_id = 0;
    }
  }
  return OkStatus();
}

Result<Value> Program::EvaluateRow(const std::vector<Value>& row) {
  Chunk chunk;
  chunk.columns().reserve(row.size());
  for (const Value& value : row) {
    Vector column(value.type());
    column.SetConstant(value);
    chunk.columns().push_back(std::move(column));
  }
  chunk.set_row_count(1);
  Vector out;
  DRIFTDB_RETURN_IF_ERROR(Evaluate(chunk, &out));
  return out.GetValue(0);
}

CompiledExpr::CompiledExpr() = default;
CompiledExpr::~CompiledExpr() = default;
CompiledExpr::CompiledExpr(CompiledExpr&&) noexcept = default;
CompiledExpr& CompiledExpr::operator=(CompiledExpr&&) noexcept = default;

Result<CompiledExpr> CompiledExpr::Compile(const Expr& expr, EvalContext* context) {
  CompiledExpr compiled;
  DRIFTDB_ASSIGN_OR_RETURN(compiled.program_, Program::Compile({&expr}, context));
  return compiled;
}
const LogicalType& CompiledExpr::type() const { return program_->type(0); }
Status CompiledExpr::Evaluate(const Chunk& chunk, Vector* out) {
  return program_->Evaluate(chunk, out);
}
Status CompiledExpr::Filter(const Chunk& chunk, Selection* out) {
  return program_->Filter(chunk, out);
}
Result<Value> CompiledExpr::EvaluateRow(const std::vector<Value>& row) {
  return program_->EvaluateRow(row);
}

ExpressionList::ExpressionList() = default;
ExpressionList::~ExpressionList() = default;
ExpressionList::ExpressionList(ExpressionList&&) noexcept = default;
ExpressionList& ExpressionList::operator=(ExpressionList&&) noexcept = default;

Result<ExpressionList> ExpressionList::Compile(const std::vector<const Expr*>& exprs,
                                               EvalContext* context) {
  ExpressionList list;
  DRIFTDB_ASSIGN_OR_RETURN(list.program_, Program::Compile(exprs, context));
  return list;
}
size_t ExpressionList::size() const { return program_->root_count(); }
Status ExpressionList::Evaluate(const Chunk& chunk, Vector* out) {
  return program_->Evaluate(chunk, out);
}

}  // namespace driftdb::expr
