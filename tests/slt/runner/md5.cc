#include "md5.h"

#include <bit>
#include <cstring>

namespace slt {
namespace {

constexpr int kMd5Shifts[4][4] = {
    {7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};

// floor(2^32 * abs(sin(i + 1))), RFC 1321 section 3.4.
constexpr uint32_t kMd5Sines[64] = {
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
    0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
    0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
    0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
    0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
    0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
    0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
    0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391};

}  // namespace

void Md5::Block(const uint8_t* block) {
  uint32_t words[16];
  std::memcpy(words, block, sizeof(words));
  uint32_t a = state_[0], b = state_[1], c = state_[2], d = state_[3];
  for (int i = 0; i < 64; ++i) {
    uint32_t mixed;
    int word;
    switch (i / 16) {
      case 0:
        mixed = (b & c) | (~b & d);
        word = i;
        break;
      case 1:
        mixed = (d & b) | (~d & c);
        word = (5 * i + 1) % 16;
        break;
      case 2:
        mixed = b ^ c ^ d;
        word = (3 * i + 5) % 16;
        break;
      default:
        mixed = c ^ (b | ~d);
        word = (7 * i) % 16;
        break;
    }
    const uint32_t sum = a + mixed + kMd5Sines[i] + words[word];
    a = d;
    d = c;
    c = b;
    b += std::rotl(sum, kMd5Shifts[i / 16][i % 4]);
  }
  state_[0] += a;
  state_[1] += b;
  state_[2] += c;
  state_[3] += d;
}

void Md5::Update(std::string_view bytes) {
  size_t used = length_ % 64;
  length_ += bytes.size();
  while (!bytes.empty()) {
    const size_t take = bytes.size() < 64 - used ? bytes.size() : 64 - used;
    std::memcpy(buffer_ + used, bytes.data(), take);
    bytes.remove_prefix(take);
    used += take;
    if (used == 64) {
      Block(buffer_);
      used = 0;
    }
  }
}

std::string Md5::HexDigest() {
  const uint64_t bits = length_ * 8;
  Update(std::string_view("\x80", 1));
  while (length_ % 64 != 56) Update(std::string_view("\0", 1));
  char length_bytes[8];
  std::memcpy(length_bytes, &bits, sizeof(bits));
  Update(std::string_view(length_bytes, sizeof(length_bytes)));
  std::string digest;
  for (uint32_t word : state_) {
    for (int byte = 0; byte < 4; ++byte) {
      constexpr char kHex[] = "0123456789abcdef";
      const uint8_t value = static_cast<uint8_t>(word >> (8 * byte));
      digest += kHex[value >> 4];
      digest += kHex[value & 15];
    }
  }
  return digest;
}

}  // namespace slt
