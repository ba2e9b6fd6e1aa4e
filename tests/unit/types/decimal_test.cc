#include "types/decimal.h"

#include <random>

#include "catch2/catch.hpp"

#include "types/text_format.h"

namespace driftdb {

TEST_CASE("decimal: division rounds half away from zero", "[types]") {
  int128_t out;
  REQUIRE(DecimalDivide(1, 3, 4, &out));
  CHECK(out == 3333);
  REQUIRE(DecimalDivide(2, 3, 4, &out));
  CHECK(out == 6667);
  REQUIRE(DecimalDivide(-1, 8, 2, &out));
  CHECK(out == -13);
  REQUIRE(DecimalDivide(1, 8, 2, &out));
  CHECK(out == 13);
}

TEST_CASE("decimal: products and quotients use 256 bits where 128 are not enough", "[types]") {
  const int128_t big = kPowersOfTen128[37] * 3 + 7;
  int128_t out;
  REQUIRE(DecimalMultiply(big, kPowersOfTen128[20], 20, &out));
  CHECK(out == big);
  REQUIRE(DecimalMultiply(-big, kPowersOfTen128[30], 30, &out));
  CHECK(out == -big);
  REQUIRE(DecimalDivide(big, kPowersOfTen128[37] * 3, 20, &out));
  CHECK(out == kPowersOfTen128[20]);
  CHECK_FALSE(DecimalMultiply(big, 10, 0, &out));
}

TEST_CASE("decimal: multiply then divide gives the number back", "[types]") {
  const uint32_t seed = std::random_device()();
  INFO("seed " << seed);
  std::mt19937_64 random(seed);
  for (int i = 0; i < 20000; ++i) {
    const int128_t a = static_cast<int64_t>(random()) >> (random() % 60);
    const int128_t b = (static_cast<int64_t>(random()) >> (random() % 60)) | 1;
    int128_t product, quotient;
    const bool fits = DecimalMultiply(a, b, 0, &product);
    int128_t exact;
    const bool overflow = __builtin_mul_overflow(a, b, &exact);
    REQUIRE(fits == (!overflow && exact < kPowersOfTen128[38] && exact > -kPowersOfTen128[38]));
    if (!fits) continue;
    REQUIRE(product == exact);
    REQUIRE(DecimalDivide(product, b, 0, &quotient));
    REQUIRE(quotient == a);
  }
}

TEST_CASE("decimal: result types", "[types]") {
  const LogicalType price = LogicalType::Decimal(15, 2);
  CHECK(DecimalAddType(LogicalType::Decimal(1, 0), price) == LogicalType::Decimal(16, 2));
  CHECK(DecimalMultiplyType(price, LogicalType::Decimal(16, 2)) == LogicalType::Decimal(31, 4));
  CHECK(DecimalDivideType(price, price) == LogicalType::Decimal(38, 16));
  LogicalType type;
  REQUIRE(DecimalLiteralType("12.50", &type));
  CHECK(type == LogicalType::Decimal(4, 2));
  REQUIRE(DecimalLiteralType("0.05", &type));
  CHECK(type == LogicalType::Decimal(2, 2));
}

}  // namespace driftdb
