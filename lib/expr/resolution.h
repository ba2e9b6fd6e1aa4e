// Choice among overloads, and coercion of arguments to signatures. Private to lib/expr; use
// binding.h. Source: PostgreSQL manual, sections 10.2 and 10.3 (func_select_candidate).
#ifndef DRIFTDB_EXPR_RESOLUTION_H_
#define DRIFTDB_EXPR_RESOLUTION_H_

#include <string>
#include <vector>

#include "expr/binding.h"

namespace driftdb::expr {

struct Signature {
  const std::vector<LogicalType>* args = nullptr;
  bool variadic = false;
  const LogicalType& arg(size_t i) const {
    return (*args)[i < args->size() ? i : args->size() - 1];
  }
  bool accepts_count(size_t count) const {
    return count == args->size() || (variadic && count > args->size());
  }
};

enum class ResolveOutcome : uint8_t { kFound, kNone, kAmbiguous };
// Index of the chosen signature in *chosen. `is_operator`: an unknown operand first takes the other
// one's type.
ResolveOutcome ResolveSignature(const std::vector<Signature>& candidates,
                                const std::vector<ExprPtr>& args, bool is_operator, size_t* chosen);
// Casts every argument to what the signature wants; arguments of "any" stay (unknown becomes text).
Status CoerceArguments(const Signature& signature, std::vector<ExprPtr>* args);

// Decimal type that holds the expression: a constant integer takes its own digits, not its type's.
LogicalType DecimalTypeOfExpr(const Expr& expr);
// "integer, text": without modifiers, as PostgreSQL words its errors.
std::string TypeList(const std::vector<ExprPtr>& args);
std::string TypeWord(const LogicalType& type);
// Evaluates at once what is constant and immutable; leaves the rest, and what fails.
void FoldIfConstant(ExprPtr& expr);

}  // namespace driftdb::expr

#endif  // DRIFTDB_EXPR_RESOLUTION_H_
