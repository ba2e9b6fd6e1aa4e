// Utility statements: everything that is not a planned query: definitions, COPY, transaction
// control, settings, EXPLAIN, PREPARE and EXECUTE, maintenance.
#ifndef DRIFTDB_API_UTILITY_H_
#define DRIFTDB_API_UTILITY_H_

#include <string>
#include <vector>

#include "api/connection.h"
#include "base/status.h"
#include "catalog/catalog_editor.h"
#include "sql/bind/bound_statement.h"
#include "sql/plan/physical_plan.h"

namespace driftdb::api {

class Statement;

// Plans a bound query with the storage's statistics. Consumes it.
Result<sql::PhysicalPlan> PlanQuery(Connection* connection, const catalog::CatalogSnapshot& catalog,
                                    sql::BoundQuery* query);
// COMMIT, ROLLBACK and ROLLBACK TO: what a failed block accepts.
bool EndsTransaction(const sql::AstTransaction* transaction);
bool EndsTransaction(const sql::BoundStatement& statement);
Status FailedTransactionError();
// False for transaction control and settings, which run outside any snapshot.
bool UtilityNeedsSnapshot(const sql::BoundStatement& statement);
bool UtilityIsReadOnly(const sql::BoundStatement& statement);
std::string UtilityTag(const sql::BoundStatement& statement);
std::vector<sql::OutputColumn> UtilityColumns(const sql::BoundStatement& statement);

// Runs the bound statement of a Statement whose execution has begun.
class UtilityRunner {
 public:
  explicit UtilityRunner(Statement* statement);
  Status Run();

 private:
  Status RunShow(const sql::BoundShow& show);
  Status RunPrepare(const sql::BoundPrepare& prepare);
  Status RunExecute(sql::BoundExecute* execute);
  Status RunExplain(sql::BoundExplain* explain);
  Status RunCopy(sql::BoundCopy* copy);
  Status RunMaintenance(const sql::BoundMaintenance& maintenance);
  Status RunDefinition();
  Status CreateTableAs(sql::BoundCreateTableAs* create);
  Status InsertQuery(const std::shared_ptr<const catalog::TableEntry>& table,
                     sql::BoundQuery* query);

  Statement* const statement_;
  Connection* const connection_;
};

}  // namespace driftdb::api

#endif  // DRIFTDB_API_UTILITY_H_
