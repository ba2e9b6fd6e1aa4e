#include "compare/answer.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "base/error.h"
#include "base/status_macros.h"

namespace driftdb::compare {
namespace {

constexpr double kRelativeTolerance = 1e-6;

bool ParseWholeNumber(const std::string& text, double* number) {
  char* end = nullptr;
  *number = std::strtod(text.c_str(), &end);
  return !text.empty() && *end == '\0';
}

}  // namespace

Result<Answer> FetchAnswer(Statement* statement) {
  Answer answer;
  for (;;) {
    DRIFTDB_ASSIGN_OR_RETURN(const bool has_row, statement->Step());
    if (!has_row) {
      return answer;
    }
    AnswerRow row;
    for (int column = 0; column < statement->columns(); ++column) {
      row.push_back(statement->IsNull(column) ? "\\N" : statement->Text(column));
    }
    answer.push_back(std::move(row));
  }
}

bool CellsAgree(const std::string& left, const std::string& right) {
  if (left == right) {
    return true;
  }
  double a = 0;
  double b = 0;
  return ParseWholeNumber(left, &a) && ParseWholeNumber(right, &b) &&
         std::abs(a - b) <= kRelativeTolerance * std::max(std::abs(a), std::abs(b));
}

std::string FirstDifference(const Answer& left, const Answer& right) {
  if (left.size() != right.size()) {
    return fmt::format("{} rows against {}", left.size(), right.size());
  }
  for (size_t row = 0; row < left.size(); ++row) {
    if (left[row].size() != right[row].size()) {
      return fmt::format("{} columns against {}", left[row].size(), right[row].size());
    }
    for (size_t column = 0; column < left[row].size(); ++column) {
      if (!CellsAgree(left[row][column], right[row][column])) {
        return fmt::format("row {} column {}: \"{}\" against \"{}\"", row + 1, column + 1,
                           left[row][column], right[row][column]);
      }
    }
  }
  return "";
}

}  // namespace driftdb::compare
