#include "security/settings.h"

#include <algorithm>
#include <cctype>
#include <charconv>

#include "base/error.h"
#include "base/status_macros.h"

namespace driftdb::security {

namespace {

std::string SettingsLower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return lower;
}

Status SettingsBadValue(std::string_view name, std::string_view value) {
  return Error(sqlstate::kInvalidParameterValue, "invalid value for parameter \"{}\": \"{}\"", name,
               value);
}

// Splits "12kB" into 12 and "kB". False when there is no leading number.
bool SettingsSplitNumber(std::string_view text, uint64_t* number, std::string_view* unit) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *number);
  if (error != std::errc()) return false;
  std::string_view rest(end, static_cast<size_t>(text.data() + text.size() - end));
  while (!rest.empty() && rest.front() == ' ') rest.remove_prefix(1);
  while (!rest.empty() && rest.back() == ' ') rest.remove_suffix(1);
  *unit = rest;
  return true;
}

}  // namespace

const std::vector<SettingDefinition>& SettingDefinitions() {
  using K = SettingKind;
  static const std::vector<SettingDefinition> definitions = {
      {"application_name", K::kText, "", "", false, false, "Name of the program, for logs."},
      {"bytea_output", K::kChoice, "hex", "hex|escape", false, false, "How bytea is printed."},
      {"client_encoding", K::kChoice, "UTF8", "UTF8|utf8|UNICODE|unicode", false, false,
       "Always UTF8."},
      {"client_min_messages", K::kText, "notice", "", false, false,
       "Least severity sent to the client."},
      {"datestyle", K::kChoice, "ISO, MDY", "ISO, MDY|ISO|MDY|ISO,MDY|MDY, ISO", false, false,
       "How dates are printed and read: only this way."},
      {"default_transaction_isolation", K::kChoice, "read committed",
       "read uncommitted|read committed|repeatable read|serializable", false, false,
       "Isolation of transactions that do not say."},
      {"default_transaction_read_only", K::kBoolean, "off", "", false, false,
       "New transactions read only."},
      {"extra_float_digits", K::kInteger, "1", "", false, false,
       "Accepted; floats print shortest-exact."},
      {"idle_in_transaction_session_timeout", K::kMilliseconds, "0", "", false, false,
       "Not enforced in-process."},
      {"intervalstyle", K::kChoice, "postgres", "postgres", false, false,
       "How intervals are printed."},
      {"is_superuser", K::kBoolean, "on", "", true, false,
       "Whether the current role is a superuser."},
      {"lock_timeout", K::kMilliseconds, "0", "", false, false,
       "Longest wait for a lock; 0: no limit."},
      {"max_identifier_length", K::kInteger, "63", "", true, false, "Bytes of an identifier."},
      {"memory_limit", K::kBytes, "", "", false, true, "Memory budget of the database."},
      {"row_security", K::kBoolean, "on", "", false, false, "Apply row security policies."},
      {"row_path", K::kBoolean, "on", "", false, false,
       "Run statements on single rows without pipelines."},
      {"search_path", K::kText, "\"$user\", public", "", false, false,
       "Schemas looked in, in order."},
      {"server_encoding", K::kText, "UTF8", "", true, false, "Encoding of stored text."},
      {"server_version", K::kText, "15.0", "", true, false,
       "PostgreSQL version that clients may assume."},
      {"standard_conforming_strings", K::kBoolean, "on", "", false, false,
       "Backslash is an ordinary character."},
      {"statement_timeout", K::kMilliseconds, "0", "", false, false,
       "Longest run of a statement; 0: no limit."},
      {"synchronous_commit", K::kChoice, "on", "on|off|local|remote_write|remote_apply", false,
       false, "Whether a commit waits until it is durable."},
      {"threads", K::kInteger, "", "", false, true, "Threads a query may use."},
      {"timezone", K::kChoice, "UTC", "UTC|GMT|Etc/UTC|Zulu|Z|0", false, false,
       "Time zone of the session: only UTC."},
      {"transaction_isolation", K::kText, "read committed", "", true, false,
       "Of the current transaction."},
      {"transaction_read_only", K::kBoolean, "off", "", true, false, "Of the current transaction."},
  };
  return definitions;
}

