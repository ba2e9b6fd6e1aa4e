// COPY: target, columns and options.
#include <algorithm>

#include "base/error.h"
#include "base/status_macros.h"
#include "sql/bind/statement_binder.h"

namespace driftdb::sql {

namespace {

Status CopyInvalid(std::string_view message) {
  return Error(sqlstate::kFeatureNotSupported, "{}", message);
}

Status CopyParameter(std::string_view message) {
  return Error(sqlstate::kInvalidParameterValue, "{}", message);
}

bool CopyHasNewline(std::string_view text) {
  return text.find_first_of("\r\n") != std::string_view::npos;
}

}  // namespace

// Delimiter, null text, quote and escape: each by itself, then against each other.
Status StatementBinder::CheckCopySeparators(const AstCopy& ast, BoundCopy* copy) {
  const AstCopyOptions& options = ast.options;
  const bool csv = copy->format == BoundCopyFormat::kCsv;
  if (options.has_delimiter) {
    if (options.delimiter.size() != 1) {
      return CopyInvalid("COPY delimiter must be a single one-byte character");
    }
    copy->delimiter = options.delimiter[0];
  }
  if (options.has_null) copy->null_text = options.null_text;
  if (CopyHasNewline({&copy->delimiter, 1})) {
    return CopyParameter("COPY delimiter cannot be newline or carriage return");
  }
  if (CopyHasNewline(copy->null_text)) {
    return CopyParameter("COPY null representation cannot use newline or carriage return");
  }
  if (!csv && std::string_view("\\.abcdefghijklmnopqrstuvwxyz0123456789").find(copy->delimiter) !=
                  std::string_view::npos) {
    return Error(sqlstate::kInvalidParameterValue, "COPY delimiter cannot be \"{}\"",
                 copy->delimiter);
  }
  if (!csv && options.has_quote) return CopyInvalid("COPY quote available only in CSV mode");
  if (options.has_quote) {
    if (options.quote.size() != 1) {
      return CopyInvalid("COPY quote must be a single one-byte character");
    }
    copy->quote = options.quote[0];
  }
  copy->escape = copy->quote;
  if (csv && copy->delimiter == copy->quote) {
    return CopyParameter("COPY delimiter and quote must be different");
  }
  if (!csv && options.has_escape) return CopyInvalid("COPY escape available only in CSV mode");
  if (options.has_escape) {
    if (options.escape.size() != 1) {
      return CopyInvalid("COPY escape must be a single one-byte character");
    }
    copy->escape = options.escape[0];
  }
  if (copy->null_text.find(copy->delimiter) != std::string::npos) {
    return CopyInvalid("COPY delimiter must not appear in the NULL specification");
  }
  if (csv && copy->null_text.find(copy->quote) != std::string::npos) {
    return CopyInvalid("CSV quote character must not appear in the NULL specification");
  }
  return OkStatus();
}

// The checks of PostgreSQL's ProcessCopyOptions, in its order.
Status StatementBinder::CheckCopyOptions(const AstCopy& ast, BoundCopy* copy) {
  const AstCopyOptions& options = ast.options;
  for (const AstOption& option : options.other) {
    return Error(sqlstate::kSyntaxError, "option \"{}\" not recognized", option.name)
        .At(option.position);
  }
  if (!options.format.empty() && options.format != "text" && options.format != "csv") {
    if (options.format == "binary") return CopyInvalid("COPY format \"binary\" is not supported");
    return Error(sqlstate::kInvalidParameterValue, "COPY format \"{}\" not recognized",
                 options.format);
  }
  const bool csv = options.format == "csv";
  copy->format = csv ? BoundCopyFormat::kCsv : BoundCopyFormat::kText;
  copy->delimiter = csv ? ',' : '\t';
  copy->null_text = csv ? "" : "\\N";
  DRIFTDB_RETURN_IF_ERROR(CheckCopySeparators(ast, copy));
  copy->header = options.header;
  if (options.header == CopyHeader::kMatch && !ast.is_from) {
    return CopyInvalid("cannot use \"match\" with HEADER in COPY TO");
  }
  copy->has_default_text = options.has_default;
  copy->default_text = options.default_text;
  if (options.has_default && !ast.is_from) {
    return CopyInvalid("COPY DEFAULT cannot be used with COPY TO");
  }
  if (!options.encoding.empty()) {
    std::string name;
    for (const char c : options.encoding) {
      if (c != '-' && c != '_') name += static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
    }
    if (name != "utf8" && name != "unicode" && name != "sqlascii") {
      return Error(sqlstate::kInvalidParameterValue,
                   "argument to option \"encoding\" must be a valid encoding name");
    }
  }
  return OkStatus();
}

Status StatementBinder::CopyForce(const AstCopy& ast, BoundCopy* copy) {
  const AstCopyOptions& options = ast.options;
  const bool csv = copy->format == BoundCopyFormat::kCsv;
  const size_t width =
      copy->table != nullptr ? copy->table->columns.size() : copy->query.output.size();
  const auto apply = [&](std::string_view name, bool all, const std::vector<std::string>& names,
                         bool for_from, std::vector<bool>* flags) -> Status {
    flags->assign(width, all);
    if (!all && names.empty()) return OkStatus();
    if (!csv)
      return Error(sqlstate::kFeatureNotSupported, "COPY {} available only in CSV mode", name);
    if (for_from != ast.is_from) {
      return Error(sqlstate::kFeatureNotSupported, "COPY {} only available using COPY {}", name,
                   for_from ? "FROM" : "TO");
    }
    for (const std::string& column : names) {
      int ordinal = -1;
      if (copy->table != nullptr) {
        ordinal = copy->table->FindColumn(column);
      } else {
        for (size_t i = 0; i < copy->query.output.size(); ++i) {
          if (copy->query.output[i].name == column) ordinal = static_cast<int>(i);
        }
      }
      if (ordinal < 0) {
        return Error(sqlstate::kUndefinedColumn, "column \"{}\" does not exist", column);
      }
      (*flags)[static_cast<size_t>(ordinal)] = true;
    }
    return OkStatus();
  };
  DRIFTDB_RETURN_IF_ERROR(apply("force quote", options.force_quote_all, options.force_quote, false,
                                &copy->force_quote));
  DRIFTDB_RETURN_IF_ERROR(apply("force not null", options.force_not_null_all,
                                options.force_not_null, true, &copy->force_not_null));
  return apply("force null", options.force_null_all, options.force_null, true, &copy->force_null);
}

// The target of COPY FROM or COPY table TO.
Status StatementBinder::CopyTable(const AstCopy& ast, BoundCopy* copy) {
  if (ast.is_from) {
    DRIFTDB_ASSIGN_OR_RETURN(copy->table, RequireWritable(ast.table, "copy to"));
  } else {
    DRIFTDB_ASSIGN_OR_RETURN(const catalog::RelationEntry found, FindRelation(ast.table));
    if (std::holds_alternative<std::shared_ptr<const catalog::ViewEntry>>(found)) {
      return Error(sqlstate::kWrongObjectType, "cannot copy from view \"{}\"", ast.table.name)
          .WithHint("Try the COPY (SELECT ...) TO variant.");
    }
    DRIFTDB_ASSIGN_OR_RETURN(copy->table, RequireTable(ast.table));
  }
  DRIFTDB_ASSIGN_OR_RETURN(copy->columns, ResolveColumns(*copy->table, ast.columns, {}));
  if (ast.columns.empty()) {
    for (uint32_t c = 0; c < copy->table->columns.size(); ++c) copy->columns.push_back(c);
  }
  if (ast.is_from) {
    const uint32_t privilege = RequireOn(*copy->table, catalog::kPrivilegeInsert);
    if (!ast.columns.empty()) privileges_[privilege - 1].columns = copy->columns;
    return CopyFromParts(ast, copy);
  }
  FromItem item = MakeScan(copy->table, "", false, catalog::kPrivilegeSelect);
  for (const uint32_t ordinal : copy->columns) {
    const ScopeColumn& column = item.scope.columns[ordinal];
    UseColumn(column);
    copy->query.output.push_back(
        {column.name, column.type, column.binding, column.table, column.column});
  }
  if (ast.columns.empty()) privileges_.back().columns.clear();
  copy->query.plan = std::move(item.plan);
  return FinishQuery(&copy->query);
}

Status StatementBinder::CopyFromParts(const AstCopy& ast, BoundCopy* copy) {
  const uint32_t table_index = MakeTableIndex(copy->table->name);
  DRIFTDB_RETURN_IF_ERROR(FillDefaults(*copy->table, &copy->defaults));
  if (ast.where != nullptr) {
    Scope scope = Scope::Of(MakeTableRange(*copy->table, "", table_index, 0));
    DRIFTDB_ASSIGN_OR_RETURN(ExprPtr where,
                             BindStandalone(*ast.where, BindClause::kCopyWhere, std::move(scope)));
    DRIFTDB_ASSIGN_OR_RETURN(copy->where, expr::RequireBoolean(std::move(where), "WHERE"));
  }
  return BindChecks(*copy->table, table_index, &copy->checks, &copy->check_names);
}

Result<BoundStatement> StatementBinder::BindCopy(const AstCopy& ast) {
  BoundCopy copy;
  copy.is_from = ast.is_from;
  copy.endpoint = ast.endpoint;
  copy.file = ast.file;
  if (ast.endpoint == CopyEndpoint::kProgram) {
    return Error(sqlstate::kFeatureNotSupported, "COPY with PROGRAM is not supported");
  }
  DRIFTDB_RETURN_IF_ERROR(CheckCopyOptions(ast, &copy));
  if (ast.query != nullptr) {
    DRIFTDB_ASSIGN_OR_RETURN(BoundStatement inner, BindQueryStatement(*ast.query));
    copy.query = std::move(*inner.Get<BoundQuery>());
    if (copy.query.output.empty() && !copy.query.read_only) {
      return Error(sqlstate::kFeatureNotSupported, "COPY query must have a RETURNING clause");
    }
  } else {
    DRIFTDB_RETURN_IF_ERROR(CopyTable(ast, &copy));
    if (ast.is_from) copy.privileges = TakePrivileges();
  }
  DRIFTDB_RETURN_IF_ERROR(CopyForce(ast, &copy));
  BoundStatement statement;
  statement.node = std::move(copy);
  return statement;
}

}  // namespace driftdb::sql
