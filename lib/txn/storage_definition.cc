#include "txn/storage_definition.h"

#include "txn/row_codec.h"
#include "types/vector.h"

namespace driftdb::txn {

namespace {

constexpr uint8_t kDefinitionDropped = 1;
constexpr uint8_t kDefinitionDescending = 1;
constexpr uint8_t kDefinitionNullsFirst = 2;

}  // namespace

KeyEncoder IndexDefinition::MakeEncoder(const storage::TableSchema& schema) const {
  std::vector<KeyColumn> key_columns;
  for (const Column& column : columns) {
    key_columns.push_back(
        {schema.columns[column.ordinal].type, column.descending, column.nulls_first});
  }
  return KeyEncoder(std::move(key_columns));
}

std::string EncodeTableSchema(const storage::TableSchema& schema) {
  std::string bytes;
  Encoder encoder(&bytes);
  encoder.Varint(schema.version);
  encoder.Varint(schema.columns.size());
  for (const storage::TableColumn& column : schema.columns) {
    encoder.Varint(column.id.value);
    encoder.U64(column.type.Pack());
    encoder.U8(column.dropped ? kDefinitionDropped : 0);
    Vector missing(column.type, 1);
    missing.SetValue(0, column.missing.is_null() ? Value::Null(column.type) : column.missing);
    const Vector* columns[] = {&missing};
    EncodeRow(columns, 0, &bytes);
  }
  return bytes;
}

Result<storage::TableSchema> DecodeTableSchema(std::string_view bytes) {
  Decoder decoder(bytes);
  storage::TableSchema schema;
  schema.version = static_cast<uint32_t>(decoder.Varint());
  const uint64_t count = decoder.Varint();
  if (count > bytes.size()) return DataLossError("table definition is damaged");
  for (uint64_t i = 0; i < count; ++i) {
    storage::TableColumn column;
    column.id = ColumnId(static_cast<uint32_t>(decoder.Varint()));
    column.type = LogicalType::Unpack(decoder.U64());
    column.dropped = (decoder.U8() & kDefinitionDropped) != 0;
    Vector missing(column.type, 1);
    Vector* columns[] = {&missing};
    Status status = DecodeRow(&decoder, columns, 0);
    if (!status.ok()) return status;
    column.missing = missing.GetValue(0);
    schema.columns.push_back(std::move(column));
  }
  Status status = decoder.status("table definition");
  if (!status.ok()) return status;
  return schema;
}

std::string EncodeIndexDefinition(const IndexDefinition& definition) {
  std::string bytes;
  Encoder encoder(&bytes);
  encoder.U8(definition.unique ? 1 : 0);
  encoder.Varint(definition.columns.size());
  for (const IndexDefinition::Column& column : definition.columns) {
    encoder.Varint(column.ordinal);
    encoder.U8(static_cast<uint8_t>((column.descending ? kDefinitionDescending : 0) |
                                    (column.nulls_first ? kDefinitionNullsFirst : 0)));
  }
  return bytes;
}

Result<IndexDefinition> DecodeIndexDefinition(std::string_view bytes) {
  Decoder decoder(bytes);
  IndexDefinition definition;
  definition.unique = decoder.U8() != 0;
  const uint64_t count = decoder.Varint();
  if (count > bytes.size()) return DataLossError("index definition is damaged");
  for (uint64_t i = 0; i < count; ++i) {
    IndexDefinition::Column column;
    column.ordinal = static_cast<uint32_t>(decoder.Varint());
    const uint8_t flags = decoder.U8();
    column.descending = (flags & kDefinitionDescending) != 0;
    column.nulls_first = (flags & kDefinitionNullsFirst) != 0;
    definition.columns.push_back(column);
  }
  Status status = decoder.status("index definition");
  if (!status.ok()) return status;
  return definition;
}

}  // namespace driftdb::txn
