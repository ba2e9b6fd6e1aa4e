// Columns that UTF-8 text takes on a terminal, and padding to a width.
// Invariants: bytes that are not UTF-8 count as one column each.
#ifndef DRIFTDB_EXAMPLES_SHELL_TEXT_WIDTH_H_
#define DRIFTDB_EXAMPLES_SHELL_TEXT_WIDTH_H_

#include <cstddef>
#include <string>
#include <string_view>

namespace shell {

enum class Align { kLeft, kRight, kCenter };

size_t DisplayWidth(std::string_view text);
// The text cut to `width` columns, an ellipsis last when something was cut.
std::string CutToWidth(std::string_view text, size_t width);
// Appends the text with blanks up to `width` columns.
void AppendPadded(std::string_view text, size_t width, Align align, std::string* out);
// Control characters as \n, \t or \x1b, so that a value stays on its line.
std::string OneLine(std::string_view text);
// Columns of the terminal; 80 when unknown.
int TerminalWidth();

}  // namespace shell

#endif  // DRIFTDB_EXAMPLES_SHELL_TEXT_WIDTH_H_
