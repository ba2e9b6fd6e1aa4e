// SymbolTable: a table of up to 255 symbols of 1 to 8 bytes that turns short texts into one byte
// per symbol, each text on its own, so that any row is read without its neighbours. Shape: code c <
// 255 stands for symbol c; code 255 is followed by one byte as it is. Stored as 255 symbols of 8
// bytes (unused bytes are 0), then their 255 lengths (0: unused). Invariants: a symbol is found by
// its first three bytes, or by two or one if it has no more. Threads: immutable after Train.
// Source: Boncz, Neumann, Leis, "FSST: Fast Random Access String Compression", VLDB 2020; the
// scalar variant.
#ifndef DRIFTDB_STORAGE_COLUMN_SYMBOL_TABLE_H_
#define DRIFTDB_STORAGE_COLUMN_SYMBOL_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace driftdb::storage {

inline constexpr size_t kSymbolsMax = 255;
inline constexpr size_t kSymbolBytesMax = 8;
inline constexpr size_t kSymbolTableBytes = kSymbolsMax * (kSymbolBytesMax + 1);
inline constexpr uint8_t kSymbolEscape = 255;

class SymbolTable {
 public:
  SymbolTable();
  // A table for texts like those of the sample, of which some ten thousand bytes are enough.
  static SymbolTable Train(const std::vector<std::string_view>& sample);

  // Appends the codes of `text`: at most twice its bytes.
  void Encode(std::string_view text, std::string* to) const;
  // kSymbolTableBytes.
  void AppendTo(std::string* to) const;
  size_t size() const { return count_; }

 private:
  struct Symbol {
    uint64_t bytes = 0;
    uint32_t length = 0;  // 0: none
    uint32_t code = 0;
  };
  // Counts of symbols and of neighbours while training. Codes: 0..255 a byte, 256 + c symbol c.
  struct Counts;
  static constexpr size_t kSlots = 4096;
  static size_t SlotOf(uint64_t bytes) {
    return static_cast<size_t>(((bytes & 0xffffff) * 0x9E3779B1u) >> 15) % kSlots;
  }
  static uint64_t MaskOf(uint32_t length) {
    return length >= 8 ? ~uint64_t{0} : (uint64_t{1} << (length * 8)) - 1;
  }
  // False when there is no place left for it.
  bool Add(uint64_t bytes, uint32_t length);
  // The symbol that `text` starts with; length 0: none.
  Symbol Find(const char* text, size_t bytes) const;
  void Count(std::string_view text, Counts* counts) const;
  SymbolTable Improved(const Counts& counts) const;

  std::vector<Symbol> symbols_;  // by code
  size_t count_ = 0;
  std::vector<Symbol> slots_;    // of three bytes and more
  std::vector<uint16_t> pairs_;  // by two bytes: code + 1 of the symbol of two bytes
  uint16_t singles_[256];        // code + 1
};

// Decodes `bytes` codes at `from` to `to`, not beyond `limit`, where at least 8 more bytes can be
// written; returns the end of the text, or null when the codes are damaged or give too much.
// `table` has kSymbolTableBytes, lengths checked to be at most 8.
inline char* DecodeSymbols(const char* table, const char* from, size_t bytes, char* to,
                           const char* limit) {
  const auto* lengths = reinterpret_cast<const uint8_t*>(table) + kSymbolsMax * kSymbolBytesMax;
  const auto* code = reinterpret_cast<const uint8_t*>(from);
  const uint8_t* const end = code + bytes;
  while (code < end) {
    const uint8_t c = *code++;
    if (c != kSymbolEscape) {
      std::memcpy(to, table + size_t{c} * kSymbolBytesMax, kSymbolBytesMax);
      to += lengths[c];
    } else {
      if (code == end) return nullptr;
      *to++ = static_cast<char>(*code++);
    }
    if (to > limit) return nullptr;
  }
  return to;
}

}  // namespace driftdb::storage

#endif  // DRIFTDB_STORAGE_COLUMN_SYMBOL_TABLE_H_
