// SQL words, for completion and for deciding which names need quotes.
#ifndef DRIFTDB_EXAMPLES_SHELL_KEYWORDS_H_
#define DRIFTDB_EXAMPLES_SHELL_KEYWORDS_H_

#include <span>
#include <string_view>

namespace shell {

// Words that cannot be a column's name without quotes, sorted.
std::span<const std::string_view> ReservedWords();
// Further words that begin or stand in statements.
std::span<const std::string_view> OtherWords();

}  // namespace shell

#endif  // DRIFTDB_EXAMPLES_SHELL_KEYWORDS_H_
