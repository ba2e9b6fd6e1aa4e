// Goal: the kernels of every instruction set that this machine runs agree with scalar code.
#include "storage/column/kernels.h"

#include <algorithm>
#include <vector>

#include <catch2/catch.hpp>

#include "platform/rng.h"
#include "storage/column/bitmap.h"

namespace driftdb::storage {

TEST_CASE("kernels: packing and unpacking of every width", "[storage][column][C30]") {
  const ColumnKernels* all[4];
  const size_t count = AllKernels(all);
  platform::Rng rng(3);
  alignas(64) uint32_t codes[kBlockValues], packed[kBlockValues], out[kBlockValues];
  alignas(64) uint64_t wide[kBlockValues], packed64[kBlockValues], out64[kBlockValues];
  for (unsigned bits = 0; bits <= 64; ++bits) {
    for (size_t i = 0; i < kBlockValues; ++i) {
      wide[i] = bits == 0 ? 0 : rng.Next() >> (64 - bits);
      codes[i] = static_cast<uint32_t>(wide[i]);
    }
    PackBlock64(wide, bits, packed64);
    if (bits <= 32) PackBlock32(codes, bits, packed);
    for (size_t k = 0; k < count; ++k) {
      INFO(all[k]->name << ", " << bits << " bits");
      all[k]->unpack64(packed64, bits, out64);
      REQUIRE(std::equal(wide, wide + kBlockValues, out64));
      if (bits > 32) continue;
      all[k]->unpack32(packed, bits, out);
      REQUIRE(std::equal(codes, codes + kBlockValues, out));
      REQUIRE(all[k]->max32(codes) == *std::max_element(codes, codes + kBlockValues));
    }
    for (size_t i = 0; i < kBlockValues; ++i) {
      REQUIRE(UnpackOne64(reinterpret_cast<const char*>(packed64), bits, i) == wide[i]);
      if (bits <= 32)
        REQUIRE(UnpackOne32(reinterpret_cast<const char*>(packed), bits, i) == codes[i]);
    }
  }
}

TEST_CASE("kernels: membership in a bitmap over a range", "[storage][column][C30]") {
  const ColumnKernels* all[4];
  const size_t count = AllKernels(all);
  platform::Rng rng(8);
  alignas(64) uint32_t values[kVectorRows];
  for (int round = 0; round < 200; ++round) {
    const auto span = static_cast<uint32_t>(rng.Below(uint64_t{1} << (1 + round % 16)));
    const auto low = static_cast<uint32_t>(rng.Next());
    std::vector<uint32_t> set(span / 32 + 1);
    for (uint32_t& word : set) word = static_cast<uint32_t>(rng.Next());
    for (uint32_t& value : values)
      value = low + static_cast<uint32_t>(rng.Below(uint64_t{span} * 2 + 2)) - span / 2;
    uint64_t before[kValidityWords], bits[kValidityWords];
    for (uint64_t& word : before) word = rng.Below(4) == 0 ? 0 : rng.Next();
    for (size_t k = 0; k < count; ++k) {
      INFO(all[k]->name);
      std::copy_n(before, kValidityWords, bits);
      all[k]->member32(values, kValidityWords, {low, span, set.data()}, bits);
      for (size_t i = 0; i < kVectorRows; ++i) {
        const uint32_t at = values[i] - low;
        const bool wanted =
            BitIsSet(before, i) && at <= span && ((set[at / 32] >> (at % 32)) & 1) != 0;
        if (BitIsSet(bits, i) != wanted) FAIL("member32 " << i);
      }
    }
  }
}

TEST_CASE("kernels: ranges, expansion, widening and deltas", "[storage][column][C30]") {
  const ColumnKernels* all[4];
  const size_t count = AllKernels(all);
  platform::Rng rng(4);
  alignas(64) uint32_t codes[kVectorRows];
  alignas(64) uint64_t wide[kVectorRows], out64[kVectorRows];
  alignas(64) uint16_t narrow[kVectorRows], out16[kVectorRows];
  alignas(64) uint32_t out32[kVectorRows];
  for (int round = 0; round < 200; ++round) {
    for (size_t i = 0; i < kVectorRows; ++i) {
      codes[i] = static_cast<uint32_t>(rng.Next() >> (32 + round % 32));
      wide[i] = rng.Next() >> (round % 64);
      narrow[i] = static_cast<uint16_t>(rng.Next());
    }
    const uint64_t low = rng.Next() >> (round % 64);
    const uint64_t span = rng.Next() >> (round % 64);
    uint64_t bits[kValidityWords];
    for (size_t k = 0; k < count; ++k) {
      INFO(all[k]->name);
      all[k]->range32(codes, kValidityWords, static_cast<uint32_t>(low),
                      static_cast<uint32_t>(span), bits);
      for (size_t i = 0; i < kVectorRows; ++i) {
        if (BitIsSet(bits, i) !=
            (codes[i] - static_cast<uint32_t>(low) <= static_cast<uint32_t>(span)))
          FAIL("range32 " << i);
      }
      Selection selection;
      selection.set_size(all[k]->expand(bits, kValidityWords, selection.rows()));
      REQUIRE(selection.size() == CountBits(bits));
      for (size_t i = 0; i < selection.size(); ++i) {
        if (!BitIsSet(bits, selection[i]) || (i > 0 && selection[i] <= selection[i - 1]))
          FAIL("expand " << i);
      }
      all[k]->range64(wide, kValidityWords, low, span, bits);
      for (size_t i = 0; i < kVectorRows; ++i) {
        if (BitIsSet(bits, i) != (wide[i] - low <= span)) FAIL("range64 " << i);
      }
      all[k]->range16(narrow, kValidityWords, static_cast<uint16_t>(low),
                      static_cast<uint16_t>(span), bits);
      for (size_t i = 0; i < kVectorRows; ++i) {
        if (BitIsSet(bits, i) !=
            (static_cast<uint16_t>(narrow[i] - low) <= static_cast<uint16_t>(span)))
          FAIL("range16 " << i);
      }
      all[k]->add64(codes, low, out64);
      all[k]->add32(codes, static_cast<uint32_t>(low), out32);
      all[k]->add16(codes, static_cast<uint16_t>(low), out16);
      for (size_t i = 0; i < kBlockValues; ++i) {
        if (out64[i] != codes[i] + low || out32[i] != static_cast<uint32_t>(codes[i] + low) ||
            out16[i] != static_cast<uint16_t>(codes[i] + low))
          FAIL("add " << i);
      }
      all[k]->undelta(codes, wide, span, out64);
      for (size_t i = 0; i < kBlockValues; ++i) {
        if (out64[i] != (i < 32 ? wide[i] : out64[i - 32] + codes[i] + span)) FAIL("undelta " << i);
      }
    }
  }
}

}  // namespace driftdb::storage
