// Answers of a query as text cells, and their comparison.
#ifndef DRIFTDB_BENCH_COMPARE_ANSWER_H_
#define DRIFTDB_BENCH_COMPARE_ANSWER_H_

#include <string>
#include <vector>

#include "compare/engine.h"

namespace driftdb::compare {

using AnswerRow = std::vector<std::string>;
using Answer = std::vector<AnswerRow>;

// Runs the statement to its end. NULL is the cell "\N".
Result<Answer> FetchAnswer(Statement* statement);

// Equal text, or two numbers whose difference is at most 1e-6 of the larger.
bool CellsAgree(const std::string& left, const std::string& right);
// "" when the answers agree cell by cell in order; else the first difference.
std::string FirstDifference(const Answer& left, const Answer& right);

}  // namespace driftdb::compare

#endif  // DRIFTDB_BENCH_COMPARE_ANSWER_H_
