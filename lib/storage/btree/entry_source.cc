#include "storage/btree/entry_source.h"

#include "base/check.h"
#include "base/error.h"
#include "base/status_macros.h"

namespace driftdb::storage {

DeltaSource::DeltaSource(std::shared_ptr<const BtreeDelta> delta, bool backward)
    : delta_(std::move(delta)), backward_(backward) {}

Status DeltaSource::Seek(const DeltaBound& bound) {
  bound_key_.assign(bound.key);
  next_ = DeltaBound{bound_key_, bound.rid, bound.open};
  more_ = true;
  Fill();
  return OkStatus();
}

void DeltaSource::Fill() {
  at_ = 0;
  count_ = 0;
  while (more_ && count_ == 0) {
    const DeltaBound from = next_;
    more_ = backward_ ? delta_->ReadBackward(from, records_, &count_, &next_)
                      : delta_->ReadForward(from, records_, &count_, &next_);
  }
  Show();
}

void DeltaSource::Show() {
  valid = at_ < count_;
  if (!valid) return;
  const DeltaRecord* record = records_[at_];
  key = record->key();
  rid = record->rid();
  hint = KeyHint(key);
  state = record->current.load(std::memory_order_acquire);
}

Status DeltaSource::Advance() {
  if (++at_ < count_) {
    Show();
  } else {
    Fill();
  }
  return OkStatus();
}

RunSource::RunSource(std::shared_ptr<const BtreeRun> run, bool backward, bool sequential)
    : run_(std::move(run)), backward_(backward), sequential_(sequential) {}

Status RunSource::OpenPage(size_t page) {
  page_ = page;
  ++pages_read_;
  const size_t segment = run_->page_segment(page);
  if (sequential_ && segment != pinned_segment_) {
    bytes_ = PinnedBytes();  // not two at a time
    Status status = run_->PinSegment(segment, &bytes_);
    pinned_segment_ = segment;
    if (status.sqlstate() == sqlstate::kOutOfMemory) {
      sequential_ = false;
    } else if (!status.ok()) {
      return status;
    }
  }
  if (!sequential_) return run_->PinPage(page, &bytes_, &leaf_);
  Status status =
      leaf_.Open(bytes_.data() + (page - run_->segment_first_page(segment)) * kIndexBlockBytes);
  if (!status.ok()) {
    return DataLossError("index run {} page {}: {}", run_->descriptor().id, page, status.message());
  }
  return OkStatus();
}

void RunSource::Show() {
  leaf_.KeyAt(at_, &key_);
  key = key_;
  hint = KeyHint(key);
  rid = leaf_.rid(at_);
  state = leaf_.anti(at_) ? EntryState::kAnti : EntryState::kEntry;
  valid = true;
}

Status RunSource::Seek(const DeltaBound& bound) {
  valid = false;
  DRIFTDB_RETURN_IF_ERROR(run_->Load());
  if (bound.open) {
    DRIFTDB_RETURN_IF_ERROR(OpenPage(backward_ ? run_->page_count() - 1 : 0));
    at_ = backward_ ? leaf_.count() - 1 : 0;
    Show();
    return OkStatus();
  }
  DRIFTDB_RETURN_IF_ERROR(OpenPage(run_->PageFor(bound.key, bound.rid)));
  at_ = leaf_.LowerBound(bound.key, bound.rid);
  if (backward_) {
    // Only the first page can have nothing below the bound.
    if (at_ == 0) {
      if (page_ == 0) return OkStatus();
      DRIFTDB_RETURN_IF_ERROR(OpenPage(page_ - 1));
      at_ = leaf_.count();
    }
    --at_;
  } else if (at_ == leaf_.count()) {
    if (page_ + 1 == run_->page_count()) return OkStatus();
    DRIFTDB_RETURN_IF_ERROR(OpenPage(page_ + 1));
    at_ = 0;
  }
  Show();
  return OkStatus();
}

Status RunSource::Advance() {
  DRIFTDB_DCHECK(valid);
  valid = false;
  if (backward_) {
    if (at_ == 0) {
      if (page_ == 0) return OkStatus();
      DRIFTDB_RETURN_IF_ERROR(OpenPage(page_ - 1));
      at_ = leaf_.count();
    }
    --at_;
  } else if (++at_ == leaf_.count()) {
    if (page_ + 1 == run_->page_count()) return OkStatus();
    DRIFTDB_RETURN_IF_ERROR(OpenPage(page_ + 1));
    at_ = 0;
  }
  Show();
  return OkStatus();
}

bool RunSource::AtSegmentStart(size_t* segment) const {
  if (!valid || at_ != 0) return false;
  *segment = run_->page_segment(page_);
  return run_->segment_first_page(*segment) == page_;
}

Status RunSource::SkipSegment() {
  const size_t segment = run_->page_segment(page_);
  const size_t next =
      run_->segment_first_page(segment) + run_->descriptor().segments[segment].pages;
  valid = false;
  if (next == run_->page_count()) return OkStatus();
  DRIFTDB_RETURN_IF_ERROR(OpenPage(next));
  at_ = 0;
  Show();
  return OkStatus();
}

Status MergedSource::Advance() {
  // Every source that stands on the entry moves: older ones are shadowed.
  const size_t winner = winner_;
  for (size_t i = 0; i < sources_.size(); ++i) {
    EntrySource* source = sources_[i].get();
    if (i != winner && source->valid && source->SameEntry(*sources_[winner])) {
      DRIFTDB_RETURN_IF_ERROR(source->Advance());
    }
  }
  DRIFTDB_RETURN_IF_ERROR(sources_[winner]->Advance());
  return FindNext();
}

Status MergedSource::FindNext() {
  valid = false;
  for (;;) {
    size_t best = sources_.size();
    for (size_t i = 0; i < sources_.size(); ++i) {
      if (!sources_[i]->valid) continue;
      if (best == sources_.size() || sources_[i]->Before(*sources_[best], backward_)) best = i;
    }
    if (best == sources_.size()) return OkStatus();
    EntrySource* source = sources_[best].get();
    if (source->state == EntryState::kNone) {
      DRIFTDB_RETURN_IF_ERROR(source->Advance());
      continue;
    }
    winner_ = best;
    valid = true;
    key = source->key;
    rid = source->rid;
    hint = source->hint;
    state = source->state;
    return OkStatus();
  }
}

}  // namespace driftdb::storage
