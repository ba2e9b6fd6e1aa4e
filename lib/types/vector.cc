#include "types/vector.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <new>

#include "base/coding.h"

namespace driftdb {

namespace {

struct VectorAlignedDelete {
  void operator()(uint8_t* bytes) const { ::operator delete[](bytes, std::align_val_t(64)); }
};
using VectorAlignedBytes = std::unique_ptr<uint8_t[], VectorAlignedDelete>;

VectorAlignedBytes VectorAllocateAligned(size_t bytes) {
  return VectorAlignedBytes(
      static_cast<uint8_t*>(::operator new[](bytes == 0 ? 1 : bytes, std::align_val_t(64))));
}

// Vectors of at most so many values have room for so many bytes of strings beside the arena.
constexpr size_t kVectorFewRows = 4;
constexpr size_t kVectorFewBytes = 256;

// Index array of a constant: every row is position 0.
alignas(64) constexpr uint32_t kVectorZeroIndex[kVectorRows] = {};

}  // namespace

struct Vector::OwnBuffer {
  VectorAlignedBytes data;
  std::unique_ptr<uint64_t[]> validity;
  std::unique_ptr<Arena> heap;
  // Strings of vectors of a few values, kept from one use to the next: the row path refills the
  // same vectors for every statement.
  std::unique_ptr<char[]> few;
  size_t few_used = 0;
  size_t data_bytes = 0;
  size_t validity_words = 0;
};

void Vector::AllocateFlat(size_t capacity) {
  const size_t bytes = capacity * type_.width();
  if (own_ == nullptr || own_.use_count() != 1 || own_->data_bytes < bytes) {
    own_ = std::make_shared<OwnBuffer>();
    own_->data = VectorAllocateAligned(bytes);
    own_->data_bytes = bytes;
  } else {
    own_->few_used = 0;
    if (own_->heap != nullptr) own_->heap.reset();
  }
  kind_ = VectorKind::kFlat;
  data_ = own_->data.get();
  validity_ = nullptr;
  capacity_ = capacity;
  dictionary_ = nullptr;
  dictionary_id_ = 0;
  holders_.clear();
}

void Vector::SetConstant(const Value& value) {
  DRIFTDB_DCHECK(value.is_null() || value.type().physical() == type_.physical());
  AllocateFlat(1);
  kind_ = VectorKind::kConstant;
  if (value.is_null()) {
    std::memset(data_, 0, type_.width());
    SetNull(0);
    return;
  }
  if (type_.physical() == PhysicalType::kString) {
    SetString(0, value.string());
  } else {
    value.StorePhysical(data_);
  }
}

void Vector::SetConstantNull() { SetConstant(Value::Null(type_)); }

void Vector::ReferFlat(const void* data, const uint64_t* validity, BufferHolder holder) {
  kind_ = VectorKind::kFlat;
  own_ = nullptr;
  capacity_ = 0;
  dictionary_ = nullptr;
  dictionary_id_ = 0;
  holders_.clear();
  // Never written through: mutable access is for own memory only.
  data_ = const_cast<uint8_t*>(static_cast<const uint8_t*>(data));
  validity_ = validity;
  if (holder != nullptr) holders_.push_back(std::move(holder));
}

void Vector::ReferDictionary(const uint32_t* codes, BufferHolder holder,
                             std::shared_ptr<const Vector> dictionary, size_t dictionary_size,
                             uint64_t dictionary_id) {
  DRIFTDB_DCHECK(dictionary->kind() == VectorKind::kFlat);
  ReferFlat(codes, nullptr, std::move(holder));
  kind_ = VectorKind::kDictionary;
  dictionary_ = std::move(dictionary);
  dictionary_size_ = dictionary_size;
  dictionary_id_ = dictionary_id;
}

void Vector::SetSequence(int64_t start, int64_t step) {
  DRIFTDB_DCHECK(type_.physical() == PhysicalType::kInt64);
  ReferFlat(nullptr, nullptr, nullptr);
  kind_ = VectorKind::kSequence;
  sequence_start_ = start;
  sequence_step_ = step;
}

void Vector::Refer(const Vector& other) {
  if (this == &other) return;
  DRIFTDB_DCHECK(type_.physical() == other.type_.physical());
  const LogicalType type = type_;
  *this = other;
  type_ = type;
}

void Vector::Slice(const Vector& base, const uint16_t* rows, size_t count) {
  DRIFTDB_DCHECK(count <= kVectorRows);
  if (base.kind_ == VectorKind::kConstant) {
    Refer(base);
    return;
  }
  Vector flat;
  const Vector* from = &base;
  if (base.kind_ == VectorKind::kSequence) {
    flat = base;
    flat.Flatten(kVectorRows);
    from = &flat;
  }
  auto codes = std::make_shared<std::array<uint32_t, kVectorRows>>();
  std::shared_ptr<std::array<uint64_t, kValidityWords>> mask;
  if (from->kind_ == VectorKind::kDictionary) {
    const uint32_t* base_codes = from->codes();
    for (size_t i = 0; i < count; ++i) (*codes)[i] = base_codes[rows[i]];
    if (from->validity_ != nullptr) {
      mask = std::make_shared<std::array<uint64_t, kValidityWords>>();
      mask->fill(~uint64_t{0});
      for (size_t i = 0; i < count; ++i) {
        if (!BitIsSet(from->validity_, rows[i])) ClearBit(mask->data(), i);
      }
    }
  } else {
    for (size_t i = 0; i < count; ++i) (*codes)[i] = rows[i];
  }
  std::shared_ptr<const Vector> dictionary =
      from->kind_ == VectorKind::kDictionary ? from->dictionary_ : std::make_shared<Vector>(*from);
  const size_t size = from->kind_ == VectorKind::kDictionary ? from->dictionary_size_ : kVectorRows;
  const uint64_t id = from->kind_ == VectorKind::kDictionary ? from->dictionary_id_ : 0;
  const LogicalType type = base.type_;
  const uint32_t* raw = codes->data();
  type_ = type;
  ReferDictionary(raw, std::move(codes), std::move(dictionary), size, id);
  if (mask != nullptr) {
    const uint64_t* bits = mask->data();
    ReferValidity(bits, std::move(mask));
  }
}

uint64_t* Vector::mutable_validity() {
  DRIFTDB_DCHECK(own_ != nullptr);
  const size_t words = (std::max<size_t>(capacity_, 1) + 63) / 64;
  if (validity_ == nullptr) {
    if (own_->validity == nullptr || own_->validity_words < words) {
      own_->validity = std::make_unique<uint64_t[]>(words);
      own_->validity_words = words;
    }
    std::fill_n(own_->validity.get(), words, ~uint64_t{0});
    validity_ = own_->validity.get();
  }
  return own_->validity.get();
}

void Vector::ReferValidity(const uint64_t* validity, BufferHolder holder) {
  validity_ = validity;
  if (holder != nullptr) holders_.push_back(std::move(holder));
}

char* Vector::AllocateString(size_t size) {
  DRIFTDB_DCHECK(own_ != nullptr);
  if (capacity_ <= kVectorFewRows && size <= kVectorFewBytes - own_->few_used) {
    if (own_->few == nullptr) own_->few.reset(new char[kVectorFewBytes]);
    char* const to = own_->few.get() + own_->few_used;
    own_->few_used += size;
    return to;
  }
  if (own_->heap == nullptr) own_->heap = std::make_unique<Arena>();
  return own_->heap->Allocate(size);
}

void Vector::SetString(size_t i, std::string_view bytes) {
  if (bytes.size() > StringRef::kInlineBytes) {
    char* to = AllocateString(bytes.size());
    std::memcpy(to, bytes.data(), bytes.size());
    bytes = {to, bytes.size()};
  }
  data<StringRef>()[i] = StringRef(bytes);
}

void Vector::HoldAllOf(const Vector& other) {
  if (other.own_ != nullptr) holders_.push_back(other.own_);
  holders_.insert(holders_.end(), other.holders_.begin(), other.holders_.end());
  if (other.dictionary_ != nullptr) holders_.push_back(other.dictionary_);
}

void Vector::Flatten(size_t count) {
  if (kind_ == VectorKind::kFlat) return;
  Vector flat(type_, std::max(count, size_t{1}));
  const size_t width = type_.width();
  if (kind_ == VectorKind::kSequence) {
    auto* to = flat.data<int64_t>();
    for (size_t i = 0; i < count; ++i) {
      to[i] = sequence_start_ + static_cast<int64_t>(i) * sequence_step_;
    }
  } else {
    const VectorView view = View(count);
    for (size_t i = 0; i < count; ++i) {
      std::memcpy(flat.data_ + i * width, view.data + view.position(i) * width, width);
      if (!view.valid(i)) flat.SetNull(i);
    }
    if (type_.physical() == PhysicalType::kString) flat.HoldAllOf(*this);
  }
  *this = std::move(flat);
}

VectorView Vector::View(size_t count) {
  VectorView view;
  switch (kind_) {
    case VectorKind::kSequence:
      Flatten(count);
      [[fallthrough]];
    case VectorKind::kFlat:
      view.data = data_;
      view.validity = validity_;
      break;
    case VectorKind::kConstant:
      DRIFTDB_DCHECK(count <= kVectorRows);
      view.data = data_;
      view.index = kVectorZeroIndex;
      view.validity = validity_;
      break;
    case VectorKind::kDictionary:
      view.data = dictionary_->data_;
      view.index = codes();
      view.validity = dictionary_->validity_;
      view.row_validity = validity_;
      break;
  }
  return view;
}

bool Vector::IsNull(size_t i) const {
  switch (kind_) {
    case VectorKind::kFlat:
      return validity_ != nullptr && !BitIsSet(validity_, i);
    case VectorKind::kConstant:
      return validity_ != nullptr && !BitIsSet(validity_, 0);
    case VectorKind::kDictionary:
      return (validity_ != nullptr && !BitIsSet(validity_, i)) || dictionary_->IsNull(codes()[i]);
    case VectorKind::kSequence:
      return false;
  }
  return false;
}

Value Vector::GetValue(size_t i) const {
  if (IsNull(i)) return Value::Null(type_);
  switch (kind_) {
    case VectorKind::kFlat:
      return Value::FromPhysical(type_, data_ + i * type_.width());
    case VectorKind::kConstant:
      return Value::FromPhysical(type_, data_);
    case VectorKind::kDictionary:
      return Value::FromPhysical(type_, dictionary_->data_ + codes()[i] * type_.width());
    case VectorKind::kSequence:
      return Value::Integer(type_, sequence_start_ + static_cast<int64_t>(i) * sequence_step_);
  }
  return Value::Null(type_);
}

void Vector::SetValue(size_t i, const Value& value) {
  DRIFTDB_DCHECK(kind_ == VectorKind::kFlat && own_ != nullptr && i < capacity_);
  if (value.is_null()) {
    std::memset(data_ + i * type_.width(), 0, type_.width());
    SetNull(i);
    return;
  }
  if (validity_ != nullptr) SetBit(mutable_validity(), i);
  if (type_.physical() == PhysicalType::kString) {
    SetString(i, value.string());
  } else {
    value.StorePhysical(data_ + i * type_.width());
  }
}

size_t Vector::MemoryBytes() const {
  if (own_ == nullptr) return 0;
  return own_->data_bytes + own_->validity_words * 8 +
         (own_->few != nullptr ? kVectorFewBytes : 0) +
         (own_->heap != nullptr ? own_->heap->allocated_bytes() : 0);
}

}  // namespace driftdb
