// Decoder (base/coding.h) over arbitrary bytes: no read past the end, failures sticky, and what was
// read encodes to the bytes it came from.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/coding.h"

namespace {

void CodingFuzzRequire(bool condition) {
  if (!condition) std::abort();
}

// One step per byte of the plan, so that every mix of reads is reached.
void CodingFuzzSteps(std::string_view plan, std::string_view bytes) {
  driftdb::Decoder in(bytes);
  for (const char step : plan) {
    const size_t before = in.remaining();
    const bool was_ok = in.ok();
    std::string again;
    driftdb::Encoder out(&again);
    switch (step & 3) {
      case 0:
        out.U32(in.U32());
        break;
      case 1:
        out.U64(in.U64());
        break;
      case 2:
        out.Bytes(in.Bytes());
        break;
      default:
        out.Varint(in.Varint());
    }
    CodingFuzzRequire(was_ok || !in.ok());
    CodingFuzzRequire(in.ok() || in.remaining() == 0);
    // A varint may be written with more bytes than needed; then it is longer than its encoding.
    const size_t used = before - in.remaining();
    if (in.ok()) CodingFuzzRequire(again.size() <= used);
    if (in.ok() && again.size() == used) {
      CodingFuzzRequire(again == bytes.substr(bytes.size() - before, used));
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t plan = size / 4;
  CodingFuzzSteps(input.substr(0, plan), input.substr(plan));
  return 0;
}
