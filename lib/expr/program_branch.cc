// Nodes that evaluate children on part of their rows: AND, OR, CASE, COALESCE; and the NULL tests.
#include <algorithm>
#include <cstring>
#include <deque>

#include "base/status_macros.h"
#include "expr/aggregate.h"
#include "expr/program.h"

namespace driftdb::expr {

namespace {

// Three-valued boolean of a row: 0 false, 1 true, 2 NULL.
template <typename F>
void BranchForEachBoolean(const Vector& booleans, const RowSet& rows, F f) {
  Vector scratch(booleans.type());
  const KernelArg arg = MakeKernelArg(booleans, RowSpan(rows), &scratch);
  if (arg.view.all_valid()) {
    ForEachRow(rows, [&](size_t i) { f(i, arg.value<uint8_t>(i) != 0 ? 1 : 0); });
  } else {
    ForEachRow(rows, [&](size_t i) {
      f(i, !arg.view.valid(i) ? 2 : arg.value<uint8_t>(i) != 0 ? 1 : 0);
    });
  }
}

void BranchFill(Vector* reg, const RowSet& rows, uint8_t value) {
  auto* data = reg->data<uint8_t>();
  ForEachRow(rows, [&](size_t i) { data[i] = value; });
}

}  // namespace

// `stop` is the value that decides: false for AND, true for OR. Rows that reached it leave.
Status Program::ComputeJunction(ProgramNode& node, const ProgramScope& scope) {
  const uint8_t stop = node.op == NodeOp::kOr ? 1 : 0;
  // deque: scopes point to each other and must not move.
  std::deque<ProgramScope> scopes;
  const ProgramScope* current = &scope;
  bool started = false;
  for (const uint32_t child : node.children) {
    const Vector* booleans = nullptr;
    DRIFTDB_RETURN_IF_ERROR(Run(child, *current, &booleans));
    // A child may have been evaluated into its register only now, so the own one is set up after
    // the first.
    if (!started) {
      node.reg.AllocateFlat(kVectorRows);
      BranchFill(&node.reg, scope.rows, 1 - stop);
      started = true;
    }
    auto* data = node.reg.data<uint8_t>();
    Selection* rest = node.rows_a.get();
    uint16_t* to = rest->rows();
    size_t count = 0;
    BranchForEachBoolean(*booleans, current->rows, [&](size_t i, int value) {
      if (value == stop) {
        data[i] = stop;
        if (node.reg.validity() != nullptr) SetBit(node.reg.mutable_validity(), i);
        return;
      }
      if (value == 2) node.reg.SetNull(i);
      to[count++] = static_cast<uint16_t>(i);
    });
    if (count == 0) break;
    if (count != current->rows.count) {
      scopes.push_back(Child(*current, {to, count}));
      current = &scopes.back();
    }
  }
  return OkStatus();
}

Status Program::ComputeNot(ProgramNode& node, const ProgramScope& scope) {
  const Vector* child = nullptr;
  DRIFTDB_RETURN_IF_ERROR(Run(node.children[0], scope, &child));
  if (child->kind() == VectorKind::kConstant) {
    const Value value = child->GetValue(0);
    node.reg.SetConstant(value.is_null() ? value : Value::Boolean(!value.boolean()));
    return OkStatus();
  }
  node.reg.AllocateFlat(kVectorRows);
  auto* data = node.reg.data<uint8_t>();
  BranchForEachBoolean(*child, scope.rows, [&](size_t i, int value) {
    data[i] = value == 0 ? 1 : 0;
    if (value == 2) node.reg.SetNull(i);
  });
  return OkStatus();
}

Status Program::ComputeIsTest(ProgramNode& node, const ProgramScope& scope) {
  const Vector* child = nullptr;
  DRIFTDB_RETURN_IF_ERROR(Run(node.children[0], scope, &child));
  const uint8_t negated = node.negated ? 1 : 0;
  if (node.is_test == IsTest::kNull || node.is_test == IsTest::kUnknown) {
    Vector scratch(child->type());
    const KernelArg arg = MakeKernelArg(*child, RowSpan(scope.rows), &scratch);
    if (arg.constant || arg.view.all_valid()) {
      const bool null = arg.constant && !arg.view.valid(0);
      node.reg.SetConstant(Value::Boolean(null != node.negated));
      return OkStatus();
    }
    node.reg.AllocateFlat(kVectorRows);
    auto* data = node.reg.data<uint8_t>();
    ForEachRow(scope.rows, [&](size_t i) { data[i] = (arg.view.valid(i) ? 0 : 1) ^ negated; });
    return OkStatus();
  }
  const int wanted = node.is_test == IsTest::kTrue ? 1 : 0;
  node.reg.AllocateFlat(kVectorRows);
  auto* data = node.reg.data<uint8_t>();
  BranchForEachBoolean(*child, scope.rows, [&](size_t i, int value) {
    data[i] = static_cast<uint8_t>((value == wanted ? 1 : 0) ^ negated);
  });
  return OkStatus();
}

Status Program::ComputeCase(ProgramNode& node, const ProgramScope& scope) {
  node.reg.AllocateFlat(kVectorRows);
  std::deque<ProgramScope> scopes;
  const ProgramScope* rest = &scope;
  const size_t branches = (node.children.size() - (node.has_else ? 1 : 0)) / 2;
  uint16_t* chosen = node.rows_a->rows();
  uint16_t* left = node.rows_b->rows();
  for (size_t b = 0; b < branches; ++b) {
    const Vector* booleans = nullptr;
    DRIFTDB_RETURN_IF_ERROR(Run(node.children[2 * b], *rest, &booleans));
    size_t chosen_count = 0, left_count = 0;
    BranchForEachBoolean(*booleans, rest->rows, [&](size_t i, int value) {
      if (value == 1) {
        chosen[chosen_count++] = static_cast<uint16_t>(i);
      } else {
        left[left_count++] = static_cast<uint16_t>(i);
      }
    });
    if (chosen_count > 0) {
      const bool all = left_count == 0;
      const RowSet rows = all ? rest->rows : RowSet{chosen, chosen_count};
      scopes.push_back(Child(*rest, rows));
      const Vector* result = nullptr;
      DRIFTDB_RETURN_IF_ERROR(Run(node.children[2 * b + 1], all ? *rest : scopes.back(), &result));
      CopyRows(*result, rows, &node.reg);
      if (all) return OkStatus();
      scopes.push_back(Child(*rest, {left, left_count}));
      rest = &scopes.back();
    }
  }
  if (node.has_else) {
    const Vector* result = nullptr;
    DRIFTDB_RETURN_IF_ERROR(Run(node.children.back(), *rest, &result));
    CopyRows(*result, rest->rows, &node.reg);
  } else {
    const bool text = node.type.physical() == PhysicalType::kString;
    ForEachRow(rest->rows, [&](size_t i) {
      if (text) node.reg.data<StringRef>()[i] = StringRef();
      node.reg.SetNull(i);
    });
  }
  return OkStatus();
}

Status Program::ComputeCoalesce(ProgramNode& node, const ProgramScope& scope) {
  std::deque<ProgramScope> scopes;
  const ProgramScope* rest = &scope;
  for (size_t c = 0; c < node.children.size(); ++c) {
    const Vector* result = nullptr;
    DRIFTDB_RETURN_IF_ERROR(Run(node.children[c], *rest, &result));
    Vector scratch(result->type());
    const KernelArg arg = MakeKernelArg(*result, RowSpan(rest->rows), &scratch);
    if (c == 0) {
      if (arg.view.all_valid()) {
        node.reg.Refer(*result);
        return OkStatus();
      }
      node.reg.AllocateFlat(kVectorRows);
    } else {
      // Rows that are still NULL get this child's value, NULL or not.
      ForEachRow(rest->rows, [&](size_t i) { SetBit(node.reg.mutable_validity(), i); });
    }
    CopyRows(*result, rest->rows, &node.reg);
    uint16_t* to = node.rows_a->rows();
    size_t count = 0;
    ForEachRow(rest->rows, [&](size_t i) {
      to[count] = static_cast<uint16_t>(i);
      count += arg.view.valid(i) ? 0 : 1;
    });
    if (count == 0) return OkStatus();
    scopes.push_back(Child(*rest, {to, count}));
    rest = &scopes.back();
  }
  return OkStatus();
}

Status Program::ComputeExtreme(ProgramNode& node, const ProgramScope& scope) {
  const RowCompare compare = RowCompareFor(node.type.physical());
  const size_t width = node.type.width();
  const int sign = node.greatest ? 1 : -1;
  node.reg.AllocateFlat(kVectorRows);
  bool first = true;
  for (const uint32_t child : node.children) {
    const Vector* result = nullptr;
    DRIFTDB_RETURN_IF_ERROR(Run(child, scope, &result));
    if (first) {
      CopyRows(*result, scope.rows, &node.reg);
      first = false;
      continue;
    }
    Vector scratch(result->type());
    const KernelArg arg = MakeKernelArg(*result, RowSpan(scope.rows), &scratch);
    uint8_t* data = node.reg.mutable_raw_data();
    ForEachRow(scope.rows, [&](size_t i) {
      if (!arg.view.valid(i)) return;
      const uint8_t* value = arg.view.data + arg.view.position(i) * width;
      const bool own = node.reg.validity() == nullptr || BitIsSet(node.reg.validity(), i);
      if (own && compare(value, data + i * width) * sign <= 0) return;
      std::memcpy(data + i * width, value, width);
      if (!own) SetBit(node.reg.mutable_validity(), i);
    });
    if (node.type.physical() == PhysicalType::kString) node.reg.HoldAllOf(*arg.vector);
  }
  return OkStatus();
}

}  // namespace driftdb::expr
