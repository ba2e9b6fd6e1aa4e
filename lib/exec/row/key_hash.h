// KeyHasher: 64-bit hashes of key columns of a chunk, for tables in memory.
// Shape: hashes are written densely, one per alive row. Equal keys (as RowLayout sees equality)
// have equal hashes; a single NOT NULL integer key has storage::HashJoinKey of its value, so Bloom
// filters can share the hash. Dictionary columns with an id are hashed once per entry.
// Threads: one owner.
#ifndef DRIFTDB_EXEC_ROW_KEY_HASH_H_
#define DRIFTDB_EXEC_ROW_KEY_HASH_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "types/vector.h"

namespace driftdb::exec {

class KeyHasher {
 public:
  // `keys[0..count)` are columns of `row_count` rows; positions[0..rows) the alive ones.
  void Hash(Vector* const* keys, size_t count, size_t row_count, const uint16_t* positions,
            size_t rows, uint64_t* hashes);

 private:
  struct CodedColumn {
    uint64_t dictionary_id = 0;
    // Keeps the dictionary alive as long as its id is remembered.
    std::shared_ptr<const Vector> dictionary;
    std::vector<uint64_t> words;  // per entry, what HashWord gives
  };
  bool HashCoded(Vector* key, size_t column, const uint16_t* positions, size_t rows, bool first,
                 uint64_t* hashes);
  std::vector<CodedColumn> coded_;
};

// The hash of a row's fields [0, fields), equal to what Hash gives for vectors of the same values.
class RowLayout;
uint64_t HashRowFields(const RowLayout& layout, const uint8_t* row, size_t fields);

// 0, 1, 2, ...: positions of a chunk without selection.
const uint16_t* RowIdentity();

}  // namespace driftdb::exec

#endif  // DRIFTDB_EXEC_ROW_KEY_HASH_H_
