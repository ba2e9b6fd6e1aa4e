// The two engines that run the same statements, and what a statement gives: rows as text that is
// the same for equal values of both. Numbers lose trailing zeros and keep nine digits, booleans are
// 1 and 0, NULL is \N.
#ifndef DRIFTDB_TESTS_DIFFERENTIAL_ENGINES_H_
#define DRIFTDB_TESTS_DIFFERENTIAL_ENGINES_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/connection.h"
#include "api/database.h"

struct sqlite3;

namespace driftdb::differential {

struct Outcome {
  std::string error;  // SQLSTATE, or "constraint", "timeout", "other" of SQLite; empty: none
  std::string message;
  std::vector<std::string> rows;
  int64_t changes = 0;

  bool ok() const { return error.empty(); }
  bool timed_out() const { return error == "timeout" || error == "57014"; }
  bool violated() const { return error == "constraint" || error.starts_with("23"); }
};

// A difference of two outcomes in words, empty when there is none.
std::string Difference(const Outcome& found, const Outcome& wanted, bool ordered);
std::string CanonicalNumber(double number);

// A database in memory with one connection.
class Engine {
 public:
  virtual ~Engine() = default;
  virtual Outcome Run(const std::string& sql) = 0;
  // Rows of a table: a line for each, tabs between the values.
  virtual Outcome Load(const std::string& table, const std::string& data) = 0;
  // Work that changes no answer.
  virtual void Maintain() {}
};

struct DriftOptions {
  unsigned threads = 1;
  bool indexes = true;  // off: CREATE INDEX is left out
  bool row_path = true;
  uint32_t disabled_rules = 0;  // of the optimizer
};

class DriftEngine : public Engine {
 public:
  explicit DriftEngine(const DriftOptions& options = {});
  ~DriftEngine() override;

  Outcome Run(const std::string& sql) override;
  Outcome Load(const std::string& table, const std::string& data) override;
  // Seals full groups, merges index runs.
  void Maintain() override;

 private:
  const DriftOptions options_;
  std::unique_ptr<api::Database> database_;
  api::Connection* connection_ = nullptr;
};

class SqliteEngine : public Engine {
 public:
  SqliteEngine();
  ~SqliteEngine() override;

  Outcome Run(const std::string& sql) override;
  Outcome Load(const std::string& table, const std::string& data) override;

 private:
  sqlite3* database_ = nullptr;
};

}  // namespace driftdb::differential

#endif  // DRIFTDB_TESTS_DIFFERENTIAL_ENGINES_H_
