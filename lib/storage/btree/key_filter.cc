#include "storage/btree/key_filter.h"

#include <cstring>

namespace driftdb::storage {

void KeyFilter::Assign(std::string_view bytes) {
  words_.resize(bytes.size() / 8);
  if (!words_.empty()) std::memcpy(words_.data(), bytes.data(), words_.size() * 8);
}

DeltaFilter::~DeltaFilter() {
  if (memory_ != nullptr) memory_->Release(memory_bytes());
}

void DeltaFilter::Add(uint64_t hash) {
  // The count of free places may be overdrawn by racing inserters: the filter then is a little
  // fuller.
  const uint64_t room = room_.load(std::memory_order_relaxed);
  if (room == 0) {
    Grow();
  } else {
    room_.store(room - 1, std::memory_order_relaxed);
  }
  const Part& part = part_[parts_.load(std::memory_order_acquire) - 1];
  std::atomic<uint64_t>& word = part.words[FilterWord(hash, part.size)];
  const uint64_t mask = FilterMask(hash);
  if ((word.load(std::memory_order_relaxed) & mask) != mask) {
    word.fetch_or(mask, std::memory_order_relaxed);
  }
}

void DeltaFilter::Grow() {
  platform::LatchGuard guard(&latch_);
  const int parts = parts_.load(std::memory_order_relaxed);
  if (parts == kPartsMax || room_.load(std::memory_order_relaxed) != 0) return;
  const size_t words = kFirstWords << (3 * parts);
  room_.store(words * 4, std::memory_order_relaxed);
  // No memory: the last part fills up further and answers "maybe" more often.
  if (memory_ != nullptr && !memory_->Reserve(words * 8, "index delta").ok()) return;
  owned_[parts] = std::make_unique<std::atomic<uint64_t>[]>(words);
  part_[parts].words = owned_[parts].get();
  part_[parts].size = words;
  bytes_.fetch_add(words * 8, std::memory_order_relaxed);
  parts_.store(parts + 1, std::memory_order_release);
}

}  // namespace driftdb::storage
