// Any bytes: the parser neither crashes nor reads beyond its input, and whatever it accepts
// survives deparse -> parse -> deparse unchanged (DEP-1). Build with
// -fsanitize=fuzzer,address,undefined.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "sql/parse/deparse.h"
#include "sql/parse/parse.h"

namespace {

void ParseFuzzFail() { __builtin_trap(); }

void ParseFuzzRoundTrip(const driftdb::sql::ParsedStatement& parsed) {
  const std::string first = driftdb::sql::Deparse(parsed.statement);
  if (first.empty()) return;
  auto again = driftdb::sql::ParseStatements(first);
  if (!again.ok()) {
    // The text may nest deeper than the original by its added parentheses.
    if (again.status().sqlstate() == driftdb::sqlstate::kStatementTooComplex) return;
    ParseFuzzFail();
  }
  if (again->size() != 1 || driftdb::sql::Deparse((*again)[0].statement) != first) ParseFuzzFail();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view sql(reinterpret_cast<const char*>(data), size);
  (void)driftdb::sql::IsStatementComplete(sql);
  auto all = driftdb::sql::ParseStatements(sql);
  if (all.ok()) {
    for (const auto& parsed : *all) ParseFuzzRoundTrip(parsed);
  } else if (all.status().error().position < 0 ||
             all.status().error().position > static_cast<int64_t>(size) + 1) {
    ParseFuzzFail();
  }
  size_t consumed = 0;
  for (std::string_view rest = sql; !rest.empty(); rest = rest.substr(consumed)) {
    auto one = driftdb::sql::ParseOne(rest, &consumed);
    if (consumed == 0 || consumed > rest.size()) ParseFuzzFail();
    if (!one.ok() || !one->has_value()) break;
  }
  return 0;
}
