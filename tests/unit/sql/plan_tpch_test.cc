// Plans of the TPC-H queries.
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include <catch2/catch.hpp>

#include "sql/plan_fixture.h"

namespace driftdb::sql {

TEST_CASE("optimizer: all TPC-H queries get plans", "[sql][plan]") {
  PlanFixture fixture;
  for (int q = 1; q <= 22; ++q) {
    const std::string sql = PlanTpchQuery(q);
    if (sql.empty()) continue;
    const std::string text = fixture.Explain(sql, true);
    if (std::getenv("PLAN_PRINT") != nullptr) std::printf("---- Q%d\n%s", q, text.c_str());
    INFO("Q" << q << ": " << text);
    CHECK(text.find("ERROR") == std::string::npos);
    CHECK(text.find("(cost") != std::string::npos);
  }
}

}  // namespace driftdb::sql
