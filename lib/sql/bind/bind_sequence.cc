// CREATE SEQUENCE and ALTER SEQUENCE.
#include "base/error.h"
#include "base/status_macros.h"
#include "sql/bind/statement_binder.h"
#include "types/text_format.h"

namespace driftdb::sql {

namespace {

int64_t SequenceTypeMax(const LogicalType& type) {
  return type.id == TypeId::kInt16 ? INT16_MAX : type.id == TypeId::kInt32 ? INT32_MAX : INT64_MAX;
}
int64_t SequenceTypeMin(const LogicalType& type) { return -SequenceTypeMax(type) - 1; }

Result<int64_t> SequenceNumber(const AstSequenceOption& option) {
  int64_t value = 0;
  if (!ParseInt64Fast(option.value, &value)) {
    return Error(sqlstate::kInvalidTextRepresentation,
                 "value \"{}\" is out of range for type bigint", option.value)
        .At(option.position);
  }
  return value;
}

Status SequenceInvalid(std::string message) {
  return Status(sqlstate::kInvalidParameterValue, std::move(message));
}

Status SequenceCheck(const catalog::SequenceEntry& s) {
  const std::string type = s.type.ToString();
  if (s.increment == 0) return SequenceInvalid("INCREMENT must not be zero");
  if (s.max_value > SequenceTypeMax(s.type) || s.max_value < SequenceTypeMin(s.type)) {
    return SequenceInvalid(
        fmt::format("MAXVALUE ({}) is out of range for sequence data type {}", s.max_value, type));
  }
  if (s.min_value > SequenceTypeMax(s.type) || s.min_value < SequenceTypeMin(s.type)) {
    return SequenceInvalid(
        fmt::format("MINVALUE ({}) is out of range for sequence data type {}", s.min_value, type));
  }
  if (s.min_value >= s.max_value) {
    return SequenceInvalid(
        fmt::format("MINVALUE ({}) must be less than MAXVALUE ({})", s.min_value, s.max_value));
  }
  if (s.start < s.min_value) {
    return SequenceInvalid(
        fmt::format("START value ({}) cannot be less than MINVALUE ({})", s.start, s.min_value));
  }
  if (s.start > s.max_value) {
    return SequenceInvalid(
        fmt::format("START value ({}) cannot be greater than MAXVALUE ({})", s.start, s.max_value));
  }
  if (s.cache <= 0) {
    return SequenceInvalid(fmt::format("CACHE ({}) must be greater than zero", s.cache));
  }
  return OkStatus();
}

Status SequenceCheckRestart(const catalog::SequenceEntry& s, int64_t value) {
  if (value < s.min_value) {
    return SequenceInvalid(
        fmt::format("RESTART value ({}) cannot be less than MINVALUE ({})", value, s.min_value));
  }
  if (value > s.max_value) {
    return SequenceInvalid(
        fmt::format("RESTART value ({}) cannot be greater than MAXVALUE ({})", value, s.max_value));
  }
  return OkStatus();
}

}  // namespace

Status StatementBinder::ApplySequenceOwner(const AstSequenceOption& option,
                                           catalog::SequenceEntry* sequence) {
  sequence->owned_by_table = Oid();
  sequence->owned_by_column = ColumnId();
  if (option.owner.size() == 1 && option.owner[0] == "none") return OkStatus();
  if (option.owner.size() < 2) {
    return Error(sqlstate::kSyntaxError, "invalid OWNED BY option")
        .WithHint("Specify OWNED BY table.column or OWNED BY NONE.")
        .At(option.position);
  }
  AstName name;
  name.name = option.owner[option.owner.size() - 2];
  if (option.owner.size() > 2) name.schema = option.owner[option.owner.size() - 3];
  name.position = option.position;
  DRIFTDB_ASSIGN_OR_RETURN(const auto table, RequireTable(name));
  const int ordinal = table->FindColumn(option.owner.back());
  if (ordinal < 0) {
    return Error(sqlstate::kUndefinedColumn, "column \"{}\" of relation \"{}\" does not exist",
                 option.owner.back(), table->name)
        .At(option.position);
  }
  if (table->schema != sequence->schema) {
    return Error(sqlstate::kObjectNotInState,
                 "sequence must be in same schema as table it is linked to");
  }
  sequence->owned_by_table = table->oid;
  sequence->owned_by_column = table->columns[static_cast<size_t>(ordinal)].id;
  return OkStatus();
}

Status StatementBinder::ApplySequenceOptions(const std::vector<AstSequenceOption>& options,
                                             bool creating, catalog::SequenceEntry* sequence,
                                             BoundAlterSequence* alter) {
  bool has_min = false, has_max = false, has_start = false, reset_min = creating,
       reset_max = creating;
  const LogicalType old_type = sequence->type;
  for (const AstSequenceOption& option : options) {
    using Kind = SequenceOptionKind;
    int64_t* const number = option.kind == Kind::kIncrement  ? &sequence->increment
                            : option.kind == Kind::kMinValue ? &sequence->min_value
                            : option.kind == Kind::kMaxValue ? &sequence->max_value
                            : option.kind == Kind::kStart    ? &sequence->start
                            : option.kind == Kind::kCache    ? &sequence->cache
                                                             : nullptr;
    if (number != nullptr) {
      DRIFTDB_ASSIGN_OR_RETURN(*number, SequenceNumber(option));
    }
    has_min = has_min || option.kind == Kind::kMinValue;
    has_max = has_max || option.kind == Kind::kMaxValue;
    has_start = has_start || option.kind == Kind::kStart;
    reset_min = reset_min || option.kind == Kind::kNoMinValue;
    reset_max = reset_max || option.kind == Kind::kNoMaxValue;
    if (option.kind == Kind::kCycle) sequence->cycle = true;
    if (option.kind == Kind::kNoCycle) sequence->cycle = false;
    if (option.kind == Kind::kOwnedBy) {
      DRIFTDB_RETURN_IF_ERROR(ApplySequenceOwner(option, sequence));
    }
    if (option.kind == Kind::kAs) {
      DRIFTDB_ASSIGN_OR_RETURN(sequence->type, ResolveType(option.type));
      if (!sequence->type.is_integer() || sequence->type.id == TypeId::kInt128) {
        return SequenceInvalid("sequence type must be smallint, integer, or bigint");
      }
      // Limits that were the old type's become the new type's.
      reset_max = reset_max || sequence->max_value == SequenceTypeMax(old_type);
      reset_min = reset_min || sequence->min_value == SequenceTypeMin(old_type);
    }
    if (option.kind == Kind::kRestart) {
      if (alter == nullptr) {
        return Error(sqlstate::kSyntaxError, "invalid sequence option RESTART").At(option.position);
      }
      alter->restart = true;
      alter->restart_value = sequence->start;
      if (option.has_value) {
        DRIFTDB_ASSIGN_OR_RETURN(alter->restart_value, SequenceNumber(option));
      }
    }
  }
  const bool ascending = sequence->increment > 0;
  if (reset_max && !has_max) {
    sequence->max_value = ascending ? SequenceTypeMax(sequence->type) : -1;
  }
  if (reset_min && !has_min) sequence->min_value = ascending ? 1 : SequenceTypeMin(sequence->type);
  if (creating && !has_start) {
    sequence->start = ascending ? sequence->min_value : sequence->max_value;
  }
  DRIFTDB_RETURN_IF_ERROR(SequenceCheck(*sequence));
  return alter != nullptr && alter->restart ? SequenceCheckRestart(*sequence, alter->restart_value)
                                            : OkStatus();
}

Result<BoundStatement> StatementBinder::BindCreateSequence(const AstCreateSequence& ast) {
  if (ast.temporary) {
    return Error(sqlstate::kFeatureNotSupported, "temporary sequences are not supported yet")
        .At(ast.position);
  }
  BoundCreateSequence create;
  catalog::SequenceEntry& sequence = create.sequence;
  DRIFTDB_ASSIGN_OR_RETURN(sequence.schema, ResolveSchema(ast.sequence, true));
  BoundStatement nothing;
  DRIFTDB_ASSIGN_OR_RETURN(const bool skip,
                           NameTaken(sequence.schema, ast.sequence.name, ast.if_not_exists,
                                     "CREATE SEQUENCE", &nothing));
  if (skip) return nothing;
  sequence.schema_name = catalog_.FindSchema(sequence.schema)->name;
  sequence.name = ast.sequence.name;
  sequence.security.owner = context_.role;
  DRIFTDB_RETURN_IF_ERROR(ApplySequenceOptions(ast.options, true, &sequence, nullptr));
  RequireSchemaCreate(sequence.schema);
  create.privileges = TakePrivileges();
  BoundStatement statement;
  statement.node = std::move(create);
  return statement;
}

Result<BoundStatement> StatementBinder::BindAlterSequence(const AstAlterSequence& ast) {
  DRIFTDB_ASSIGN_OR_RETURN(const catalog::RelationEntry found, FindRelation(ast.sequence));
  BoundStatement statement;
  if (std::holds_alternative<std::monostate>(found)) {
    if (!ast.if_exists) return RelationMissing(ast.sequence);
    BoundNothing nothing;
    nothing.tag = "ALTER SEQUENCE";
    nothing.notices.push_back({sqlstate::kSuccess, "relation \"" + Display(ast.sequence) +
                                                       "\" does not exist, skipping"});
    statement.node = std::move(nothing);
    return statement;
  }
  const auto* sequence = std::get_if<std::shared_ptr<const catalog::SequenceEntry>>(&found);
  if (sequence == nullptr) {
    return Error(sqlstate::kWrongObjectType, "\"{}\" is not a sequence", ast.sequence.name)
        .At(ast.sequence.position);
  }
  BoundAlterSequence alter;
  alter.changed = **sequence;
  DRIFTDB_RETURN_IF_ERROR(ApplySequenceOptions(ast.options, false, &alter.changed, &alter));
  RequireOwner(alter.changed.oid, alter.changed.name, 'S');
  alter.privileges = TakePrivileges();
  statement.node = std::move(alter);
  return statement;
}

}  // namespace driftdb::sql
