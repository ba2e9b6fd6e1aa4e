#include "storage/btree/leaf_page_builder.h"

#include <bit>

#include "base/check.h"
#include "storage/btree/leaf_page.h"

namespace driftdb::storage {

namespace {

uint8_t LeafDeltaWidth(uint64_t range) {
  return static_cast<uint8_t>((64 - std::countl_zero(range) + 7) / 8);
}

// The last up to eight bytes of a key as an integer.
uint64_t LeafTail(std::string_view key) {
  const size_t width = std::min<size_t>(key.size(), 8);
  if (width == 0) return 0;
  return KeyWord(key.data() + key.size() - width, width) >> (64 - 8 * width);
}

}  // namespace

void LeafPageBuilder::Clear() {
  shape_ = Shape();
  keys_.clear();
  ends_.clear();
  rids_.clear();
  anti_.clear();
}

LeafPageBuilder::Measure LeafPageBuilder::MeasureShape(const Shape& shape, size_t key_bytes) const {
  Measure best;
  best.rid_width = LeafDeltaWidth(shape.rid_max - shape.rid_min);
  uint64_t common = kLeafPrefixOffset + shape.count * best.rid_width;
  if (shape.anti) common += (shape.count + 7) / 8;
  if (fingerprints_) common += shape.count;
  const uint64_t heap = common + shape.prefix + 2 * shape.count + 2 * shape.distinct +
                        shape.distinct_bytes - shape.distinct * shape.prefix;
  best.mode = kLeafHeap;
  best.bytes = heap;
  if (!shape.same_length) return best;
  const uint64_t fixed = common + shape.prefix + shape.count * (key_bytes - shape.prefix);
  if (fixed <= best.bytes) {
    best.mode = kLeafFixed;
    best.bytes = fixed;
  }
  if (shape.prefix + 8 >= key_bytes) {
    const uint8_t width = LeafDeltaWidth(shape.key_max - shape.key_min);
    const uint64_t head = key_bytes - std::min<size_t>(key_bytes, 8);
    const uint64_t integer = common + head + shape.count * width;
    // Integer pages are also the fastest to search, so they win ties; fingerprints are useless
    // there.
    const uint64_t without = integer - (fingerprints_ ? shape.count : 0);
    if (without <= best.bytes) {
      best.mode = kLeafInteger;
      best.bytes = without;
      best.key_width = width;
    }
  }
  return best;
}

bool LeafPageBuilder::Add(std::string_view key, RowId rid, bool anti) {
  Shape shape = shape_;
  const uint64_t tail = LeafTail(key);
  bool same_key = false;
  if (shape.count == 0) {
    shape.prefix = key.size();
    shape.rid_min = shape.rid_max = rid.value;
    shape.key_min = shape.key_max = tail;
  } else {
    if (shape.count == kLeafEntriesMax) return false;
    const std::string_view last = last_key();
    same_key = last == key;
    DRIFTDB_DCHECK(CompareEntries(last, RowId(rids_.back()), key, rid) < 0);
    // Keys ascend, so the common prefix of all is that of the first and this one.
    shape.prefix = std::min(shape.prefix, CommonPrefix(first_key(), key));
    shape.same_length = shape.same_length && last.size() == key.size();
    shape.rid_min = std::min(shape.rid_min, rid.value);
    shape.rid_max = std::max(shape.rid_max, rid.value);
    shape.key_min = std::min(shape.key_min, tail);
    shape.key_max = std::max(shape.key_max, tail);
  }
  ++shape.count;
  shape.anti = shape.anti || anti;
  if (!same_key) {
    ++shape.distinct;
    shape.distinct_bytes += key.size();
  }
  if (shape.count > 1 && MeasureShape(shape, key.size()).bytes > kLeafBytesMax) return false;
  shape_ = shape;
  if (!same_key) {
    const auto begin = static_cast<uint32_t>(keys_.size());
    keys_.append(key);
    ends_.push_back(begin);
    ends_.push_back(static_cast<uint32_t>(keys_.size()));
  } else {
    ends_.push_back(ends_[ends_.size() - 2]);
    ends_.push_back(ends_[ends_.size() - 2]);
  }
  rids_.push_back(rid.value);
  anti_.push_back(anti ? 1 : 0);
  return true;
}

// Writes keys (and their heap) from *used on and the hints.
void LeafPageBuilder::EncodeKeys(const Measure& measure, char* page, size_t* used) const {
  const size_t count = size();
  auto* header = reinterpret_cast<LeafHeader*>(page);
  const size_t prefix = header->prefix_bytes;
  header->key_offset = static_cast<uint16_t>(*used);
  char* to = page + *used;
  std::string_view last;
  size_t item = *used + 2 * count;
  for (size_t i = 0; i < count; ++i) {
    const std::string_view key = Key(i);
    const std::string_view suffix = key.substr(prefix);
    if (measure.mode == kLeafInteger) {
      const uint64_t delta = LeafTail(key) - header->key_base;
      std::memcpy(to + i * measure.key_width, &delta, measure.key_width);
    } else if (measure.mode == kLeafFixed) {
      if (!suffix.empty()) std::memcpy(to + i * suffix.size(), suffix.data(), suffix.size());
    } else {
      if (i > 0 && key == last) {
        std::memcpy(to + 2 * i, to + 2 * (i - 1), 2);
      } else {
        StoreFixed(to + 2 * i, static_cast<uint16_t>(item));
        StoreFixed(page + item, static_cast<uint16_t>(suffix.size()));
        if (!suffix.empty()) std::memcpy(page + item + 2, suffix.data(), suffix.size());
        item += 2 + suffix.size();
      }
      last = key;
    }
  }
  *used = measure.mode == kLeafInteger ? *used + count * measure.key_width
          : measure.mode == kLeafFixed ? *used + count * header->suffix_bytes
                                       : item;
  for (size_t i = 0; i < kLeafHints; ++i) {
    const std::string_view key = Key((i + 1) * count / (kLeafHints + 1));
    const uint64_t hint = measure.mode == kLeafInteger ? LeafTail(key) - header->key_base
                                                       : KeyWord(key.substr(prefix));
    StoreFixed(page + kLeafHintOffset + 8 * i, hint);
  }
}

size_t LeafPageBuilder::Encode(char* page) const {
  DRIFTDB_DCHECK(size() > 0);
  const Measure measure = MeasureShape(shape_, first_key().size());
  DRIFTDB_DCHECK(measure.bytes <= kLeafBytesMax);
  std::memset(page, 0, kIndexBlockBytes);
  auto* header = reinterpret_cast<LeafHeader*>(page);
  const size_t count = size();
  const size_t key_bytes = first_key().size();
  const size_t prefix =
      measure.mode == kLeafInteger ? key_bytes - std::min<size_t>(key_bytes, 8) : shape_.prefix;
  header->magic = kLeafMagic;
  header->count = static_cast<uint16_t>(count);
  header->key_mode = measure.mode;
  header->key_width = measure.key_width;
  header->rid_width = measure.rid_width;
  header->prefix_bytes = static_cast<uint16_t>(prefix);
  header->suffix_bytes = static_cast<uint16_t>(measure.mode == kLeafHeap ? 0 : key_bytes - prefix);
  header->key_base = measure.mode == kLeafInteger ? shape_.key_min : 0;
  header->rid_base = shape_.rid_min;
  if (prefix > 0) std::memcpy(page + kLeafPrefixOffset, first_key().data(), prefix);
  size_t used = kLeafPrefixOffset + prefix;
  EncodeKeys(measure, page, &used);
  header->rid_offset = static_cast<uint16_t>(used);
  for (size_t i = 0; i < count; ++i) {
    const uint64_t delta = rids_[i] - shape_.rid_min;
    std::memcpy(page + used + i * measure.rid_width, &delta, measure.rid_width);
  }
  used += count * measure.rid_width;
  if (shape_.anti) {
    header->flags |= kLeafHasAnti;
    header->anti_offset = static_cast<uint16_t>(used);
    for (size_t i = 0; i < count; ++i) {
      page[used + i / 8] = static_cast<char>(page[used + i / 8] | anti_[i] << (i & 7));
    }
    used += (count + 7) / 8;
  }
  if (fingerprints_ && measure.mode != kLeafInteger) {
    header->flags |= kLeafHasFingerprints;
    header->fingerprint_offset = static_cast<uint16_t>(used);
    for (size_t i = 0; i < count; ++i) {
      page[used + i] = static_cast<char>(LeafFingerprint(KeyHash(Key(i))));
    }
    used += count;
  }
  header->used_bytes = static_cast<uint16_t>(used);
  DRIFTDB_DCHECK(used == measure.bytes);
  return used;
}

}  // namespace driftdb::storage
