// Word lists of the TPC-H specification (4.2.2.13 and 4.2.3): values with integer weights.
//
// Shape: a WordList expands the weights once, so that a uniform draw in [0, total_weight) is one
// table look-up. Order matters: it is part of the generated data.
// Threads: immutable after construction; the accessors return process-wide constants.
#ifndef DRIFTDB_BENCH_TPCHGEN_WORD_LISTS_H_
#define DRIFTDB_BENCH_TPCHGEN_WORD_LISTS_H_

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "tpchgen/random_stream.h"

namespace driftdb::tpchgen {

struct WeightedWord {
  std::string_view word;
  int weight;
};

class WordList {
 public:
  explicit WordList(const std::vector<WeightedWord>& words);
  // Takes ownership of the phrases, all of weight one.
  static WordList OfPhrases(std::vector<std::string> phrases);
  WordList(WordList&&) = default;
  WordList(const WordList&) = delete;  // expanded_ may point into owned_

  std::string_view Pick(RandomStream* random) const {
    return expanded_[static_cast<size_t>(random->Draw(0, total_weight_ - 1))];
  }
  int64_t total_weight() const { return total_weight_; }

 private:
  WordList() = default;

  std::vector<std::string> owned_;
  std::vector<std::string_view> expanded_;  // one entry per unit of weight
  int64_t total_weight_ = 0;
};

struct Nation {
  std::string_view name;
  int region_key;
};

inline constexpr int kNationCount = 25;
inline constexpr int kRegionCount = 5;
inline constexpr int kColorCount = 92;

const Nation& NationAt(int nation_key);
std::string_view RegionAt(int region_key);
std::string_view ColorAt(int index);

// Columns drawn from lists.
const WordList& PartTypes();
const WordList& PartContainers();
const WordList& MarketSegments();
const WordList& OrderPriorities();
const WordList& ShipInstructions();
const WordList& ShipModes();
const WordList& ReturnFlags();

// The grammar of comments. Letters: N noun (phrase), V verb (phrase), P prepositional phrase,
// T terminator; inside phrases J adjective, D adverb, X auxiliary.
struct Grammar {
  WordList sentences;
  WordList noun_phrases;
  WordList verb_phrases;
  WordList nouns;
  WordList verbs;
  WordList adjectives;
  WordList adverbs;
  WordList auxiliaries;
  WordList prepositions;
  WordList terminators;
};
const Grammar& CommentGrammar();

}  // namespace driftdb::tpchgen

#endif  // DRIFTDB_BENCH_TPCHGEN_WORD_LISTS_H_
