// Compiled LIKE patterns.
// Shape: a pattern of literals and '%' only is matched piece by piece with memmem; '_' falls back
// to a general matcher by characters. Matching is bytewise (collation "C"); '_' is one UTF-8
// character.
#ifndef DRIFTDB_EXPR_LIKE_H_
#define DRIFTDB_EXPR_LIKE_H_

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace driftdb::expr {

class LikePattern {
 public:
  // escape: one character, or empty for none. 22025 when the pattern ends with the escape
  // character.
  static Result<LikePattern> Compile(std::string_view pattern, std::string_view escape);
  bool Matches(std::string_view text) const;

 private:
  enum class Shape : uint8_t { kEqual, kPieces, kGeneral };
  Shape shape_ = Shape::kEqual;
  bool open_start_ = false;  // begins with '%'
  bool open_end_ = false;
  size_t bytes_min_ = 0;
  std::vector<std::string> pieces_;
  // kGeneral: items are literal characters, kAnyCharacter or kAnyString.
  struct Item {
    enum Kind : uint8_t { kLiteral, kAnyCharacter, kAnyString } kind;
    std::string text;
  };
  std::vector<Item> items_;
};

// PostgreSQL's SIMILAR TO pattern as a regular expression (anchored).
Result<std::string> SimilarToRegex(std::string_view pattern, std::string_view escape);

}  // namespace driftdb::expr

#endif  // DRIFTDB_EXPR_LIKE_H_
