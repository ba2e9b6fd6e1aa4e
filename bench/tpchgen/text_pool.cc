#include "tpchgen/text_pool.h"

#include <cstring>

#include "tpchgen/word_lists.h"

namespace driftdb::tpchgen {
namespace {

constexpr int64_t kTextPoolSeed = 933588178;
// Longer than any sentence the grammar can produce (three phrases of six words at most).
constexpr size_t kSentenceBytesMax = 512;

}  // namespace

// Appends sentences. Every word is followed by one blank, which punctuation takes back.
class TextPool::Writer {
 public:
  explicit Writer(char* start) : begin_(start), end_(start) {}

  size_t written() const { return static_cast<size_t>(end_ - begin_); }

  void Sentence() {
    for (const char symbol : grammar_.sentences.Pick(&random_)) {
      switch (symbol) {
        case 'N':
          NounPhrase();
          break;
        case 'V':
          VerbPhrase();
          break;
        case 'P':
          Word(grammar_.prepositions);
          Append("the ");
          NounPhrase();
          break;
        case 'T':
          --end_;
          Word(grammar_.terminators);
          break;
        default:
          break;
      }
    }
  }

 private:
  void Append(std::string_view text) {
    std::memcpy(end_, text.data(), text.size());
    end_ += text.size();
  }
  void Word(const WordList& list) {
    Append(list.Pick(&random_));
    *end_++ = ' ';
  }

  void NounPhrase() {
    for (const char symbol : grammar_.noun_phrases.Pick(&random_)) {
      switch (symbol) {
        case 'N':
          Word(grammar_.nouns);
          break;
        case 'J':
          Word(grammar_.adjectives);
          break;
        case 'D':
          Word(grammar_.adverbs);
          break;
        case ',':
          --end_;
          Append(", ");
          break;
        default:
          break;
      }
    }
  }

  void VerbPhrase() {
    for (const char symbol : grammar_.verb_phrases.Pick(&random_)) {
      switch (symbol) {
        case 'V':
          Word(grammar_.verbs);
          break;
        case 'D':
          Word(grammar_.adverbs);
          break;
        case 'X':
          Word(grammar_.auxiliaries);
          break;
        default:
          break;
      }
    }
  }

  const Grammar& grammar_ = CommentGrammar();
  RandomStream random_{kTextPoolSeed, 0};
  char* begin_;
  char* end_;
};

TextPool::TextPool(size_t bytes)
    : bytes_(std::make_unique_for_overwrite<char[]>(bytes + kSentenceBytesMax)), size_(bytes) {
  Writer writer(bytes_.get());
  while (writer.written() < size_) {
    writer.Sentence();
  }
}

const TextPool& TextPool::Shared() {
  static const TextPool kPool(kPoolBytes);
  return kPool;
}

}  // namespace driftdb::tpchgen
