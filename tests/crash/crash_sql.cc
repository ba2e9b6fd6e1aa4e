#include "crash_sql.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "api/statement.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "catalog/catalog.h"
#include "txn/check.h"
#include "types/text_format.h"

namespace driftdb::api {

Status SqlBed::Open(bool read_only, bool synchronous) {
  DatabaseOptions options;
  options.vfs = vfs_;
  options.background = false;
  options.threads = 1;
  options.read_only = read_only;
  options.memory_limit_bytes = uint64_t{512} << 20;
  if (!synchronous) options.settings["synchronous_commit"] = "off";
  DRIFTDB_ASSIGN_OR_RETURN(database_, Database::Open("/db", options));
  DRIFTDB_ASSIGN_OR_RETURN(connection_, database_->Connect());
  return OkStatus();
}

Status SqlBed::Close() {
  connection_ = second_ = nullptr;
  Status status = database_->Close();
  database_ = nullptr;
  return status;
}

void SqlBed::Drop() {
  connection_ = second_ = nullptr;
  database_ = nullptr;
}

Status SqlBed::Execute(Connection* connection, std::string_view sql,
                       std::vector<std::string>* rows) {
  while (!sql.empty()) {
    size_t consumed = 0;
    DRIFTDB_ASSIGN_OR_RETURN(Statement * statement, connection->Prepare(sql, &consumed));
    if (statement == nullptr) return OkStatus();
    sql.remove_prefix(consumed);
    Status status;
    while (true) {
      const Result<StepOutcome> outcome = statement->Step();
      status = outcome.status();
      if (!outcome.ok() || *outcome == StepOutcome::kDone) break;
      if (rows == nullptr) continue;
      std::string row;
      for (size_t c = 0; c < statement->columns().size(); ++c) {
        const Value value = statement->column(c).GetValue(statement->row());
        if (c != 0) row += '|';
        row += value.is_null() ? "\\N" : FormatValue(value);
      }
      rows->push_back(std::move(row));
    }
    connection->Finalize(statement);
    DRIFTDB_RETURN_IF_ERROR(status);
  }
  return OkStatus();
}

Status SqlBed::Copy(const std::string& table, int64_t rows) {
  int64_t next = 0;
  std::string pending;
  connection_->copy_reader = [&](char* buffer, size_t capacity) -> int64_t {
    while (pending.size() < capacity && next < rows) {
      pending += fmt::format("{}\t{}\tcopied {}\n", next + 1, next % 1000, next % 97);
      ++next;
    }
    const size_t bytes = std::min(pending.size(), capacity);
    std::memcpy(buffer, pending.data(), bytes);
    pending.erase(0, bytes);
    return static_cast<int64_t>(bytes);
  };
  Status status = Execute(connection_, "COPY " + table + " FROM STDIN", nullptr);
  connection_->copy_reader = nullptr;
  return status;
}

Status SqlBed::Run(const std::string& step) {
  if (step == "!maintain") return database_->engine()->Maintain();
  if (step.starts_with("!copy ")) {
    const size_t space = step.rfind(' ');
    return Copy(step.substr(6, space - 6), std::atoll(step.c_str() + space + 1));
  }
  Connection* connection = connection_;
  std::string_view sql = step;
  if (step.starts_with("2: ")) {
    if (second_ == nullptr) {
      DRIFTDB_ASSIGN_OR_RETURN(second_, database_->Connect());
    }
    connection = second_;
    sql.remove_prefix(3);
  }
  Status status = Execute(connection, sql, nullptr);
  if (!status.ok() && connection->transaction_state() != 0) connection->AbortTransaction();
  return status;
}

Result<std::vector<std::string>> SqlBed::Query(const std::string& sql) {
  std::vector<std::string> rows;
  DRIFTDB_RETURN_IF_ERROR(Execute(connection_, sql, &rows));
  return rows;
}

Result<SqlState> SqlBed::Read() {
  SqlState state;
  const auto snapshot = connection_->CurrentCatalog();
  for (const auto& [oid, relation] : snapshot->relations()) {
    const auto* table = std::get_if<std::shared_ptr<const catalog::TableEntry>>(&relation);
    if (table == nullptr || (*table)->is_system) continue;
    const std::string& name = (*table)->name;
    DRIFTDB_ASSIGN_OR_RETURN(state[name], Query("SELECT * FROM " + name));
    std::sort(state[name].begin(), state[name].end());
    DRIFTDB_ASSIGN_OR_RETURN(const auto count, Query("SELECT count(*) FROM " + name));
    if (count != std::vector<std::string>{std::to_string(state[name].size())}) {
      return DataLossError("table {}: count {} of {} rows", name, count[0], state[name].size());
    }
  }
  std::vector<std::string> problems;
  DRIFTDB_RETURN_IF_ERROR(txn::CheckStorage(database_->engine(), &problems));
  if (!problems.empty()) return DataLossError("{} problems: {}", problems.size(), problems[0]);
  return state;
}

std::string SqlDifference(const SqlState& found, const SqlState& wanted) {
  for (const auto& [name, rows] : wanted) {
    const auto it = found.find(name);
    if (it == found.end()) return "table " + name + " is missing";
    if (it->second == rows) continue;
    std::vector<std::string> lost, strange;
    std::set_difference(rows.begin(), rows.end(), it->second.begin(), it->second.end(),
                        std::back_inserter(lost));
    std::set_difference(it->second.begin(), it->second.end(), rows.begin(), rows.end(),
                        std::back_inserter(strange));
    std::string text =
        fmt::format("table {}: {} rows lost, {} strange", name, lost.size(), strange.size());
    if (!lost.empty()) text += ", lost " + lost[0];
    if (!strange.empty()) text += ", strange " + strange[0];
    return text;
  }
  for (const auto& [name, rows] : found) {
    if (wanted.count(name) == 0) return "table " + name + " is one too many";
  }
  return "";
}

Result<std::string> SqlReadFile(platform::Vfs* vfs, const std::string& path) {
  DRIFTDB_ASSIGN_OR_RETURN(const auto file, vfs->Open(path, {}));
  DRIFTDB_ASSIGN_OR_RETURN(const uint64_t size, file->Size());
  std::string bytes(size, '\0');
  DRIFTDB_RETURN_IF_ERROR(file->ReadExactlyAt(0, bytes.data(), size));
  return bytes;
}

Status SqlWriteFile(platform::Vfs* vfs, const std::string& path, std::string_view bytes) {
  DRIFTDB_ASSIGN_OR_RETURN(const auto file,
                           vfs->Open(path, {platform::OpenMode::kTruncate, false}));
  DRIFTDB_RETURN_IF_ERROR(file->WriteAt(0, bytes.data(), bytes.size()));
  return file->Sync();
}

Result<std::vector<std::string>> SqlListFiles(platform::Vfs* vfs, const std::string& directory) {
  std::vector<std::string> files;
  DRIFTDB_ASSIGN_OR_RETURN(const std::vector<std::string> names, vfs->List(directory));
  for (const std::string& name : names) {
    const std::string path = directory + "/" + name;
    DRIFTDB_ASSIGN_OR_RETURN(const bool is_directory, vfs->IsDirectory(path));
    if (!is_directory) {
      files.push_back(path);
      continue;
    }
    DRIFTDB_ASSIGN_OR_RETURN(const std::vector<std::string> below, SqlListFiles(vfs, path));
    files.insert(files.end(), below.begin(), below.end());
  }
  return files;
}

Status SqlCopyTree(platform::Vfs* from, platform::Vfs* to, const std::string& directory) {
  DRIFTDB_RETURN_IF_ERROR(to->MakeDirectory(directory));
  DRIFTDB_ASSIGN_OR_RETURN(const std::vector<std::string> names, from->List(directory));
  for (const std::string& name : names) {
    const std::string path = directory + "/" + name;
    DRIFTDB_ASSIGN_OR_RETURN(const bool is_directory, from->IsDirectory(path));
    if (is_directory) {
      DRIFTDB_RETURN_IF_ERROR(SqlCopyTree(from, to, path));
    } else {
      DRIFTDB_ASSIGN_OR_RETURN(const std::string bytes, SqlReadFile(from, path));
      DRIFTDB_RETURN_IF_ERROR(SqlWriteFile(to, path, bytes));
    }
  }
  return to->SyncDirectory(directory);
}

std::vector<std::string> SqlScript(bool bulk) {
  std::vector<std::string> script = {
      "CREATE TABLE a (id bigint PRIMARY KEY, v int, s text)",
      "CREATE TABLE b (n serial PRIMARY KEY, a bigint NOT NULL, d date, amount numeric(12,2))",
      "INSERT INTO a SELECT i, i % 7, 'row ' || i FROM generate_series(1, 300) AS g(i)",
      "CREATE INDEX a_v ON a (v)",
      "INSERT INTO b (a, d, amount) SELECT i, DATE '2020-01-01' + i, i * 1.25 "
      "FROM generate_series(1, 60) AS g(i)",
      "UPDATE a SET v = v + 1, s = s || '!' WHERE id % 3 = 0",
      "BEGIN; DELETE FROM a WHERE id > 280; SAVEPOINT x; DELETE FROM b; ROLLBACK TO x; "
      "INSERT INTO b (a, d) VALUES (1, NULL); UPDATE a SET id = id + 1000 WHERE id < 10; COMMIT",
      "CHECKPOINT",
      "ALTER TABLE a ADD COLUMN extra int DEFAULT 5",
      "UPDATE a SET extra = id WHERE id BETWEEN 100 AND 120",
      "CREATE UNIQUE INDEX a_s ON a (s)",
      "BEGIN; TRUNCATE b; INSERT INTO b (a) VALUES (7), (8), (9); COMMIT",
      "!maintain",
      "CREATE TABLE c AS SELECT id, s FROM a WHERE v < 4",
      "DELETE FROM a WHERE id % 2 = 0",
      "BEGIN; DROP INDEX a_v; CREATE INDEX a_v2 ON a (v, id); COMMIT",
      "INSERT INTO b (a) SELECT id FROM a WHERE id > 1000",
      "CHECKPOINT",
      "DROP TABLE c",
      "ALTER TABLE b RENAME TO bb",
      "UPDATE bb SET amount = n",
      "CREATE TABLE big (id bigint, pad text)",
      "INSERT INTO big SELECT i, repeat('0123456789abcdef', 40) FROM generate_series(1, 3000) "
      "AS g(i)",
      "DELETE FROM big WHERE id % 5 > 0",
      "!maintain",
  };
  if (bulk) {
    script = {
        "CREATE TABLE load (id bigint PRIMARY KEY, v int, s text)",
        "!copy load 133000",
        "UPDATE load SET v = v + 1000 WHERE id % 30000 = 3",
        "CHECKPOINT",
        "DELETE FROM load WHERE id BETWEEN 1000 AND 1100 OR id > 132000",
        "CREATE INDEX load_v ON load (v)",
        "!maintain",
    };
  }
  script.push_back("CHECKPOINT");
  script.push_back(bulk ? "INSERT INTO load (id, s) VALUES (500000, 'last')"
                        : "INSERT INTO a (id, s) VALUES (5000, 'last')");
  return script;
}

std::vector<std::string> SqlInterleavedScript() {
  const auto insert = [](const std::string& table, int from, int to, int bytes) {
    return fmt::format(
        "INSERT INTO {} SELECT i, i % 10, repeat('{}', {}) || i FROM generate_series({}, {}) AS "
        "g(i)",
        table, table, bytes, from, to);
  };
  return {
      "CREATE TABLE a (id bigint PRIMARY KEY, v int, s text); CREATE SEQUENCE q",
      "CREATE TABLE d (id bigint PRIMARY KEY, v int, s text)",
      insert("a", 1, 400, 3),
      "2: BEGIN; " + insert("d", 1, 190, 3000),
      "UPDATE a SET v = v + 1 WHERE id < 100",
      "CHECKPOINT",
      "2: SAVEPOINT s; " + insert("d", 301, 490, 3000) + "; DELETE FROM d WHERE id % 2 = 0",
      "DELETE FROM a WHERE id BETWEEN 50 AND 60",
      "2: ROLLBACK TO s; " + insert("d", 301, 340, 30),
      "CHECKPOINT",
      "2: UPDATE d SET v = v + 100, id = id + 5000 WHERE id < 20; DELETE FROM d WHERE id > 330",
      insert("a", 401, 450, 20),
      "!maintain",
      "2: COMMIT",
      "UPDATE d SET v = v + 10, s = 'short' WHERE id % 7 = 0",
      "2: BEGIN; DELETE FROM a WHERE id < 30; " + insert("a", 1000, 1190, 3000),
      "UPDATE a SET s = s || '?' WHERE id > 300 AND id < 500",
      "CHECKPOINT",
      "2: ROLLBACK",
      "INSERT INTO a VALUES (1000, 0, 'not the other one')",
      "2: BEGIN; CREATE TABLE c (id bigint PRIMARY KEY, v int, s text); " +
          insert("c", 1, 190, 3000) + "; CREATE INDEX c_v ON c (v, id)",
      "CHECKPOINT",
      "DELETE FROM d WHERE id % 5 = 0",
      "2: COMMIT",
      "UPDATE c SET v = v + 1 WHERE id < 10",
      "CREATE INDEX c_s ON c (v, id)",
      "DROP INDEX c_s",
      "CREATE INDEX d_v ON d (v)",
      "!maintain",
      "CREATE INDEX c_s2 ON c (id, v)",
      "INSERT INTO c VALUES (7001, 1, 'seven')",
      "CREATE INDEX c_v2 ON c (v, id)",
      "DROP INDEX c_v",
      "CHECKPOINT",
      "CREATE INDEX d_s ON d (id, v)",
      "!maintain",
      // In one step: its lock would keep everybody from reading the table in between.
      "2: BEGIN; DROP TABLE d; " + insert("a", 2000, 2190, 3000) + "; ROLLBACK",
      "TRUNCATE d",
      "CREATE INDEX a_v ON a (v, id)",
      "!maintain",
      "CREATE INDEX a_s ON a (id, v)",
      insert("d", 1, 20, 10),
      "CHECKPOINT",
      "INSERT INTO a VALUES (9000, 0, 'last')",
  };
}

}  // namespace driftdb::api
