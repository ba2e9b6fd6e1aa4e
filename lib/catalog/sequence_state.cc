#include "catalog/sequence_state.h"

#include "base/error.h"
#include "base/status_macros.h"
#include "txn/redo.h"

namespace driftdb::catalog {

namespace {

constexpr SqlState kSequenceLimit{"2200H"};
constexpr int64_t kSequenceLogAhead = 32;

}  // namespace

SequenceState::SequenceState(txn::Engine* engine, const SequenceEntry& entry)
    : engine_(engine), oid_(entry.oid), value_(entry.start), called_(false), logged_(0) {
  const auto counters = engine->registry()->sequences();
  const auto it = counters.find(entry.oid);
  if (it != counters.end()) {
    value_ = it->second.value;
    called_ = it->second.called;
  }
}

Status SequenceState::LogAhead(const SequenceEntry& entry) {
  // The counter that recovery would find: as if the values ahead had been given out.
  int64_t ahead;
  if (__builtin_mul_overflow(entry.increment, kSequenceLogAhead, &ahead) ||
      __builtin_add_overflow(value_, ahead, &ahead)) {
    ahead = entry.increment > 0 ? entry.max_value : entry.min_value;
  }
  if (entry.increment > 0 && ahead > entry.max_value) ahead = entry.max_value;
  if (entry.increment < 0 && ahead < entry.min_value) ahead = entry.min_value;
  // Memory first: a checkpoint that starts after the record was appended must know it.
  engine_->registry()->SetSequence(oid_, {ahead, true});
  std::string record;
  txn::RedoWriter(&record).SequenceAdvance(oid_, ahead, true);
  DRIFTDB_RETURN_IF_ERROR(engine_->manager()->AppendSystem(record, 1, &logged_at_));
  logged_ = ahead;
  has_logged_ = true;
  return OkStatus();
}

Result<int64_t> SequenceState::Next(const SequenceEntry& entry) {
  platform::MutexLock lock(&mutex_);
  int64_t next = value_;
  if (called_) {
    const bool overflow = __builtin_add_overflow(value_, entry.increment, &next);
    if (overflow || next > entry.max_value || next < entry.min_value) {
      if (!entry.cycle) {
        const bool up = entry.increment > 0;
        return Error(kSequenceLimit, "nextval: reached {} value of sequence \"{}\" ({})",
                     up ? "maximum" : "minimum", entry.name,
                     up ? entry.max_value : entry.min_value);
      }
      next = entry.increment > 0 ? entry.min_value : entry.max_value;
      has_logged_ = false;
    }
  }
  value_ = next;
  called_ = true;
  const bool covered = has_logged_ && (entry.increment > 0 ? next <= logged_ : next >= logged_);
  if (!covered) DRIFTDB_RETURN_IF_ERROR(LogAhead(entry));
  return next;
}

Status SequenceState::Set(const SequenceEntry& entry, int64_t value, bool is_called) {
  if (value < entry.min_value || value > entry.max_value) {
    return Error(sqlstate::kNumericOutOfRange,
                 "setval: value {} is out of bounds for sequence \"{}\" ({}..{})", value,
                 entry.name, entry.min_value, entry.max_value);
  }
  platform::MutexLock lock(&mutex_);
  value_ = value;
  called_ = is_called;
  has_logged_ = false;
  engine_->registry()->SetSequence(oid_, {value, is_called});
  std::string record;
  txn::RedoWriter(&record).SequenceAdvance(oid_, value, is_called);
  return engine_->manager()->AppendSystem(record, 1, &logged_at_);
}

Lsn SequenceState::logged_at() {
  platform::MutexLock lock(&mutex_);
  return logged_at_;
}

txn::SequenceCounter SequenceState::Current() {
  platform::MutexLock lock(&mutex_);
  return {value_, called_};
}

}  // namespace driftdb::catalog
