#include "text_width.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace shell {
namespace {

struct CodeRange {
  uint32_t first, last;
};

// Combining marks and other characters without a column of their own.
constexpr CodeRange kZeroWidth[] = {
    {0x0300, 0x036f}, {0x0483, 0x0489}, {0x0591, 0x05bd},  {0x0610, 0x061a}, {0x064b, 0x065f},
    {0x200b, 0x200f}, {0x202a, 0x202e}, {0x2060, 0x2064},  {0x20d0, 0x20f0}, {0xfe00, 0xfe0f},
    {0xfe20, 0xfe2f}, {0xfeff, 0xfeff}, {0xe0100, 0xe01ef}};

// East Asian wide and full-width characters and emoji (Unicode, EastAsianWidth W and F).
constexpr CodeRange kTwoWide[] = {
    {0x1100, 0x115f},   {0x231a, 0x231b},   {0x2329, 0x232a},   {0x23e9, 0x23ec},  {0x2e80, 0x303e},
    {0x3041, 0x33ff},   {0x3400, 0x4dbf},   {0x4e00, 0x9fff},   {0xa000, 0xa4cf},  {0xa960, 0xa97f},
    {0xac00, 0xd7a3},   {0xf900, 0xfaff},   {0xfe30, 0xfe6f},   {0xff00, 0xff60},  {0xffe0, 0xffe6},
    {0x1f300, 0x1f64f}, {0x1f680, 0x1f6ff}, {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd}};

template <size_t n>
bool InRanges(uint32_t code, const CodeRange (&ranges)[n]) {
  for (const CodeRange& range : ranges) {
    if (code >= range.first && code <= range.last) return true;
  }
  return false;
}

// Length in bytes of the character at text[at] and its columns.
size_t NextCharacter(std::string_view text, size_t at, size_t* columns) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t lead = byte(at);
  *columns = 1;
  if (lead < 0x80) return 1;
  const size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc2 ? 2 : 1;
  if (length == 1 || at + length > text.size()) return 1;
  uint32_t code = lead & (0xffu >> (length + 1));
  for (size_t i = 1; i < length; ++i) {
    if ((byte(at + i) & 0xc0) != 0x80) return 1;
    code = code << 6 | (byte(at + i) & 0x3f);
  }
  if (InRanges(code, kZeroWidth)) *columns = 0;
  if (InRanges(code, kTwoWide)) *columns = 2;
  return length;
}

}  // namespace

size_t DisplayWidth(std::string_view text) {
  size_t width = 0;
  size_t columns = 0;
  for (size_t at = 0; at < text.size(); at += NextCharacter(text, at, &columns), width += columns) {
  }
  return width;
}

std::string CutToWidth(std::string_view text, size_t width) {
  if (DisplayWidth(text) <= width) return std::string(text);
  if (width == 0) return "";
  size_t at = 0;
  size_t used = 0;
  while (at < text.size()) {
    size_t columns = 0;
    const size_t length = NextCharacter(text, at, &columns);
    if (used + columns > width - 1) break;
    used += columns;
    at += length;
  }
  return std::string(text.substr(0, at)) + "\u2026";
}

void AppendPadded(std::string_view text, size_t width, Align align, std::string* out) {
  const size_t used = DisplayWidth(text);
  const size_t free = used < width ? width - used : 0;
  const size_t before = align == Align::kLeft ? 0 : align == Align::kRight ? free : free / 2;
  out->append(before, ' ');
  out->append(text);
  out->append(free - before, ' ');
}

std::string OneLine(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (static_cast<uint8_t>(c) >= 0x20 && c != 0x7f) {
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c == '\r') {
      out += "\\r";
    } else {
      char code[8];
      std::snprintf(code, sizeof(code), "\\x%02x", static_cast<unsigned>(static_cast<uint8_t>(c)));
      out += code;
    }
  }
  return out;
}

int TerminalWidth() {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  const char* columns = std::getenv("COLUMNS");
  return columns != nullptr && std::atoi(columns) > 0 ? std::atoi(columns) : 80;
}

}  // namespace shell
