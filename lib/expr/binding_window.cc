// Binding of window functions.
#include "base/error.h"
#include "base/status_macros.h"
#include "expr/binding.h"
#include "expr/resolution.h"

namespace driftdb::expr {

namespace {

struct WindowEntry {
  std::string_view name;
  WindowFunction function;
  int args_min, args_max;
};
constexpr WindowEntry kWindowEntries[] = {
    {"row_number", WindowFunction::kRowNumber, 0, 0},
    {"rank", WindowFunction::kRank, 0, 0},
    {"dense_rank", WindowFunction::kDenseRank, 0, 0},
    {"percent_rank", WindowFunction::kPercentRank, 0, 0},
    {"cume_dist", WindowFunction::kCumeDist, 0, 0},
    {"ntile", WindowFunction::kNtile, 1, 1},
    {"lag", WindowFunction::kLag, 1, 3},
    {"lead", WindowFunction::kLead, 1, 3},
    {"first_value", WindowFunction::kFirstValue, 1, 1},
    {"last_value", WindowFunction::kLastValue, 1, 1},
    {"nth_value", WindowFunction::kNthValue, 2, 2},
};

const WindowEntry* WindowFind(std::string_view name) {
  for (const WindowEntry& entry : kWindowEntries) {
    if (entry.name == name) return &entry;
  }
  return nullptr;
}

Status WindowCastArgument(ExprPtr& arg, const LogicalType& to) {
  DRIFTDB_ASSIGN_OR_RETURN(arg, BindCast(std::move(arg), to, CastContext::kImplicit));
  return OkStatus();
}

}  // namespace

bool IsWindowFunctionName(std::string_view name) { return WindowFind(name) != nullptr; }

Result<ExprPtr> BindWindow(std::string_view name, std::vector<ExprPtr> args, int64_t position) {
  const WindowEntry* entry = WindowFind(name);
  if (entry == nullptr) {
    DRIFTDB_ASSIGN_OR_RETURN(ExprPtr call, BindAggregate(name, std::move(args), position));
    call->kind = ExprKind::kWindow;
    call->window = std::make_unique<WindowCall>();
    return call;
  }
  const int count = static_cast<int>(args.size());
  if (count < entry->args_min || count > entry->args_max) {
    return Error(sqlstate::kUndefinedFunction, "function {}({}) does not exist", name,
                 TypeList(args))
        .WithHint(
            "No function matches the given name and argument types. You might need to add "
            "explicit type casts.")
        .At(position);
  }
  auto call = std::make_unique<Expr>();
  call->kind = ExprKind::kWindow;
  call->position = position;
  call->window = std::make_unique<WindowCall>();
  call->window->function = entry->function;
  switch (entry->function) {
    case WindowFunction::kPercentRank:
    case WindowFunction::kCumeDist:
      call->type = TypeId::kDouble;
      break;
    case WindowFunction::kNtile:
      DRIFTDB_RETURN_IF_ERROR(WindowCastArgument(args[0], TypeId::kInt32));
      call->type = TypeId::kInt32;
      break;
    case WindowFunction::kLag:
    case WindowFunction::kLead: {
      if (count >= 2) DRIFTDB_RETURN_IF_ERROR(WindowCastArgument(args[1], TypeId::kInt32));
      LogicalType type = args[0]->type;
      if (count == 3 || type.id == TypeId::kUnknown) {
        std::vector<const Expr*> values = {args[0].get()};
        if (count == 3) values.push_back(args[2].get());
        DRIFTDB_ASSIGN_OR_RETURN(type, CommonType(values, "lag"));
        DRIFTDB_RETURN_IF_ERROR(WindowCastArgument(args[0], type));
        if (count == 3) DRIFTDB_RETURN_IF_ERROR(WindowCastArgument(args[2], type));
      }
      call->type = type;
      break;
    }
    case WindowFunction::kFirstValue:
    case WindowFunction::kLastValue:
    case WindowFunction::kNthValue:
      if (args[0]->type.id == TypeId::kUnknown) {
        DRIFTDB_RETURN_IF_ERROR(WindowCastArgument(args[0], TypeId::kText));
      }
      if (count == 2) DRIFTDB_RETURN_IF_ERROR(WindowCastArgument(args[1], TypeId::kInt32));
      call->type = args[0]->type;
      break;
    default:
      call->type = TypeId::kInt64;
      break;
  }
  call->children = std::move(args);
  return call;
}

}  // namespace driftdb::expr
