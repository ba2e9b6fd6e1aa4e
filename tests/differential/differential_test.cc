// Goal: generated statements give the same answers here and in SQLite, and the same answers
// whatever the optimizer, the row path, the indexes, the number of threads and the form of the
// storage are. Method: a seeded script of tables, rows, queries and changes runs on two engines
// side by side; the first difference is reduced to few steps and printed with its seed.
// DRIFTDB_DIFFERENTIAL_CASES: scripts of each test; DRIFTDB_DIFFERENTIAL_SEED: the first one's
// seed.
#include <string>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "queries.h"
#include "script.h"
#include "storage/column/segment.h"

namespace driftdb::differential {
namespace {

using Dialect = Expressions::Dialect;

constexpr uint32_t kEveryRule = ~uint32_t{0};

// Writes the script while it runs, so that what a step does may depend on the answers' being equal
// so far.
class ScriptRun {
 public:
  ScriptRun(uint64_t seed, Dialect dialect, MakeTwins make)
      : random_(seed),
        schema_(MakeSchema(&random_, 2 + random_.Below(3))),
        queries_(&random_, &schema_, dialect),
        make_(std::move(make)),
        twins_(make_()),
        seed_(seed) {}

  // True while the engines agree.
  bool Step(ScriptStep step) {
    if (failed_) return false;
    script_.push_back(std::move(step));
    const std::string difference = twins_.Run(script_.back());
    if (difference.empty()) return true;
    failed_ = true;
    const Script reduced = ReduceScript(script_, make_);
    FAIL_CHECK(fmt::format("DRIFTDB_DIFFERENTIAL_SEED={}: {}\n{}", seed_, difference,
                           ScriptText(reduced)));
    return false;
  }

  void Tables() {
    for (TableModel& table : schema_.tables) {
      Step({TableDefinition(table, &random_)});
      const size_t rows = random_.Chance(10) ? 0 : 3 + random_.Below(20);
      for (size_t done = 0; done < rows;) {
        std::string sql = "INSERT INTO " + table.name + " VALUES ";
        for (size_t i = 0; i < 4 && done < rows; ++i, ++done)
          sql += (i == 0 ? "" : ", ") + RowLiterals(&table, &random_);
        Step({sql});
      }
      const size_t indexes = random_.Below(3);
      for (size_t i = 0; i < indexes; ++i)
        Step({IndexDefinition(table, fmt::format("{}_i{}", table.name, i), &random_)});
    }
  }

  void Query() {
    GeneratedQuery query = queries_.Query();
    Step({std::move(query.sql), query.ordered});
  }

  void Contents() {
    for (const TableModel& table : schema_.tables) Step({"SELECT * FROM " + table.name});
  }

  // Changes, perhaps in a block with savepoints.
  void Changes() {
    bool block = random_.Chance(50);
    if (block) Step({"BEGIN"});
    bool saved = false;
    for (size_t i = 1 + random_.Below(4); i > 0; --i) {
      Step({queries_.Change()});
      // A violated constraint has ended the block and its savepoint.
      if (twins_.failed) block = saved = false;
      if (block && !saved && random_.Chance(30)) saved = Step({"SAVEPOINT s"});
      if (block && random_.Chance(30)) Query();
      if (saved && random_.Chance(30)) {
        Step({"ROLLBACK TO s"});
        saved = false;
      }
    }
    if (block) Step({random_.Word({"COMMIT", "ROLLBACK"})});
    Contents();
  }

  // A group of sealed rows with changed and deleted ones in it, of which few stay visible, and hot
  // rows behind.
  void Sealed() {
    TableModel& table = schema_.tables[0];
    Step({TableDefinition(table, &random_)});
    const bool index_first = random_.Chance(50);
    if (index_first) Step({IndexDefinition(table, "big0", &random_)});
    ScriptStep load{table.name, false, ""};
    const size_t rows = storage::kGroupRows + random_.Below(3000);
    for (size_t i = 0; i < rows; ++i) load.data += RowLine(&table, &random_);
    Step(std::move(load));
    Step({"!maintain"});
    Totals(table);
    if (!index_first) Step({IndexDefinition(table, "big0", &random_)});
    const int64_t kept = random_.Between(600, 1500);
    if (random_.Chance(50)) {
      Step({fmt::format("DELETE FROM t0 WHERE k % {} <> 7", kept)});
    } else {
      for (int64_t part = 0; part < 5; ++part) {
        Step({fmt::format("DELETE FROM t0 WHERE k % {} <> 7 AND k % 5 = {}", kept, part)});
      }
    }
    Totals(table);
    if (random_.Chance(50)) Step({"!maintain"});
    // The other tables are small.
    for (size_t t = 1; t < schema_.tables.size(); ++t) {
      Step({TableDefinition(schema_.tables[t], &random_)});
      for (int i = 0; i < 8; ++i)
        Step({"INSERT INTO " + schema_.tables[t].name + " VALUES " +
              RowLiterals(&schema_.tables[t], &random_)});
    }
  }

