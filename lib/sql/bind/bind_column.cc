// Column references, with PostgreSQL's rules for what is visible and its hints for what is not.
#include <algorithm>

#include "base/error.h"
#include "base/status_macros.h"
#include "sql/bind/statement_binder.h"

namespace driftdb::sql {

namespace {

constexpr int kColumnHintDistance = 3;

std::string ColumnJoinParts(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) {
    if (!text.empty()) text += ".";
    text += part;
  }
  return text;
}

}  // namespace

ExprPtr StatementBinder::MakeColumnRef(const ScopeColumn& column, uint32_t position) {
  UseColumn(column);
  ExprPtr expr = column.merged != nullptr
                     ? column.merged->Clone()
                     : expr::MakeColumn(column.binding, column.type, column.name);
  expr->position = position;
  return expr;
}

Result<const ScopeColumn*> StatementBinder::FindBareColumn(const std::string& name,
                                                           uint32_t position) {
  for (QueryLevel* level = level_; level != nullptr; level = level->parent) {
    const ScopeColumn* found = nullptr;
    for (const ScopeColumn& column : level->scope.columns) {
      if (column.name != name) continue;
      if (found != nullptr) {
        return Error(sqlstate::kAmbiguousColumn, "column reference \"{}\" is ambiguous", name)
            .At(position);
      }
      found = &column;
    }
    if (found != nullptr) return found;
  }
  return nullptr;
}

ScopeRangePtr StatementBinder::FindRange(const std::string& schema, const std::string& name,
                                         QueryLevel** level) {
  for (QueryLevel* at = level_; at != nullptr; at = at->parent) {
    for (const ScopeRangePtr& range : at->scope.ranges) {
      if (range->alias == name && (schema.empty() || range->schema == schema)) {
        *level = at;
        return range;
      }
    }
  }
  return nullptr;
}

Status StatementBinder::MissingRange(const std::string& name, uint32_t position) {
  for (QueryLevel* level = level_; level != nullptr; level = level->parent) {
    for (const ScopeRangePtr& range : level->hidden) {
      if (range->alias != name) continue;
      return Error(sqlstate::kUndefinedTable,
                   "invalid reference to FROM-clause entry for table \"{}\"", name)
          .WithHint("There is an entry for table \"" + name +
                    "\", but it cannot be referenced from this part of the query.")
          .At(position);
    }
    for (const ScopeRangePtr& range : level->scope.ranges) {
      if (range->relation != name) continue;
      return Error(sqlstate::kUndefinedTable,
                   "invalid reference to FROM-clause entry for table \"{}\"", name)
          .WithHint("Perhaps you meant to reference the table alias \"" + range->alias + "\".")
          .At(position);
    }
  }
  return Error(sqlstate::kUndefinedTable, "missing FROM-clause entry for table \"{}\"", name)
      .At(position);
}

Status StatementBinder::MissingColumn(const std::string& range, const std::string& name,
                                      uint32_t position) {
  const std::string shown = range.empty() ? "\"" + name + "\"" : range + "." + name;
  Status error = Error(sqlstate::kUndefinedColumn, "column {} does not exist", shown).At(position);
  std::string exact_range, best;
  int best_distance = kColumnHintDistance + 1, best_count = 0;
  for (QueryLevel* level = level_; level != nullptr; level = level->parent) {
    for (const ScopeRangePtr& hidden : level->hidden) {
      for (const ScopeColumn& column : hidden->columns) {
        if (column.name == name && (range.empty() || hidden->alias == range)) {
          exact_range = hidden->alias;
        }
      }
    }
    for (const ScopeRangePtr& visible : level->scope.ranges) {
      if (!range.empty() && visible->alias != range) continue;
      for (const ScopeColumn& column : visible->columns) {
        const int distance = NameDistance(name, column.name, kColumnHintDistance);
        if (distance > kColumnHintDistance || distance > static_cast<int>(name.size()) / 2) {
          continue;
        }
        if (distance < best_distance) {
          best_distance = distance;
          best_count = 0;
          best = visible->alias + "." + column.name;
        } else if (distance == best_distance && ++best_count < 2) {
          best += "\" or the column \"" + visible->alias + "." + column.name;
        }
      }
    }
  }
  if (!exact_range.empty()) {
    return std::move(error).WithHint("There is a column named \"" + name + "\" in table \"" +
                                     exact_range +
                                     "\", but it cannot be referenced from this part of the "
                                     "query.");
  }
  if (!best.empty() && best_count < 2) {
    return std::move(error).WithHint("Perhaps you meant to reference the column \"" + best + "\".");
  }
  return error;
}

Result<const ScopeColumn*> StatementBinder::FindQualifiedColumn(const AstColumnRef& ref) {
  const std::vector<std::string>& parts = ref.parts;
  if (parts.size() > 4 || (parts.size() == 4 && parts[0] != context_.database_name)) {
    return Error(sqlstate::kFeatureNotSupported,
                 "cross-database references are not implemented: {}", ColumnJoinParts(parts))
        .At(ref.position);
  }
  const std::string& name = parts.back();
  const std::string& table = parts[parts.size() - 2];
  const std::string schema = parts.size() > 2 ? parts[parts.size() - 3] : std::string();
  QueryLevel* level = nullptr;
  const ScopeRangePtr range = FindRange(schema, table, &level);
  if (range == nullptr) return MissingRange(table, ref.position);
  if (range->lateral_forbidden) {
    return Error(sqlstate::kInvalidColumnReference,
                 "invalid reference to FROM-clause entry for table \"{}\"", table)
        .WithDetail("The combining JOIN type must be INNER or LEFT for a LATERAL reference.")
        .At(ref.position);
  }
  const ScopeColumn* found = nullptr;
  for (const ScopeColumn& column : range->columns) {
    if (column.name != name) continue;
    if (found != nullptr) {
      return Error(sqlstate::kAmbiguousColumn, "column reference \"{}\" is ambiguous", name)
          .At(ref.position);
    }
    found = &column;
  }
  if (found == nullptr) return MissingColumn(table, name, ref.position);
  return found;
}

Result<ExprPtr> StatementBinder::BindColumnRef(const AstColumnRef& ref) {
  if (ref.star) {
    return Error(sqlstate::kSyntaxError, "row expansion via \"*\" is not supported here")
        .At(ref.position);
  }
  if (level_->clause == BindClause::kDefault) {
    return Error(sqlstate::kFeatureNotSupported,
                 "cannot use column reference in DEFAULT expression")
        .At(ref.position);
  }
  const ScopeColumn* column = nullptr;
  if (ref.parts.size() == 1) {
    DRIFTDB_ASSIGN_OR_RETURN(column, FindBareColumn(ref.parts[0], ref.position));
    if (column == nullptr) {
      QueryLevel* level = nullptr;
      if (FindRange("", ref.parts[0], &level) != nullptr) {
        return Error(sqlstate::kFeatureNotSupported, "whole-row references are not supported")
            .At(ref.position);
      }
      return MissingColumn("", ref.parts[0], ref.position);
    }
  } else {
    DRIFTDB_ASSIGN_OR_RETURN(column, FindQualifiedColumn(ref));
  }
  return MakeColumnRef(*column, ref.position);
}

}  // namespace driftdb::sql
