#include "expr/like.h"

#include <cstddef>
#include <cstring>

#include "base/error.h"
#include "types/utf8.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace driftdb::expr {

namespace {

Status LikeDanglingEscape() {
  return Error(sqlstate::kInvalidEscapeSequence, "LIKE pattern must not end with escape character");
}

// The first place of `piece` in [from, end), or null. Short texts are the rule: 16 places at a time
// are compared with the piece's first and last byte, and what is left of the places with memcmp.
const char* LikeFind(const char* from, const char* end, const std::string& piece) {
  const auto length = static_cast<ptrdiff_t>(piece.size());
  if (length == 0) return from;
#if defined(__SSE2__)
  const __m128i first = _mm_set1_epi8(piece.front());
  const __m128i last = _mm_set1_epi8(piece.back());
  const auto places = [&](const char* at) {
    const auto load = [](const char* p) {
      return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    };
    return static_cast<unsigned>(_mm_movemask_epi8(_mm_and_si128(
        _mm_cmpeq_epi8(load(at), first), _mm_cmpeq_epi8(load(at + length - 1), last))));
  };
  const auto check = [&](const char* at, unsigned hits) -> const char* {
    for (; hits != 0; hits &= hits - 1) {
      const char* place = at + __builtin_ctz(hits);
      if (length <= 2 || std::memcmp(place + 1, piece.data() + 1, piece.size() - 2) == 0) {
        return place;
      }
    }
    return nullptr;
  };
  if (end - from >= length + 15) {
    const char* const stop = end - length - 15;  // the last place where all 16 are inside
    for (const char* at = from; at <= stop; at += 16) {
      if (const unsigned hits = places(at); hits != 0) {
        if (const char* found = check(at, hits)) return found;
      }
    }
    // The rest again from the back; places seen before cannot hit but where they did not match.
    return check(stop, places(stop));
  }
#endif
  return static_cast<const char*>(
      memmem(from, static_cast<size_t>(end - from), piece.data(), piece.size()));
}

}  // namespace

Result<LikePattern> LikePattern::Compile(std::string_view pattern, std::string_view escape) {
  LikePattern like;
  std::string literal;
  bool general = false;
  const auto flush = [&] {
    if (!literal.empty()) like.items_.push_back({Item::kLiteral, literal});
    literal.clear();
  };
  for (size_t i = 0; i < pattern.size();) {
    const size_t bytes = CharacterBytes(pattern.substr(i));
    const std::string_view c = pattern.substr(i, bytes);
    i += bytes;
    if (!escape.empty() && c == escape) {
      if (i >= pattern.size()) return LikeDanglingEscape();
      const size_t next = CharacterBytes(pattern.substr(i));
      literal.append(pattern.substr(i, next));
      i += next;
    } else if (c == "%") {
      flush();
      if (like.items_.empty() || like.items_.back().kind != Item::kAnyString) {
        like.items_.push_back({Item::kAnyString, ""});
      }
    } else if (c == "_") {
      flush();
      like.items_.push_back({Item::kAnyCharacter, ""});
      general = true;
    } else {
      literal.append(c);
    }
  }
  flush();
  for (const Item& item : like.items_) {
    like.bytes_min_ += item.kind == Item::kAnyCharacter ? 1 : item.text.size();
  }
  if (general) {
    like.shape_ = Shape::kGeneral;
    return like;
  }
  like.open_start_ = !like.items_.empty() && like.items_.front().kind == Item::kAnyString;
  like.open_end_ = !like.items_.empty() && like.items_.back().kind == Item::kAnyString;
  for (Item& item : like.items_) {
    if (item.kind == Item::kLiteral) like.pieces_.push_back(std::move(item.text));
  }
  like.items_.clear();
  const bool whole = !like.open_start_ && !like.open_end_ && like.pieces_.size() <= 1;
  like.shape_ = whole ? Shape::kEqual : Shape::kPieces;
  if (whole && like.pieces_.empty()) like.pieces_.emplace_back();
  return like;
}

bool LikePattern::Matches(std::string_view text) const {
  if (text.size() < bytes_min_) return false;
  const char* p = text.data();
  const char* end = p + text.size();
  if (shape_ == Shape::kEqual) return text == pieces_[0];
  if (shape_ == Shape::kPieces) {
    size_t first = 0, last = pieces_.size();
    if (!open_start_ && last > 0) {
      if (!text.starts_with(pieces_[0])) return false;
      p += pieces_[0].size();
      first = 1;
    }
    if (!open_end_ && last > first) {
      --last;
      const std::string& tail = pieces_[last];
      if (static_cast<size_t>(end - p) < tail.size() ||
          std::memcmp(end - tail.size(), tail.data(), tail.size()) != 0) {
        return false;
      }
      end -= tail.size();
    }
    for (size_t i = first; i < last; ++i) {
      const char* at = LikeFind(p, end, pieces_[i]);
      if (at == nullptr) return false;
      p = at + pieces_[i].size();
    }
    return true;
  }
  // Greedy with one level of backtracking: only the last '%' ever needs to be reconsidered.
  size_t item = 0, retry_item = items_.size() + 1;
  const char* retry = nullptr;
  while (true) {
    if (item == items_.size()) {
      if (p == end) return true;
    } else if (items_[item].kind == Item::kAnyString) {
      retry_item = ++item;
      retry = p;
      continue;
    } else if (items_[item].kind == Item::kAnyCharacter) {
      if (p < end) {
        p += CharacterBytes({p, static_cast<size_t>(end - p)});
        ++item;
        continue;
      }
    } else {
      const std::string& literal = items_[item].text;
      if (static_cast<size_t>(end - p) >= literal.size() &&
          std::memcmp(p, literal.data(), literal.size()) == 0) {
        p += literal.size();
        ++item;
        continue;
      }
    }
    if (retry_item > items_.size() || retry >= end) return false;
    retry += CharacterBytes({retry, static_cast<size_t>(end - retry)});
    p = retry;
    item = retry_item;
  }
}

Result<std::string> SimilarToRegex(std::string_view pattern, std::string_view escape) {
  std::string regex = "^(?:";
  bool in_class = false;
  for (size_t i = 0; i < pattern.size();) {
    const size_t bytes = CharacterBytes(pattern.substr(i));
    const std::string_view c = pattern.substr(i, bytes);
    i += bytes;
    if (!escape.empty() && c == escape) {
      if (i >= pattern.size()) return LikeDanglingEscape();
      const size_t next = CharacterBytes(pattern.substr(i));
      if (next == 1) regex.push_back('\\');
      regex.append(pattern.substr(i, next));
      i += next;
      continue;
    }
    if (in_class) {
      if (c == "\\") regex.push_back('\\');
      if (c == "]") in_class = false;
      regex.append(c);
    } else if (c == "[") {
      in_class = true;
      regex.append(c);
    } else if (c == "%") {
      regex.append("(?s:.*)");
    } else if (c == "_") {
      regex.append("(?s:.)");
    } else if (c == "." || c == "^" || c == "$" || c == "\\") {
      regex.push_back('\\');
      regex.append(c);
    } else {
      regex.append(c);
    }
  }
  regex.append(")$");
  return regex;
}

}  // namespace driftdb::expr
