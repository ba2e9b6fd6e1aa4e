// SessionContext: what expressions may ask of the session and the running statement.
// Threads: read by all workers of a statement; what changes is atomic or locked.
#ifndef DRIFTDB_API_SESSION_CONTEXT_H_
#define DRIFTDB_API_SESSION_CONTEXT_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "catalog/catalog_snapshot.h"
#include "expr/function.h"
#include "platform/clock.h"
#include "platform/mutex.h"
#include "platform/rng.h"
#include "security/session.h"

namespace driftdb::api {

class SessionContext final : public expr::EvalContext {
 public:
  SessionContext(security::Session* session, platform::Clock* clock, uint64_t seed)
      : session_(session), clock_(clock), rng_(seed) {}

  // Per statement.
  void Begin(int64_t transaction_time, int64_t statement_time, const std::vector<Value>* parameters,
             const std::shared_ptr<const catalog::CatalogSnapshot>& catalog);

  void set_parameters(const std::vector<Value>* parameters) { parameters_ = parameters; }

  int64_t transaction_time() const override { return transaction_time_; }
  int64_t statement_time() const override { return statement_time_; }
  Result<int64_t> ClockTime() override { return clock_->WallMicros(); }
  Result<uint64_t> NextRandom() override;
  Status SeedRandom(double seed) override;
  Result<std::string> Setting(std::string_view name, bool missing_ok, bool* found) override;
  Result<std::string> SetSetting(std::string_view name, std::string_view value,
                                 bool local) override;
  Result<std::string> SessionInfo(std::string_view what) override;
  Result<int64_t> SequenceNext(std::string_view sequence) override;
  Result<int64_t> SequenceCurrent(std::string_view sequence) override;
  Result<int64_t> SequenceLast() override;
  Result<int64_t> SequenceSet(std::string_view sequence, int64_t value, bool is_called) override;
  const Value* Parameter(uint32_t index) const override;

  // Where the log has what the sequences have told this transaction; forgets it.
  Lsn TakeSequencesLogged();

  // Schema oids of the search path, missing schemas left out.
  std::vector<Oid> SearchPath(const catalog::CatalogSnapshot& catalog) const;

 private:
  Result<std::shared_ptr<const catalog::SequenceEntry>> FindSequence(std::string_view name);

  security::Session* const session_;
  platform::Clock* const clock_;
  platform::Mutex mutex_;
  platform::Rng rng_ DRIFTDB_GUARDED_BY(mutex_);
  std::map<Oid, int64_t> current_values_ DRIFTDB_GUARDED_BY(mutex_);  // currval
  Oid last_sequence_ DRIFTDB_GUARDED_BY(mutex_);  // of the latest nextval; 0: none yet
  Lsn sequences_logged_ DRIFTDB_GUARDED_BY(mutex_);
  int64_t transaction_time_ = 0;
  int64_t statement_time_ = 0;
  const std::vector<Value>* parameters_ = nullptr;
  std::shared_ptr<const catalog::CatalogSnapshot> catalog_;
};

}  // namespace driftdb::api

#endif  // DRIFTDB_API_SESSION_CONTEXT_H_