const SettingDefinition* FindSetting(std::string_view name) {
  for (const SettingDefinition& definition : SettingDefinitions()) {
    if (definition.name == name) return &definition;
  }
  return nullptr;
}

Result<uint64_t> ParseByteSize(std::string_view text) {
  uint64_t number = 0;
  std::string_view unit;
  if (!SettingsSplitNumber(text, &number, &unit)) return SettingsBadValue("memory_limit", text);
  const std::string lower = SettingsLower(unit);
  unsigned shift = 0;
  if (lower == "kb" || lower == "k" || lower == "kib") {
    shift = 10;
  } else if (lower == "mb" || lower == "m" || lower == "mib") {
    shift = 20;
  } else if (lower == "gb" || lower == "g" || lower == "gib") {
    shift = 30;
  } else if (lower == "tb" || lower == "t" || lower == "tib") {
    shift = 40;
  } else if (!lower.empty() && lower != "b") {
    return SettingsBadValue("memory_limit", text);
  }
  if (number == 0 || number > (UINT64_MAX >> 1 >> shift)) {
    return SettingsBadValue("memory_limit", text);
  }
  return number << shift;
}

Result<int64_t> ParseMilliseconds(std::string_view text) {
  uint64_t number = 0;
  std::string_view unit;
  if (!SettingsSplitNumber(text, &number, &unit)) return SettingsBadValue("timeout", text);
  uint64_t factor = 1;
  if (unit == "s") {
    factor = 1000;
  } else if (unit == "min") {
    factor = 60'000;
  } else if (unit == "h") {
    factor = 3'600'000;
  } else if (unit == "d") {
    factor = 86'400'000;
  } else if (!unit.empty() && unit != "ms") {
    return SettingsBadValue("timeout", text);
  }
  if (number > static_cast<uint64_t>(INT64_MAX) / factor / 1000) {
    return SettingsBadValue("timeout", text);
  }
  return static_cast<int64_t>(number * factor);
}

Result<bool> ParseBooleanSetting(std::string_view name, std::string_view text) {
  const std::string lower = SettingsLower(text);
  for (const std::string_view word : {"on", "true", "yes", "1", "t", "y"}) {
    if (lower == word) return true;
  }
  for (const std::string_view word : {"off", "false", "no", "0", "f", "n"}) {
    if (lower == word) return false;
  }
  return Error(sqlstate::kInvalidParameterValue, "parameter \"{}\" requires a Boolean value", name);
}

Result<std::string> CanonicalSetting(const SettingDefinition& definition, std::string_view value) {
  switch (definition.kind) {
    case SettingKind::kText:
      return std::string(value);
    case SettingKind::kBoolean: {
      DRIFTDB_ASSIGN_OR_RETURN(const bool on, ParseBooleanSetting(definition.name, value));
      return std::string(on ? "on" : "off");
    }
    case SettingKind::kInteger: {
      int64_t number = 0;
      const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
      if (error != std::errc() || end != value.data() + value.size()) {
        return SettingsBadValue(definition.name, value);
      }
      if (definition.name == "threads" && (number < 1 || number > 1024)) {
        return Error(sqlstate::kInvalidParameterValue,
                     "{} is outside the valid range for parameter \"threads\" (1 .. 1024)", number);
      }
      return std::to_string(number);
    }
    case SettingKind::kBytes: {
      const Result<uint64_t> bytes = ParseByteSize(value);
      if (!bytes.ok()) return SettingsBadValue(definition.name, value);
      return std::string(value);
    }
    case SettingKind::kMilliseconds: {
      const Result<int64_t> milliseconds = ParseMilliseconds(value);
      if (!milliseconds.ok()) return SettingsBadValue(definition.name, value);
      return *milliseconds == 0 ? std::string("0") : std::to_string(*milliseconds) + "ms";
    }
    case SettingKind::kChoice: {
      const std::string lower = SettingsLower(value);
      std::string_view choices = definition.choices;
      while (!choices.empty()) {
        const size_t bar = choices.find('|');
        const std::string_view choice = choices.substr(0, bar);
        if (SettingsLower(choice) == lower) return std::string(choice);
        choices = bar == std::string_view::npos ? std::string_view() : choices.substr(bar + 1);
      }
      if (definition.name == "synchronous_commit") {
        const Result<bool> on = ParseBooleanSetting(definition.name, value);
        if (on.ok()) return std::string(*on ? "on" : "off");
      }
      return SettingsBadValue(definition.name, value);
    }
  }
  return std::string(value);
}

