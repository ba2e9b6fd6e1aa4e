// Functions that ask the session: version, settings, names, sequences; and pg_typeof.
#include "expr/functions/functions.h"
#include "expr/kernel.h"
#include "expr/resolution.h"

namespace driftdb::expr {

namespace {

template <const char* const& what>
Status SystemInfo(KernelCall& call) {
  return ForEachRowChecked(call.rows, [&](size_t i) -> Status {
    DRIFTDB_ASSIGN_OR_RETURN(const std::string text, call.context->SessionInfo(what));
    SetText(call, i, text);
    return OkStatus();
  });
}

constexpr const char* kSystemVersion = "version";
constexpr const char* kSystemUser = "current_user";
constexpr const char* kSystemSessionUser = "session_user";
constexpr const char* kSystemDatabase = "current_database";
constexpr const char* kSystemSchema = "current_schema";

Status SystemSetting(KernelCall& call) {
  return ForEachRowChecked(call.rows, [&](size_t i) -> Status {
    const bool missing_ok = call.arg_count > 1 && call.args[1].value<uint8_t>(i) != 0;
    bool found = true;
    DRIFTDB_ASSIGN_OR_RETURN(const std::string text,
                             call.context->Setting(call.args[0].text(i), missing_ok, &found));
    SetText(call, i, text);
    if (!found) call.out->SetNull(i);
    return OkStatus();
  });
}
Status SystemSetSetting(KernelCall& call) {
  return ForEachRowChecked(call.rows, [&](size_t i) -> Status {
    DRIFTDB_ASSIGN_OR_RETURN(const std::string text,
                             call.context->SetSetting(call.args[0].text(i), call.args[1].text(i),
                                                      call.args[2].value<uint8_t>(i) != 0));
    SetText(call, i, text);
    return OkStatus();
  });
}

Status SystemNextVal(KernelCall& call) {
  auto* out = call.out->data<int64_t>();
  return ForEachRowChecked(call.rows, [&](size_t i) -> Status {
    DRIFTDB_ASSIGN_OR_RETURN(out[i], call.context->SequenceNext(call.args[0].text(i)));
    return OkStatus();
  });
}
Status SystemCurrVal(KernelCall& call) {
  auto* out = call.out->data<int64_t>();
  return ForEachRowChecked(call.rows, [&](size_t i) -> Status {
    DRIFTDB_ASSIGN_OR_RETURN(out[i], call.context->SequenceCurrent(call.args[0].text(i)));
    return OkStatus();
  });
}
Status SystemLastVal(KernelCall& call) {
  auto* out = call.out->data<int64_t>();
  return ForEachRowChecked(call.rows, [&](size_t i) -> Status {
    DRIFTDB_ASSIGN_OR_RETURN(out[i], call.context->SequenceLast());
    return OkStatus();
  });
}
Status SystemSetVal(KernelCall& call) {
  auto* out = call.out->data<int64_t>();
  return ForEachRowChecked(call.rows, [&](size_t i) -> Status {
    const bool called = call.arg_count < 3 || call.args[2].value<uint8_t>(i) != 0;
    DRIFTDB_ASSIGN_OR_RETURN(
        out[i],
        call.context->SequenceSet(call.args[0].text(i), call.args[1].value<int64_t>(i), called));
    return OkStatus();
  });
}

// pg_typeof(x) is known when it is bound: the argument becomes the name of its type.
Status SystemTypeOf(KernelCall& call) {
  KeepArgument(call, 0);
  ForEachRow(call.rows, [&](size_t i) { SetText(call, i, call.args[0].text(i)); });
  return OkStatus();
}
Result<LogicalType> SystemBindTypeOf(std::vector<ExprPtr>& args) {
  args[0] = MakeConstant(Value::Text(TypeWord(args[0]->type)), args[0]->position);
  return LogicalType(TypeId::kText);
}

void SystemAddInfo(FunctionTable* table, std::string_view name, ScalarKernel kernel) {
  AddFunction(table, name, {}, TypeId::kText, kernel).volatility = Volatility::kStable;
}

}  // namespace

void AddSystemFunctions(FunctionTable* table) {
  const LogicalType text = TypeId::kText, boolean = TypeId::kBoolean, i8 = TypeId::kInt64;
  SystemAddInfo(table, "version", SystemInfo<kSystemVersion>);
  SystemAddInfo(table, "current_user", SystemInfo<kSystemUser>);
  SystemAddInfo(table, "user", SystemInfo<kSystemUser>);
  SystemAddInfo(table, "session_user", SystemInfo<kSystemSessionUser>);
  SystemAddInfo(table, "current_database", SystemInfo<kSystemDatabase>);
  SystemAddInfo(table, "current_catalog", SystemInfo<kSystemDatabase>);
  SystemAddInfo(table, "current_schema", SystemInfo<kSystemSchema>);
  AddFunction(table, "current_setting", {text}, text, SystemSetting).volatility =
      Volatility::kStable;
  AddFunction(table, "current_setting", {text, boolean}, text, SystemSetting).volatility =
      Volatility::kStable;
  AddFunction(table, "set_config", {text, text, boolean}, text, SystemSetSetting).volatility =
      Volatility::kVolatile;
  AddFunction(table, "nextval", {text}, i8, SystemNextVal).volatility = Volatility::kVolatile;
  AddFunction(table, "currval", {text}, i8, SystemCurrVal).volatility = Volatility::kVolatile;
  AddFunction(table, "lastval", {}, i8, SystemLastVal).volatility = Volatility::kVolatile;
  AddFunction(table, "setval", {text, i8}, i8, SystemSetVal).volatility = Volatility::kVolatile;
  AddFunction(table, "setval", {text, i8, boolean}, i8, SystemSetVal).volatility =
      Volatility::kVolatile;
  ScalarFunction& type_of = AddFunction(table, "pg_typeof", {TypeId::kUnknown}, text, SystemTypeOf);
  type_of.bind = SystemBindTypeOf;
  type_of.may_fail = false;
}

}  // namespace driftdb::expr