  // Aggregates and filters of every column of a large table.
  void Totals(const TableModel& table) {
    for (const ColumnModel& column : table.columns) {
      if (column.kind == Kind::kBoolean) continue;
      const std::string& name = column.name;
      Step({fmt::format(
          "SELECT count(*), count({0}), min({0}), max({0}), count(DISTINCT {0}) FROM t0 WHERE {0} "
          "{1} {2}",
          name, random_.Word({"=", "<>", "<", ">="}), Literal(column.kind, 0, &random_))});
      if (name != "k")
        Step({fmt::format(
            "SELECT {0}, count(*) AS n, min(k), max(k) FROM t0 WHERE k % 3 = 1 GROUP BY {0}",
            name)});
    }
  }

  Random& random() { return random_; }
  Queries& queries() { return queries_; }
  bool failed() const { return failed_; }

 private:
  Random random_;
  SchemaModel schema_;
  Queries queries_;
  MakeTwins make_;
  Twins twins_;
  Script script_;
  const uint64_t seed_;
  bool failed_ = false;
};

MakeTwins SqliteTwins() {
  return [] { return Twins{std::make_unique<DriftEngine>(), std::make_unique<SqliteEngine>()}; };
}

// The other engine has no indexes, two threads, and rewrites nothing that a rule of the mask
// covers.
MakeTwins PlainTwins(uint32_t disabled_rules) {
  return [=] {
    DriftOptions plain;
    plain.threads = 2;
    plain.indexes = false;
    plain.row_path = false;
    plain.disabled_rules = disabled_rules;
    return Twins{std::make_unique<DriftEngine>(), std::make_unique<DriftEngine>(plain)};
  };
}

void RunSmall(ScriptRun* run) {
  run->Tables();
  for (int round = 0; round < 4; ++round) {
    for (int i = 0; i < 12; ++i) run->Query();
    run->Changes();
  }
}

void RunSealed(ScriptRun* run) {
  run->Sealed();
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 15; ++i) run->Query();
    run->Changes();
  }
}

uint64_t FirstSeed() { return EnvironmentNumber("DRIFTDB_DIFFERENTIAL_SEED", 1); }
uint64_t Cases(uint64_t otherwise) {
  return EnvironmentNumber("DRIFTDB_DIFFERENTIAL_CASES", otherwise);
}

TEST_CASE("differential: small tables give SQLite's answers") {
  for (uint64_t i = 0; i < Cases(40); ++i) {
    ScriptRun run(FirstSeed() + i, Dialect::kShared, SqliteTwins());
    RunSmall(&run);
  }
}

// A sealed group takes seconds: these two run only with the variable.
TEST_CASE("differential: sealed rows under changes give SQLite's answers") {
  for (uint64_t i = 0; i < (Cases(0) + 19) / 20; ++i) {
    ScriptRun run(FirstSeed() + i, Dialect::kShared, SqliteTwins());
    RunSealed(&run);
  }
}

TEST_CASE("differential: answers do not depend on rules, indexes, threads and the row path") {
  for (uint64_t i = 0; i < Cases(10); ++i) {
    const uint64_t seed = FirstSeed() + i;
    Random mask(seed);
    ScriptRun run(
        seed, Dialect::kOwn,
        PlainTwins(mask.Chance(50) ? kEveryRule : static_cast<uint32_t>(mask.Below(1u << 20))));
    RunSmall(&run);
  }
}

TEST_CASE("differential: answers do not depend on the form of the storage") {
  for (uint64_t i = 0; i < (Cases(0) + 19) / 20; ++i) {
    ScriptRun run(FirstSeed() + i, Dialect::kOwn, PlainTwins(kEveryRule));
    RunSealed(&run);
  }
}

}  // namespace
}  // namespace driftdb::differential
