#include "api/session_context.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/error.h"
#include "base/status_macros.h"
#include "catalog/sequence_state.h"
#include "driftdb_config.h"

namespace driftdb::api {

void SessionContext::Begin(int64_t transaction_time, int64_t statement_time,
                           const std::vector<Value>* parameters,
                           const std::shared_ptr<const catalog::CatalogSnapshot>& catalog) {
  transaction_time_ = transaction_time;
  statement_time_ = statement_time;
  parameters_ = parameters;
  if (catalog_ != catalog) catalog_ = catalog;
}

Result<uint64_t> SessionContext::NextRandom() {
  platform::MutexLock lock(&mutex_);
  return rng_.Next();
}

Status SessionContext::SeedRandom(double seed) {
  platform::MutexLock lock(&mutex_);
  rng_ = platform::Rng(static_cast<uint64_t>(std::llround(seed * 0x1p40)));
  return OkStatus();
}

Result<std::string> SessionContext::Setting(std::string_view name, bool missing_ok, bool* found) {
  Result<std::string> value = session_->settings.Get(name);
  *found = value.ok();
  if (!value.ok() && missing_ok) return std::string();
  return value;
}

Result<std::string> SessionContext::SetSetting(std::string_view name, std::string_view value,
                                               bool local) {
  DRIFTDB_RETURN_IF_ERROR(session_->settings.Set(name, value, local));
  return session_->settings.Get(name);
}

Result<std::string> SessionContext::SessionInfo(std::string_view what) {
  const auto role_name = [this](Oid oid) {
    const catalog::RoleEntry* role = catalog_ == nullptr ? nullptr : catalog_->FindRole(oid);
    return role == nullptr ? std::string("unknown") : role->name;
  };
  if (what == "current_user" || what == "user" || what == "current_role") {
    return role_name(session_->current_role);
  }
  if (what == "session_user") return role_name(session_->session_role);
  if (what == "version") return std::string("PostgreSQL 15.0 (DriftDB " DRIFTDB_VERSION_STRING ")");
  if (what == "current_database" || what == "current_catalog") return std::string("driftdb");
  if (what == "current_schema") {
    if (catalog_ == nullptr) return std::string();
    const std::vector<Oid> path = SearchPath(*catalog_);
    const catalog::SchemaEntry* schema = path.empty() ? nullptr : catalog_->FindSchema(path[0]);
    return schema == nullptr ? std::string() : schema->name;
  }
  return Error(sqlstate::kFeatureNotSupported, "session function {} is not supported", what);
}

std::vector<Oid> SessionContext::SearchPath(const catalog::CatalogSnapshot& catalog) const {
  std::vector<Oid> path;
  const Result<std::string> text = session_->settings.Get("search_path");
  if (!text.ok()) return path;
  std::string name;
  bool quoted = false;
  const auto finish = [&] {
    while (!quoted && !name.empty() && name.back() == ' ') name.pop_back();
    if (name == "$user") {
      const catalog::RoleEntry* role = catalog.FindRole(session_->current_role);
      name = role == nullptr ? "" : role->name;
    }
    const catalog::SchemaEntry* schema = name.empty() ? nullptr : catalog.FindSchema(name);
    if (schema != nullptr) path.push_back(schema->oid);
    name.clear();
    quoted = false;
  };
  bool in_quotes = false;
  for (const char c : *text) {
    if (c == '"') {
      in_quotes = !in_quotes;
      quoted = true;
    } else if (c == ',' && !in_quotes) {
      finish();
    } else if (c != ' ' || in_quotes || !name.empty()) {
      name += c;
    }
  }
  finish();
  return path;
}

Result<std::shared_ptr<const catalog::SequenceEntry>> SessionContext::FindSequence(
    std::string_view text) {
  // The text is [schema.]name with SQL's quoting and case rules.
  std::vector<std::string> parts(1);
  bool in_quotes = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"') {
      in_quotes = !in_quotes;
    } else if (c == '.' && !in_quotes) {
      parts.emplace_back();
    } else {
      parts.back() += in_quotes || c < 'A' || c > 'Z' ? c : static_cast<char>(c - 'A' + 'a');
    }
  }
  catalog::RelationEntry found;
  if (catalog_ != nullptr && parts.size() == 2) {
    const catalog::SchemaEntry* schema = catalog_->FindSchema(parts[0]);
    if (schema != nullptr) found = catalog_->FindRelation(schema->oid, parts[1]);
  } else if (catalog_ != nullptr && parts.size() == 1) {
    for (const Oid schema : SearchPath(*catalog_)) {
      found = catalog_->FindRelation(schema, parts[0]);
      if (!std::holds_alternative<std::monostate>(found)) break;
    }
  }
  if (const auto* sequence = std::get_if<std::shared_ptr<const catalog::SequenceEntry>>(&found)) {
    return *sequence;
  }
  if (!std::holds_alternative<std::monostate>(found)) {
    return Error(sqlstate::kWrongObjectType, "\"{}\" is not a sequence", text);
  }
  return Error(sqlstate::kUndefinedTable, "relation \"{}\" does not exist", text);
}

Result<int64_t> SessionContext::SequenceNext(std::string_view name) {
  DRIFTDB_ASSIGN_OR_RETURN(const auto sequence, FindSequence(name));
  DRIFTDB_ASSIGN_OR_RETURN(const int64_t value, sequence->state->Next(*sequence));
  platform::MutexLock lock(&mutex_);
  current_values_[sequence->oid] = value;
  last_sequence_ = sequence->oid;
  sequences_logged_ = std::max(sequences_logged_, sequence->state->logged_at());
  return value;
}

Lsn SessionContext::TakeSequencesLogged() {
  platform::MutexLock lock(&mutex_);
  return std::exchange(sequences_logged_, Lsn(0));
}

Result<int64_t> SessionContext::SequenceLast() {
  platform::MutexLock lock(&mutex_);
  if (last_sequence_.value == 0) {
    return Error(sqlstate::kObjectNotInState, "lastval is not yet defined in this session");
  }
  return current_values_[last_sequence_];
}

Result<int64_t> SessionContext::SequenceCurrent(std::string_view name) {
  DRIFTDB_ASSIGN_OR_RETURN(const auto sequence, FindSequence(name));
  platform::MutexLock lock(&mutex_);
  const auto it = current_values_.find(sequence->oid);
  if (it == current_values_.end()) {
    return Error(sqlstate::kObjectNotInState,
                 "currval of sequence \"{}\" is not yet defined in this session", sequence->name);
  }
  return it->second;
}

Result<int64_t> SessionContext::SequenceSet(std::string_view name, int64_t value, bool is_called) {
  DRIFTDB_ASSIGN_OR_RETURN(const auto sequence, FindSequence(name));
  DRIFTDB_RETURN_IF_ERROR(sequence->state->Set(*sequence, value, is_called));
  platform::MutexLock lock(&mutex_);
  sequences_logged_ = std::max(sequences_logged_, sequence->state->logged_at());
  if (is_called) current_values_[sequence->oid] = value;
  return value;
}

const Value* SessionContext::Parameter(uint32_t index) const {
  return parameters_ != nullptr && index < parameters_->size() ? &(*parameters_)[index] : nullptr;
}

}  // namespace driftdb::api
