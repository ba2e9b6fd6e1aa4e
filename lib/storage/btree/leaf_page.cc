#include "storage/btree/leaf_page.h"

#include "base/error.h"
#include "base/status_macros.h"

namespace driftdb::storage {

namespace {

constexpr uint64_t LeafWidthMask(uint8_t width) {
  return width >= 8 ? ~uint64_t{0} : (uint64_t{1} << (8 * width)) - 1;
}

// [offset, offset + bytes) lies between the prefix and the end of the used bytes.
bool LeafAreaFits(const LeafHeader& header, uint64_t offset, uint64_t bytes) {
  return offset >= kLeafPrefixOffset && offset + bytes <= header.used_bytes;
}

}  // namespace

Status LeafPage::Open(const char* page) {
  page_ = page;
  const LeafHeader& h = header();
  bool ok = h.magic == kLeafMagic && h.count > 0 && h.count <= kLeafEntriesMax &&
            h.key_mode <= kLeafHeap && h.key_width <= 8 && h.rid_width <= 6 &&
            h.used_bytes <= kLeafBytesMax && LeafAreaFits(h, kLeafPrefixOffset, h.prefix_bytes) &&
            LeafAreaFits(h, h.rid_offset, uint64_t{h.count} * h.rid_width);
  const uint64_t key_stride = h.key_mode == kLeafInteger ? h.key_width
                              : h.key_mode == kLeafFixed ? h.suffix_bytes
                                                         : 2;
  ok = ok && LeafAreaFits(h, h.key_offset, h.count * key_stride);
  ok = ok && (h.key_mode != kLeafInteger || h.suffix_bytes <= 8);
  if ((h.flags & kLeafHasAnti) != 0) ok = ok && LeafAreaFits(h, h.anti_offset, (h.count + 7u) / 8);
  if ((h.flags & kLeafHasFingerprints) != 0)
    ok = ok && LeafAreaFits(h, h.fingerprint_offset, h.count);
  if (!ok) [[unlikely]]
    return DataLossError("index page has a damaged header");
  key_data_ = page + h.key_offset;
  rid_data_ = page + h.rid_offset;
  anti_data_ = (h.flags & kLeafHasAnti) != 0 ? page + h.anti_offset : nullptr;
  fingerprint_data_ = (h.flags & kLeafHasFingerprints) != 0 ? page + h.fingerprint_offset : nullptr;
  key_mask_ = LeafWidthMask(h.key_mode == kLeafInteger ? h.key_width : 0);
  rid_mask_ = LeafWidthMask(h.rid_width);
  return OkStatus();
}

std::string_view LeafPage::Suffix(size_t i) const {
  const LeafHeader& h = header();
  if (h.key_mode == kLeafFixed) return {key_data_ + i * h.suffix_bytes, h.suffix_bytes};
  const size_t at = LoadFixed<uint16_t>(key_data_ + 2 * i);
  if (at + 2 > h.used_bytes) [[unlikely]]
    return {};
  const size_t size = LoadFixed<uint16_t>(page_ + at);
  if (at + 2 + size > h.used_bytes) [[unlikely]]
    return {};
  return {page_ + at + 2, size};
}

void LeafPage::KeyAt(size_t i, std::string* key) const {
  key->assign(Prefix());
  if (header().key_mode != kLeafInteger) {
    key->append(Suffix(i));
    return;
  }
  const size_t width = header().suffix_bytes;
  if (width == 0) return;
  const uint64_t value = header().key_base + KeyDelta(i);
  const uint64_t big = __builtin_bswap64(value << (64 - 8 * width));
  key->append(reinterpret_cast<const char*>(&big), width);
}

LeafPage::Target LeafPage::Reduce(std::string_view key) const {
  Target target;
  const std::string_view prefix = Prefix();
  target.outside = OrderAgainstPrefix(key, prefix);
  if (target.outside != 0) return target;
  target.suffix = key.substr(prefix.size());
  target.value = KeyWord(target.suffix);
  if (header().key_mode != kLeafInteger) return target;
  const size_t width = header().suffix_bytes;
  // An entry that equals the first `width` bytes is a prefix of a longer key, and longer than a
  // shorter one.
  target.on_equal = target.suffix.size() == width ? 0 : (target.suffix.size() > width ? -1 : 1);
  const uint64_t value = width == 0 ? 0 : target.value >> (64 - 8 * width);
  if (value < header().key_base) {
    target.outside = -1;
    return target;
  }
  target.value = value - header().key_base;
  if (target.value > key_mask_) target.outside = 1;
  return target;
}

// Order of entry i against the key: < 0 entry below.
int LeafPage::CompareSuffix(size_t i, const Target& target) const {
  if (header().key_mode == kLeafInteger) {
    const uint64_t delta = KeyDelta(i);
    if (delta != target.value) return delta < target.value ? -1 : 1;
    return target.on_equal;
  }
  return CompareKeys(Suffix(i), target.suffix);
}

int LeafPage::Compare(size_t i, std::string_view key) const {
  const Target target = Reduce(key);
  if (target.outside != 0) return -target.outside;
  return CompareSuffix(i, target);
}

// Entries below `first` are below the key, those from `last` on are above it.
LeafPage::Range LeafPage::NarrowTarget(const Target& target) const {
  size_t below = 0;
  for (size_t i = 0; i < kLeafHints; ++i) below += Hint(i) < target.value ? 1 : 0;
  size_t not_above = below;
  while (not_above < kLeafHints && Hint(not_above) == target.value) ++not_above;
  Range range;
  range.first = below == 0 ? 0 : HintPosition(below - 1);
  range.last = not_above == kLeafHints ? count() : HintPosition(not_above) + 1;
  range.last = std::min(range.last, count());
  range.guess = range.first;
  if (header().key_mode != kLeafInteger || range.last - range.first < 4) return range;
  // Interpolated between the hints around the key: keys are often dense or uniform within so small
  // a range.
  const uint64_t low = below == 0 ? 0 : Hint(below - 1);
  const uint64_t high =
      not_above == kLeafHints ? 2 * Hint(kLeafHints - 1) - Hint(kLeafHints - 2) : Hint(not_above);
  if (high <= low) return range;
  const double part = static_cast<double>(target.value - low) / static_cast<double>(high - low);
  const auto width = static_cast<double>(range.last - range.first - 1);
  range.guess = range.first + static_cast<size_t>(std::min(part, 1.0) * width);
  return range;
}

// Two lines around the guess of an integer page; of other pages what a binary search touches.
void LeafPage::PrefetchRange(Range range) const {
  const LeafHeader& h = header();
  if (h.key_mode == kLeafInteger) {
    const char* key = key_data_ + range.guess * h.key_width;
    __builtin_prefetch(key - 24);
    __builtin_prefetch(key + 24);
    __builtin_prefetch(rid_data_ + range.guess * h.rid_width);
    return;
  }
  const size_t stride = h.key_mode == kLeafFixed ? h.suffix_bytes : 2;
  const char* from = key_data_ + range.first * stride;
  const char* end = key_data_ + range.last * stride;
  for (int lines = 0; from < end && lines < 8; from += 64, ++lines) __builtin_prefetch(from);
  __builtin_prefetch(rid_data_ + range.first * h.rid_width);
  if (fingerprint_data_ != nullptr) __builtin_prefetch(fingerprint_data_ + range.first);
}

size_t LeafPage::LowerBoundKey(Range within, const Target& target) const {
  size_t first = within.first;
  size_t size = within.last - within.first;
  if (header().key_mode == kLeafInteger) {
    // The first entry with delta >= value (or > value when an equal one is below the key): steps of
    // growing width away from the guess, then a search between the last two.
    if (size == 0) return first;
    const uint64_t limit = target.value;
    const bool equal_is_below = target.on_equal < 0;
    const auto below = [&](size_t i) {
      const uint64_t delta = KeyDelta(i);
      return delta < limit || (equal_is_below && delta == limit);
    };
    size_t low = within.first;  // all before are below
    size_t high = within.last;  // this and all behind are not
    size_t at = std::clamp(within.guess, low, high - 1);
    if (below(at)) {
      low = at + 1;
      for (size_t step = 2; at + step < high; step *= 2) {
        if (!below(at + step)) {
          high = at + step;
          break;
        }
        low = at + step + 1;
        at += step;
      }
    } else {
      high = at;
      for (size_t step = 2; at >= low + step; step *= 2) {
        if (below(at - step)) {
          low = at - step + 1;
          break;
        }
        high = at - step;
        at -= step;
      }
    }
    while (low < high) {
      const size_t middle = (low + high) / 2;
      if (below(middle)) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }
  while (size > 0) {
    const size_t half = size / 2;
    if (CompareSuffix(first + half, target) < 0) {
      first += half + 1;
      size -= half + 1;
    } else {
      size = half;
    }
  }
  return first;
}

size_t LeafPage::UpperBoundKey(Range within, const Target& target) const {
  // Most keys have one entry or few: look ahead before searching.
  size_t first = within.first;
  for (int step = 0; step < 8; ++step) {
    if (first == within.last || CompareSuffix(first, target) > 0) return first;
    ++first;
  }
  size_t size = within.last - first;
  while (size > 0) {
    const size_t half = size / 2;
    if (CompareSuffix(first + half, target) <= 0) {
      first += half + 1;
      size -= half + 1;
    } else {
      size = half;
    }
  }
  return first;
}

size_t LeafPage::LowerBound(std::string_view key, RowId rid) const {
  const Target target = Reduce(key);
  if (target.outside != 0) return target.outside < 0 ? 0 : count();
  const Range within = NarrowTarget(target);
  size_t first = LowerBoundKey(within, target);
  if (rid.value == 0) return first;
  // Among the entries of this key, by row id.
  size_t size = UpperBoundKey({first, count()}, target) - first;
  while (size > 0) {
    const size_t half = size / 2;
    if (this->rid(first + half) < rid) {
      first += half + 1;
      size -= half + 1;
    } else {
      size = half;
    }
  }
  return first;
}

LeafPage::Probe LeafPage::Narrow(std::string_view key) const {
  Probe probe{Reduce(key), {0, 0}};
  if (probe.target.outside != 0) return probe;
  probe.within = NarrowTarget(probe.target);
  PrefetchRange(probe.within);
  return probe;
}

LeafPage::Range LeafPage::FindWithin(const Probe& probe, uint64_t hash) const {
  const Range& within = probe.within;
  const Target& target = probe.target;
  if (within.first >= within.last) return {0, 0};
  if (fingerprint_data_ != nullptr && header().key_mode != kLeafInteger) {
    const uint8_t print = LeafFingerprint(hash);
    size_t i = within.first;
    for (; i < within.last; ++i) {
      if (static_cast<uint8_t>(fingerprint_data_[i]) == print && CompareSuffix(i, target) == 0)
        break;
    }
    if (i == within.last) return {0, 0};
    return {i, UpperBoundKey({i + 1, count()}, target)};
  }
  const size_t first = LowerBoundKey(within, target);
  if (first == count() || CompareSuffix(first, target) != 0) return {0, 0};
  return {first, UpperBoundKey({first + 1, count()}, target)};
}

Status LeafPage::Check() const {
  std::string previous, key;
  for (size_t i = 0; i < count(); ++i) {
    if (header().key_mode == kLeafHeap && Suffix(i).data() == nullptr) {
      return DataLossError("index page: entry {} lies outside the page", i);
    }
    KeyAt(i, &key);
    if (i > 0 && CompareEntries(previous, rid(i - 1), key, rid(i)) >= 0) {
      return DataLossError("index page: entry {} is out of order", i);
    }
    previous.swap(key);
  }
  return OkStatus();
}

}  // namespace driftdb::storage
