// Vector: up to kVectorRows values of one type, the unit of all vectorised work.
// Shape by kind:
//   kFlat        data = count values; validity bit i belongs to value i
//   kConstant    data = one value; validity bit 0 (null constant: bit clear)
//   kDictionary  codes[i] (u32) indexes `dictionary()`, a flat vector of any length; NULLs are rows
//   whose
//                dictionary entry is invalid, or whose own validity bit is clear
//   kSequence    int64 only: start + i * step, never NULL
// Validity: bit set = valid; absent (null pointer) = all valid.
// Ownership: a Vector shares its memory: copies are cheap and refer to the same bytes; holders keep
// buffers, string heaps and pinned pages alive as long as any vector refers to them. A vector is
// written only by who made it, before it is shared. Threads: distinct Vector objects may be used
// from distinct threads, also when they share memory (read only). Source: MonetDB/X100 (Boncz et
// al., CIDR 2005) for vectors and selections; DuckDB's kinds.
#ifndef DRIFTDB_TYPES_VECTOR_H_
#define DRIFTDB_TYPES_VECTOR_H_

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "base/arena.h"
#include "base/check.h"
#include "types/logical_type.h"
#include "types/string_ref.h"
#include "types/value.h"

namespace driftdb {

inline constexpr size_t kVectorRows = 2048;
inline constexpr size_t kValidityWords = kVectorRows / 64;

inline bool BitIsSet(const uint64_t* bits, size_t i) { return (bits[i >> 6] >> (i & 63)) & 1; }
inline void SetBit(uint64_t* bits, size_t i) { bits[i >> 6] |= uint64_t{1} << (i & 63); }
inline void ClearBit(uint64_t* bits, size_t i) { bits[i >> 6] &= ~(uint64_t{1} << (i & 63)); }

enum class VectorKind : uint8_t { kFlat, kConstant, kDictionary, kSequence };

// Anything that must outlive the vectors which point into it.
using BufferHolder = std::shared_ptr<const void>;

// Positions of chosen rows within a chunk, ascending, u16.
class Selection {
 public:
  uint16_t* rows() { return rows_; }
  const uint16_t* rows() const { return rows_; }
  uint16_t operator[](size_t i) const { return rows_[i]; }
  size_t size() const { return size_; }
  void set_size(size_t size) { size_ = size; }
  void Append(size_t row) { rows_[size_++] = static_cast<uint16_t>(row); }

 private:
  size_t size_ = 0;
  alignas(64) uint16_t rows_[kVectorRows];
};

// Random access to any kind of vector: value i is data[index[i]] (index null: data[i]); it is valid
// when validity is null or bit index[i] is set — and, for dictionaries with their own mask,
// row_validity bit i.
struct VectorView {
  const uint8_t* data = nullptr;
  const uint32_t* index = nullptr;
  const uint64_t* validity = nullptr;
  const uint64_t* row_validity = nullptr;

  size_t position(size_t i) const { return index == nullptr ? i : index[i]; }
  bool valid(size_t i) const {
    return (validity == nullptr || BitIsSet(validity, position(i))) &&
           (row_validity == nullptr || BitIsSet(row_validity, i));
  }
  bool all_valid() const { return validity == nullptr && row_validity == nullptr; }
  template <typename T>
  const T& value(size_t i) const {
    return reinterpret_cast<const T*>(data)[position(i)];
  }
};

class Vector {
 public:
  // An empty flat vector without memory.
  explicit Vector(LogicalType type = TypeId::kUnknown) : type_(type) {}
  // Flat with uninitialised room for `capacity` values, all valid.
  Vector(LogicalType type, size_t capacity) : type_(type) { AllocateFlat(capacity); }

  const LogicalType& type() const { return type_; }
  void set_type(LogicalType type) { type_ = type; }  // REQUIRES: same physical type
  VectorKind kind() const { return kind_; }

