// MD5 (RFC 1321), for the result hashes of sqllogictest files only.
// Shape: feed bytes in any pieces, then ask once for the 32 hexadecimal digits.
#ifndef DRIFTDB_TESTS_SLT_RUNNER_MD5_H_
#define DRIFTDB_TESTS_SLT_RUNNER_MD5_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace slt {

class Md5 {
 public:
  void Update(std::string_view bytes);
  // Ends the computation.
  std::string HexDigest();

 private:
  void Block(const uint8_t* block);

  uint32_t state_[4] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
  uint64_t length_ = 0;  // bytes fed
  uint8_t buffer_[64];
};

}  // namespace slt

#endif  // DRIFTDB_TESTS_SLT_RUNNER_MD5_H_
