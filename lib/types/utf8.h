// UTF-8: validation, counting and stepping by characters, simple case mapping.
// Shape: text is valid UTF-8 once it is inside the database, so stepping trusts lead bytes but
// never leaves the given range.
#ifndef DRIFTDB_TYPES_UTF8_H_
#define DRIFTDB_TYPES_UTF8_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"

namespace driftdb {

bool IsAscii(std::string_view text);
size_t CountCharacters(std::string_view text);
// Byte offset of the character with this index (text.size() when there are fewer).
size_t CharacterOffset(std::string_view text, size_t index);
// Bytes of the character that starts at `text[0]`, at least 1 and at most text.size(). REQUIRES:
// not empty.
size_t CharacterBytes(std::string_view text);
// Reads the character at *position and moves past it. REQUIRES: *position < text.size().
uint32_t DecodeCharacter(std::string_view text, size_t* position);
void AppendCharacter(uint32_t code, std::string* out);
// 22021 naming the first bad byte sequence; also for the zero byte, which text may not contain.
Status ValidateUtf8(std::string_view text);

// Simple (one to one) mappings of Latin, Greek, Cyrillic, Armenian and fullwidth letters.
uint32_t ToLowerCharacter(uint32_t code);
uint32_t ToUpperCharacter(uint32_t code);
bool IsAlphanumericCharacter(uint32_t code);

}  // namespace driftdb

#endif  // DRIFTDB_TYPES_UTF8_H_
