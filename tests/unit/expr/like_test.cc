// Goal: the search for parts of a pattern agrees with std::string.
#include "expr/like.h"

#include <string>

#include <catch2/catch.hpp>

#include "platform/rng.h"

namespace driftdb::expr {

TEST_CASE("LIKE finds parts exactly where a plain search does", "[expr][like]") {
  platform::Rng rng(11);
  for (int round = 0; round < 20000; ++round) {
    // Two letters make false starts and near misses frequent.
    const auto random_text = [&](size_t length) {
      std::string text;
      for (size_t i = 0; i < length; ++i) text += static_cast<char>('a' + rng.Below(2));
      return text;
    };
    const std::string text = random_text(rng.Below(80));
    const std::string first = random_text(1 + rng.Below(12));
    const std::string second = random_text(1 + rng.Below(6));
    INFO("text " << text << ", parts " << first << " and " << second);
    const auto one = LikePattern::Compile("%" + first + "%", "\\");
    const auto two = LikePattern::Compile("%" + first + "%" + second + "%", "\\");
    REQUIRE(one.ok());
    REQUIRE(two.ok());
    const size_t at = text.find(first);
    CHECK(one->Matches(text) == (at != std::string::npos));
    const bool both =
        at != std::string::npos && text.find(second, at + first.size()) != std::string::npos;
    CHECK(two->Matches(text) == both);
  }
}

}  // namespace driftdb::expr
