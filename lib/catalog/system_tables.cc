#include "catalog/system_tables.h"

namespace driftdb::catalog {

storage::TableSchema SystemTableDefinition::MakeSchema() const {
  storage::TableSchema schema;
  schema.version = 1;
  uint32_t id = 1;
  for (const SystemColumn& column : columns) {
    schema.columns.push_back({ColumnId(id++), column.type, Value::Null(column.type), false});
  }
  return schema;
}

// NOLINTNEXTLINE(readability-function-size): one case per table
const std::vector<SystemTableDefinition>& SystemTables() {
  constexpr TypeId kOid = TypeId::kInt64;
  constexpr TypeId kText = TypeId::kText;
  constexpr TypeId kBytes = TypeId::kBytea;
  constexpr TypeId kBool = TypeId::kBoolean;
  constexpr TypeId kLong = TypeId::kInt64;
  static const std::vector<SystemTableDefinition> tables = {
      {SystemTable::kSchema,
       "sys_schema",
       {{"oid", kOid}, {"name", kText}, {"owner", kOid}, {"acl", kBytes}}},
      {SystemTable::kRelation,
       "sys_relation",
       {{"oid", kOid},
        {"schema", kOid},
        {"name", kText},
        {"kind", kText},  // r table, i index, v view, S sequence
        {"owner", kOid},
        {"acl", kBytes},
        {"storage", kLong},
        {"flags", kLong},  // bit 0 row security, bit 1 forced
        {"schema_version", kLong},
        {"next_column_id", kLong},
        {"options", kText}}},
      {SystemTable::kColumn,
       "sys_column",
       {{"relation", kOid},
        {"id", kLong},
        {"position", kLong},
        {"name", kText},
        {"type", kLong},  // LogicalType::Pack
        {"storage_ordinal", kLong},
        {"not_null", kBool},
        {"default_sql", kText},
        {"acl", kBytes}}},
      {SystemTable::kConstraint,
       "sys_constraint",
       {{"oid", kOid},
        {"relation", kOid},
        {"kind", kText},  // p primary key, u unique, c check
        {"name", kText},
        {"columns", kBytes},  // column ids as varints
        {"check_sql", kText},
        {"index", kOid}}},
      {SystemTable::kIndex,
       "sys_index",
       {{"oid", kOid},
        {"relation", kOid},
        {"is_unique", kBool},
        {"is_primary", kBool},
        {"columns", kBytes}}},  // {column id, flags} as varints
      {SystemTable::kView,
       "sys_view",
       {{"oid", kOid}, {"query_sql", kText}, {"depends_on", kBytes}}},
      {SystemTable::kSequence,
       "sys_sequence",
       {{"oid", kOid},
        {"type", kLong},
        {"start", kLong},
        {"increment", kLong},
        {"min_value", kLong},
        {"max_value", kLong},
        {"cache", kLong},
        {"is_cycle", kBool},
        {"owned_by_table", kOid},
        {"owned_by_column", kLong}}},
      {SystemTable::kRole,
       "sys_role",
       {{"oid", kOid},
        {"name", kText},
        {"flags", kLong},  // super, inherit, createrole, createdb, login, replication, bypassrls
        {"connection_limit", kLong},
        {"valid_until", TypeId::kTimestampTz},
        {"method", kText},
        {"verifier", kBytes},
        {"totp", kBytes},
        {"last_step", kLong},
        {"failed", kLong},
        {"locked_until", TypeId::kTimestampTz}}},
      {SystemTable::kMember,
       "sys_member",
       {{"role", kOid}, {"member", kOid}, {"grantor", kOid}, {"flags", kLong}}},
      {SystemTable::kPolicy,
       "sys_policy",
       {{"oid", kOid},
        {"relation", kOid},
        {"name", kText},
        {"command", kText},
        {"permissive", kBool},
        {"roles", kBytes},
        {"using_sql", kText},
        {"check_sql", kText}}},
      {SystemTable::kSetting, "sys_setting", {{"role", kOid}, {"name", kText}, {"value", kText}}},
      {SystemTable::kDefaultAcl,
       "sys_default_acl",
       {{"oid", kOid}, {"role", kOid}, {"schema", kOid}, {"kind", kText}, {"acl", kBytes}}},
  };
  return tables;
}

}  // namespace driftdb::catalog
