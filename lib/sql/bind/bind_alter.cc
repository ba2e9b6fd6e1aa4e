// ALTER TABLE and its relatives.
#include "base/error.h"
#include "sql/bind/statement_binder.h"

namespace driftdb::sql {

Result<BoundStatement> StatementBinder::BindAlterTable(const AstAlterTable& ast) {
  return Error(sqlstate::kFeatureNotSupported, "ALTER TABLE is not supported yet").At(ast.position);
}

Result<BoundStatement> StatementBinder::BindRename(const AstRename& ast) {
  return Error(sqlstate::kFeatureNotSupported, "RENAME is not supported yet").At(ast.position);
}

}  // namespace driftdb::sql
