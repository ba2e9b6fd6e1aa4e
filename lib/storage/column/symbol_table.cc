#include "storage/column/symbol_table.h"

#include <algorithm>
#include <utility>

namespace driftdb::storage {

namespace {

constexpr int kSymbolRounds = 5;
constexpr size_t kSymbolTrainingCodes = 256 + kSymbolsMax;

// Up to eight bytes, the missing ones 0.
uint64_t SymbolLoad(const char* text, size_t bytes) {
  uint64_t word = 0;
  std::memcpy(&word, text, std::min<size_t>(bytes, 8));
  return word;
}

}  // namespace

struct SymbolTable::Counts {
  std::vector<uint32_t> single = std::vector<uint32_t>(kSymbolTrainingCodes, 0);
  std::vector<uint16_t> pair =
      std::vector<uint16_t>(kSymbolTrainingCodes * kSymbolTrainingCodes, 0);
};

SymbolTable::SymbolTable() : symbols_(kSymbolsMax), slots_(kSlots), pairs_(65536, 0) {
  std::fill_n(singles_, 256, uint16_t{0});
}

bool SymbolTable::Add(uint64_t bytes, uint32_t length) {
  if (count_ == kSymbolsMax) return false;
  const Symbol symbol{bytes, length, static_cast<uint32_t>(count_)};
  if (length == 1) {
    singles_[bytes] = static_cast<uint16_t>(count_ + 1);
  } else if (length == 2) {
    pairs_[bytes] = static_cast<uint16_t>(count_ + 1);
  } else {
    Symbol& slot = slots_[SlotOf(bytes)];
    if (slot.length != 0) return false;  // the better one came first
    slot = symbol;
  }
  symbols_[count_++] = symbol;
  return true;
}

SymbolTable::Symbol SymbolTable::Find(const char* text, size_t bytes) const {
  const uint64_t word = SymbolLoad(text, bytes);
  const Symbol& slot = slots_[SlotOf(word)];
  if (slot.length != 0 && slot.length <= bytes && (word & MaskOf(slot.length)) == slot.bytes) {
    return slot;
  }
  if (bytes >= 2) {
    if (const uint16_t pair = pairs_[word & 0xffff]; pair != 0) return symbols_[pair - 1u];
  }
  const uint16_t single = singles_[word & 0xff];
  return single != 0 ? symbols_[single - 1u] : Symbol{};
}

void SymbolTable::Count(std::string_view text, Counts* counts) const {
  size_t before = kSymbolTrainingCodes;  // none
  for (size_t at = 0; at < text.size();) {
    const Symbol found = Find(text.data() + at, text.size() - at);
    const size_t code = found.length != 0 ? 256 + found.code : static_cast<unsigned char>(text[at]);
    ++counts->single[code];
    // A symbol's first byte alone may be the better symbol.
    if (found.length > 1) ++counts->single[static_cast<unsigned char>(text[at])];
    if (before != kSymbolTrainingCodes) {
      uint16_t& pair = counts->pair[before * kSymbolTrainingCodes + code];
      if (pair != UINT16_MAX) ++pair;
    }
    before = code;
    at += std::max<uint32_t>(found.length, 1);
  }
}

// The symbols and pairs of symbols that would have saved the most.
SymbolTable SymbolTable::Improved(const Counts& counts) const {
  const auto symbol_of = [this](size_t code) {
    return code < 256 ? Symbol{code, 1, 0} : symbols_[code - 256];
  };
  struct Candidate {
    uint64_t bytes;
    uint32_t length;
    uint64_t gain;
  };
  std::vector<Candidate> candidates;
  for (size_t a = 0; a < kSymbolTrainingCodes; ++a) {
    if (counts.single[a] == 0) continue;
    const Symbol first = symbol_of(a);
    // Single bytes save the escape and let other symbols begin later: they weigh more.
    const uint64_t weight = first.length == 1 ? 8 : first.length;
    if (counts.single[a] > 1) {
      candidates.push_back({first.bytes, first.length, weight * counts.single[a]});
    }
    if (first.length == kSymbolBytesMax) continue;
    for (size_t b = 0; b < kSymbolTrainingCodes; ++b) {
      const uint64_t count = counts.pair[a * kSymbolTrainingCodes + b];
      if (count <= 1) continue;
      const Symbol second = symbol_of(b);
      const auto length =
          static_cast<uint32_t>(std::min<size_t>(first.length + second.length, kSymbolBytesMax));
      const uint64_t bytes = (first.bytes | (second.bytes << (first.length * 8))) & MaskOf(length);
      candidates.push_back({bytes, length, length * count});
    }
  }
  // The same bytes may come from several pairs.
  std::sort(candidates.begin(), candidates.end(), [](const Candidate& x, const Candidate& y) {
    return x.bytes != y.bytes ? x.bytes < y.bytes : x.length < y.length;
  });
  size_t kept = 0;
  for (const Candidate& next : candidates) {
    if (kept > 0 && candidates[kept - 1].bytes == next.bytes &&
        candidates[kept - 1].length == next.length) {
      candidates[kept - 1].gain += next.gain;
    } else {
      candidates[kept++] = next;
    }
  }
  candidates.resize(kept);
  std::sort(candidates.begin(), candidates.end(), [](const Candidate& x, const Candidate& y) {
    if (x.gain != y.gain) return x.gain > y.gain;
    return x.bytes != y.bytes ? x.bytes < y.bytes : x.length < y.length;
  });
  SymbolTable table;
  for (const Candidate& best : candidates) {
    if (table.count_ == kSymbolsMax) break;
    table.Add(best.bytes, best.length);
  }
  return table;
}

SymbolTable SymbolTable::Train(const std::vector<std::string_view>& sample) {
  SymbolTable table;
  for (int round = 0; round < kSymbolRounds; ++round) {
    Counts counts;
    for (const std::string_view text : sample) table.Count(text, &counts);
    table = table.Improved(counts);
  }
  return table;
}

void SymbolTable::Encode(std::string_view text, std::string* to) const {
  for (size_t at = 0; at < text.size();) {
    const Symbol found = Find(text.data() + at, text.size() - at);
    if (found.length == 0) {
      to->push_back(static_cast<char>(kSymbolEscape));
      to->push_back(text[at++]);
    } else {
      to->push_back(static_cast<char>(found.code));
      at += found.length;
    }
  }
}

void SymbolTable::AppendTo(std::string* to) const {
  const size_t at = to->size();
  to->resize(at + kSymbolTableBytes, '\0');
  for (size_t c = 0; c < count_; ++c) {
    std::memcpy(to->data() + at + c * kSymbolBytesMax, &symbols_[c].bytes, kSymbolBytesMax);
    (*to)[at + kSymbolsMax * kSymbolBytesMax + c] = static_cast<char>(symbols_[c].length);
  }
}

}  // namespace driftdb::storage