  // Makes this a flat vector with own, writable memory for `capacity` values, all valid. Memory
  // that nobody else shares is kept.
  void AllocateFlat(size_t capacity);
  // Makes this a constant of `value`, whose type must have this vector's physical type.
  void SetConstant(const Value& value);
  void SetConstantNull();
  // Flat over foreign memory kept alive by `holder`. `validity` may be null.
  void ReferFlat(const void* data, const uint64_t* validity, BufferHolder holder);
  // Dictionary: codes (kept alive by `holder`) into `dictionary` (flat). `dictionary_id` is equal
  // only for the same dictionary contents, 0 = unknown: lets kernels work once per entry.
  void ReferDictionary(const uint32_t* codes, BufferHolder holder,
                       std::shared_ptr<const Vector> dictionary, size_t dictionary_size,
                       uint64_t dictionary_id);
  void SetSequence(int64_t start, int64_t step);
  // Shares `other`'s contents, including its kind; the type must have the same physical type.
  void Refer(const Vector& other);
  // Rows `rows[0..count)` of `base` as a dictionary (or constant) over it; no values are copied.
  void Slice(const Vector& base, const uint16_t* rows, size_t count);

  // Flat and constant data. Mutable access only for flat vectors made by AllocateFlat.
  template <typename T>
  T* data() {
    return reinterpret_cast<T*>(data_);
  }
  template <typename T>
  const T* data() const {
    return reinterpret_cast<const T*>(data_);
  }
  const uint8_t* raw_data() const { return data_; }
  uint8_t* mutable_raw_data() { return data_; }

  const uint64_t* validity() const { return validity_; }  // null: all valid
  // Bits to clear; made (all set) at the first call. Only for vectors with own memory.
  uint64_t* mutable_validity();
  void SetNull(size_t i) { ClearBit(mutable_validity(), i); }
  void ClearValidity() { validity_ = nullptr; }  // all valid again
  // Row validity of a dictionary vector beside its dictionary's own.
  void ReferValidity(const uint64_t* validity, BufferHolder holder);

  // Stores a string into row i of an own flat vector, copying long ones into the vector's heap.
  void SetString(size_t i, std::string_view bytes);
  // Room for a string of `size` bytes in the vector's heap; finish with StringRef over it.
  char* AllocateString(size_t size);
  // Keeps `holder` alive with this vector (heaps of strings it refers to).
  void Hold(BufferHolder holder) { holders_.push_back(std::move(holder)); }
  // Keeps alive whatever `other` keeps alive (for StringRefs copied from it).
  void HoldAllOf(const Vector& other);

  const uint32_t* codes() const { return reinterpret_cast<const uint32_t*>(data_); }
  const std::shared_ptr<const Vector>& dictionary() const { return dictionary_; }
  size_t dictionary_size() const { return dictionary_size_; }
  uint64_t dictionary_id() const { return dictionary_id_; }
  int64_t sequence_start() const { return sequence_start_; }
  int64_t sequence_step() const { return sequence_step_; }

  // Turns any kind into flat for rows [0, count). No effect on flat vectors.
  void Flatten(size_t count);
  // Turns any kind into flat at the given rows only (others undefined).
  VectorView View(size_t count);
  bool IsNull(size_t i) const;
  // The value of row i; slow, for results and tests.
  Value GetValue(size_t i) const;
  // Stores into an own flat vector; strings are copied.
  void SetValue(size_t i, const Value& value);
  // Heap bytes this vector alone accounts for (own buffers and string heap).
  size_t MemoryBytes() const;

 private:
  struct OwnBuffer;
  LogicalType type_;
  VectorKind kind_ = VectorKind::kFlat;
  uint8_t* data_ = nullptr;
  const uint64_t* validity_ = nullptr;
  size_t capacity_ = 0;  // values that own_ has room for
  size_t dictionary_size_ = 0;
  uint64_t dictionary_id_ = 0;
  int64_t sequence_start_ = 0;
  int64_t sequence_step_ = 0;
  std::shared_ptr<OwnBuffer> own_;
  std::shared_ptr<const Vector> dictionary_;
  std::vector<BufferHolder> holders_;
};

}  // namespace driftdb

#endif  // DRIFTDB_TYPES_VECTOR_H_
