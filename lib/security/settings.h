// Settings: the named parameters of a session, with SET LOCAL undone at the end of a transaction.
// Shape: built-in names have a kind and a default; names with a dot are custom and take any text.
// Values are kept as text in canonical form ("on", "4GB" as given, ...). Threads: one owner (the
// session). The definitions are constant. Errors: 42704 unknown name, 22023 bad value, 55P02 a name
// that cannot be changed.
#ifndef DRIFTDB_SECURITY_SETTINGS_H_
#define DRIFTDB_SECURITY_SETTINGS_H_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace driftdb::security {

enum class SettingKind : uint8_t { kText, kBoolean, kInteger, kBytes, kMilliseconds, kChoice };

struct SettingDefinition {
  std::string_view name;
  SettingKind kind;
  std::string_view initial;
  std::string_view choices;  // kChoice: separated by '|'
  bool read_only = false;
  bool database_wide = false;  // one value for all sessions: threads, memory_limit
  std::string_view description;
};
const std::vector<SettingDefinition>& SettingDefinitions();
// Null for custom and unknown names. `name` in lower case.
const SettingDefinition* FindSetting(std::string_view name);

// "512MB", "4GB", "1048576" (bytes; powers of 1024). Errors: 22023.
Result<uint64_t> ParseByteSize(std::string_view text);
// "5s", "100ms", "2min", "250" (milliseconds). Errors: 22023.
Result<int64_t> ParseMilliseconds(std::string_view text);
// PostgreSQL's spellings of on and off.
Result<bool> ParseBooleanSetting(std::string_view name, std::string_view text);
// Checks a value and brings it into canonical form.
Result<std::string> CanonicalSetting(const SettingDefinition& definition, std::string_view value);

class Settings {
 public:
  Settings();
  // Errors: 42704.
  Result<std::string> Get(std::string_view name) const;
  bool Has(std::string_view name) const;
  // `local`: until the end of the transaction.
  Status Set(std::string_view name, std::string_view value, bool local);
  // Back to the default; "all" resets every setting.
  Status Reset(std::string_view name);
  // Ends a transaction: SET LOCAL is undone; after an abort plain SETs of the transaction too.
  void EndTransaction(bool committed);
  void BeginTransaction();
  // Counts changes; part of plan cache keys.
  uint64_t version() const { return version_; }

  bool GetBoolean(std::string_view name) const;
  int64_t GetInteger(std::string_view name) const;
  int64_t GetMilliseconds(std::string_view name) const;

 private:
  std::map<std::string, std::string, std::less<>> values_;
  // What held before the transaction's first change of each name; bool: changed by plain SET too.
  struct Saved {
    std::string before;
    bool existed = false;
    bool has_session_value = false;
    std::string session_value;  // of the last plain SET, to be restored after SET LOCAL
  };
  std::map<std::string, Saved, std::less<>> saved_;
  bool in_transaction_ = false;
  uint64_t version_ = 1;
};

}  // namespace driftdb::security

#endif  // DRIFTDB_SECURITY_SETTINGS_H_
