#include "sql/bind/scope.h"

#include <algorithm>

namespace driftdb::sql {

std::string_view ClauseText(BindClause clause) {
  switch (clause) {
    case BindClause::kSelectTarget:
      return "SELECT";
    case BindClause::kFrom:
      return "FROM clause of their own query level";
    case BindClause::kFunctionInFrom:
      return "functions in FROM";
    case BindClause::kJoinOn:
      return "JOIN conditions";
    case BindClause::kWhere:
      return "WHERE";
    case BindClause::kGroupBy:
      return "GROUP BY";
    case BindClause::kHaving:
      return "HAVING";
    case BindClause::kOrderBy:
      return "ORDER BY";
    case BindClause::kDistinctOn:
      return "DISTINCT ON";
    case BindClause::kLimit:
      return "LIMIT";
    case BindClause::kOffset:
      return "OFFSET";
    case BindClause::kValues:
      return "VALUES";
    case BindClause::kFilter:
      return "FILTER";
    case BindClause::kWindowPartition:
    case BindClause::kWindowOrder:
      return "window definitions";
    case BindClause::kWindowFrame:
      return "window frame";
    case BindClause::kUpdateSource:
      return "UPDATE";
    case BindClause::kReturning:
      return "RETURNING";
    case BindClause::kCheck:
      return "check constraints";
    case BindClause::kDefault:
      return "DEFAULT expressions";
    case BindClause::kExecute:
      return "EXECUTE parameters";
    case BindClause::kCopyWhere:
      return "COPY FROM WHERE conditions";
  }
  return "";
}

void Scope::Append(const Scope& other) {
  ranges.insert(ranges.end(), other.ranges.begin(), other.ranges.end());
  columns.insert(columns.end(), other.columns.begin(), other.columns.end());
}

Scope Scope::Of(ScopeRangePtr range) {
  Scope scope;
  scope.columns = range->columns;
  scope.ranges.push_back(std::move(range));
  return scope;
}

int NameDistance(std::string_view a, std::string_view b, int limit) {
  const int m = static_cast<int>(a.size()), n = static_cast<int>(b.size());
  if (m - n > limit || n - m > limit) return limit + 1;
  std::vector<int> row(static_cast<size_t>(n) + 1);
  for (int j = 0; j <= n; ++j) row[static_cast<size_t>(j)] = j;
  for (int i = 1; i <= m; ++i) {
    int diagonal = row[0];
    row[0] = i;
    for (int j = 1; j <= n; ++j) {
      const auto at = static_cast<size_t>(j);
      const int above = row[at];
      const bool same = a[static_cast<size_t>(i - 1)] == b[static_cast<size_t>(j - 1)];
      row[at] = std::min({above + 1, row[at - 1] + 1, diagonal + (same ? 0 : 1)});
      diagonal = above;
    }
  }
  return std::min(row[static_cast<size_t>(n)], limit + 1);
}

}  // namespace driftdb::sql
