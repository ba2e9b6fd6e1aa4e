#include "keywords.h"

#include <algorithm>
#include <string>

#include "result_writer.h"

namespace shell {
namespace {

constexpr std::string_view kReservedWords[] = {"all",
                                               "analyse",
                                               "analyze",
                                               "and",
                                               "any",
                                               "array",
                                               "as",
                                               "asc",
                                               "asymmetric",
                                               "authorization",
                                               "between",
                                               "binary",
                                               "both",
                                               "case",
                                               "cast",
                                               "check",
                                               "collate",
                                               "collation",
                                               "column",
                                               "concurrently",
                                               "constraint",
                                               "create",
                                               "cross",
                                               "current_catalog",
                                               "current_date",
                                               "current_role",
                                               "current_schema",
                                               "current_time",
                                               "current_timestamp",
                                               "current_user",
                                               "default",
                                               "deferrable",
                                               "desc",
                                               "distinct",
                                               "do",
                                               "else",
                                               "end",
                                               "except",
                                               "exists",
                                               "false",
                                               "fetch",
                                               "for",
                                               "foreign",
                                               "freeze",
                                               "from",
                                               "full",
                                               "grant",
                                               "group",
                                               "having",
                                               "ilike",
                                               "in",
                                               "initially",
                                               "inner",
                                               "intersect",
                                               "into",
                                               "is",
                                               "isnull",
                                               "join",
                                               "lateral",
                                               "leading",
                                               "left",
                                               "like",
                                               "limit",
                                               "localtime",
                                               "localtimestamp",
                                               "natural",
                                               "not",
                                               "notnull",
                                               "null",
                                               "offset",
                                               "on",
                                               "only",
                                               "or",
                                               "order",
                                               "outer",
                                               "overlaps",
                                               "placing",
                                               "primary",
                                               "references",
                                               "returning",
                                               "right",
                                               "select",
                                               "session_user",
                                               "similar",
                                               "some",
                                               "symmetric",
                                               "table",
                                               "tablesample",
                                               "then",
                                               "to",
                                               "trailing",
                                               "true",
                                               "union",
                                               "unique",
                                               "user",
                                               "using",
                                               "values",
                                               "variadic",
                                               "verbose",
                                               "when",
                                               "where",
                                               "window",
                                               "with"};

constexpr std::string_view kOtherWords[] = {"add",         "alter",
                                            "avg",         "begin",
                                            "bigint",      "boolean",
                                            "bytea",       "by",
                                            "cascade",     "checkpoint",
                                            "coalesce",    "commit",
                                            "conflict",    "copy",
                                            "count",       "csv",
                                            "current",     "cycle",
                                            "date",        "decimal",
                                            "delete",      "double precision",
                                            "drop",        "execute",
                                            "explain",     "extract",
                                            "filter",      "first",
                                            "following",   "generated",
                                            "header",      "identity",
                                            "if",          "immediate",
                                            "include",     "increment",
                                            "index",       "insert",
                                            "integer",     "interval",
                                            "isolation",   "key",
                                            "last",        "level",
                                            "max",         "min",
                                            "nothing",     "nulls",
                                            "numeric",     "of",
                                            "over",        "partition",
                                            "preceding",   "prepare",
                                            "range",       "read",
                                            "real",        "recursive",
                                            "release",     "rename",
                                            "repeatable",  "replace",
                                            "reset",       "restart",
                                            "rollback",    "rows",
                                            "savepoint",   "schema",
                                            "sequence",    "serializable",
                                            "set",         "show",
                                            "smallint",    "start",
                                            "stdin",       "stdout",
                                            "sum",         "system_time",
                                            "temporary",   "text",
                                            "time",        "timestamp",
                                            "timestamptz", "transaction",
                                            "truncate",    "type",
                                            "unbounded",   "update",
                                            "uuid",        "vacuum",
                                            "varchar",     "view",
                                            "within",      "without",
                                            "write"};

}  // namespace

std::span<const std::string_view> ReservedWords() { return kReservedWords; }
std::span<const std::string_view> OtherWords() { return kOtherWords; }

std::string SqlName(std::string_view name) {
  const auto is_word_byte = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  };
  const bool plain =
      !name.empty() && !(name[0] >= '0' && name[0] <= '9') &&
      std::all_of(name.begin(), name.end(), is_word_byte) &&
      !std::binary_search(std::begin(kReservedWords), std::end(kReservedWords), name);
  if (plain) return std::string(name);
  std::string out = "\"";
  for (const char c : name) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + '"';
}

}  // namespace shell