Settings::Settings() {
  for (const SettingDefinition& definition : SettingDefinitions()) {
    values_.emplace(definition.name, definition.initial);
  }
}

bool Settings::Has(std::string_view name) const { return values_.find(name) != values_.end(); }

Result<std::string> Settings::Get(std::string_view name) const {
  const auto it = values_.find(name);
  if (it == values_.end()) {
    return Error(sqlstate::kUndefinedObject, "unrecognized configuration parameter \"{}\"", name);
  }
  return it->second;
}

void Settings::BeginTransaction() {
  in_transaction_ = true;
  saved_.clear();
}

Status Settings::Set(std::string_view name, std::string_view value, bool local) {
  const SettingDefinition* definition = FindSetting(name);
  if (definition == nullptr && name.find('.') == std::string_view::npos) {
    return Error(sqlstate::kUndefinedObject, "unrecognized configuration parameter \"{}\"", name);
  }
  if (definition != nullptr && definition->read_only) {
    return Error(sqlstate::kCantChangeRuntimeParam, "parameter \"{}\" cannot be changed", name);
  }
  std::string canonical(value);
  if (definition != nullptr) {
    DRIFTDB_ASSIGN_OR_RETURN(canonical, CanonicalSetting(*definition, value));
  }
  if (local && !in_transaction_)
    return OkStatus();  // PostgreSQL warns; there is nothing to last for
  if (in_transaction_) {
    auto [saved, fresh] = saved_.try_emplace(std::string(name));
    if (fresh) {
      const auto it = values_.find(name);
      saved->second.existed = it != values_.end();
      if (saved->second.existed) saved->second.before = it->second;
    }
    if (!local) {
      saved->second.has_session_value = true;
      saved->second.session_value = canonical;
    }
  }
  values_[std::string(name)] = std::move(canonical);
  ++version_;
  return OkStatus();
}

Status Settings::Reset(std::string_view name) {
  if (name == "all") {
    for (const SettingDefinition& definition : SettingDefinitions()) {
      if (definition.read_only || definition.database_wide) continue;
      DRIFTDB_RETURN_IF_ERROR(Set(definition.name, definition.initial, false));
    }
    return OkStatus();
  }
  const SettingDefinition* definition = FindSetting(name);
  if (definition == nullptr) {
    if (!Has(name)) {
      return Error(sqlstate::kUndefinedObject, "unrecognized configuration parameter \"{}\"", name);
    }
    return Set(name, "", false);
  }
  return Set(name, definition->initial, false);
}

void Settings::EndTransaction(bool committed) {
  for (auto& [name, saved] : saved_) {
    if (committed && saved.has_session_value) {
      values_[name] = saved.session_value;
    } else if (saved.existed) {
      values_[name] = saved.before;
    } else {
      values_.erase(name);
    }
  }
  if (!saved_.empty()) ++version_;
  saved_.clear();
  in_transaction_ = false;
}

bool Settings::GetBoolean(std::string_view name) const {
  const auto it = values_.find(name);
  return it != values_.end() && it->second == "on";
}

int64_t Settings::GetInteger(std::string_view name) const {
  const auto it = values_.find(name);
  int64_t number = 0;
  if (it != values_.end()) {
    std::from_chars(it->second.data(), it->second.data() + it->second.size(), number);
  }
  return number;
}

int64_t Settings::GetMilliseconds(std::string_view name) const {
  const auto it = values_.find(name);
  if (it == values_.end()) return 0;
  const Result<int64_t> milliseconds = ParseMilliseconds(it->second);
  return milliseconds.ok() ? *milliseconds : 0;
}

}  // namespace driftdb::security
