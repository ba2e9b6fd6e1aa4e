#include <algorithm>
#include <array>
#include <cstring>
#include <memory>

#include "api/copy.h"
#include "api/database.h"
#include "api/index_fill.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "exec/copy/copy_format.h"
#include "exec/dml/row_constraints.h"
#include "exec/task_pool.h"
#include "expr/evaluator.h"
#include "storage/table/bulk_appender.h"
#include "txn/redo.h"
#include "txn/table_writer.h"
#include "types/text_format.h"
#include "types/utf8.h"

namespace driftdb::api {

namespace {

constexpr size_t kCopyBlockBytes = 4 << 20;
constexpr size_t kCopyRecordBytesMax = size_t{1} << 30;

// Input in blocks of whole records.
class CopyFromInput {
 public:
  static Result<CopyFromInput> Open(Connection* connection, exec::QueryContext* context,
                                    const sql::BoundCopy& copy, const exec::CopyFormat* format) {
    CopyFromInput input;
    input.format_ = format;
    if (copy.endpoint == sql::CopyEndpoint::kFile) {
      DRIFTDB_ASSIGN_OR_RETURN(input.file_, context->vfs->Open(copy.file, {}));
    } else if (copy.endpoint == sql::CopyEndpoint::kStdin) {
      if (!connection->copy_reader) {
        return Error(sqlstate::kObjectNotInState, "COPY FROM STDIN needs a client that sends rows");
      }
      input.reader_ = &connection->copy_reader;
    } else {
      return Error(sqlstate::kFeatureNotSupported, "COPY FROM PROGRAM is not supported");
    }
    return input;
  }

  // The next block; empty at the end.
  Result<std::string> NextBlock() {
    std::string block = std::move(rest_);
    rest_.clear();
    size_t target = kCopyBlockBytes;
    while (true) {
      DRIFTDB_RETURN_IF_ERROR(Fill(&block, target));
      if (at_end_) return block;
      const size_t end = format_->LastRecordEnd(block);
      if (end > 0) {
        rest_ = block.substr(end);
        block.resize(end);
        return block;
      }
      if (block.size() > kCopyRecordBytesMax) {
        return Error(sqlstate::kProgramLimitExceeded, "a row of the input is longer than 1 GiB");
      }
      target = block.size() * 2;  // one record larger than the block
    }
  }

 private:
  Status Fill(std::string* block, size_t target) {
    while (!at_end_ && block->size() < target) {
      const size_t have = block->size();
      block->resize(target);
      size_t got = 0;
      if (file_ != nullptr) {
        DRIFTDB_ASSIGN_OR_RETURN(got, file_->ReadAt(offset_, block->data() + have, target - have));
        offset_ += got;
      } else {
        const int64_t read = (*reader_)(block->data() + have, target - have);
        if (read < 0) {
          block->resize(have);
          return Error(sqlstate::kQueryCanceled, "COPY was stopped by the client");
        }
        got = static_cast<size_t>(read);
      }
      block->resize(have + got);
      if (got == 0) at_end_ = true;
    }
    return OkStatus();
  }

  const exec::CopyFormat* format_ = nullptr;
  std::unique_ptr<platform::File> file_;
  const CopyReader* reader_ = nullptr;
  uint64_t offset_ = 0;
  std::string rest_;
  bool at_end_ = false;
};

// One block on its way from text to rows.
struct CopyFromBlock {
  std::string text;
  bool first = false;         // holds the header, if there is one
  std::vector<Chunk> chunks;  // table order
  uint64_t lines = 0;
  bool finished = false;  // the end-of-data mark was read
  uint64_t error_line = 0;
};

class CopyFromRunner {
 public:
  CopyFromRunner(Connection* connection, exec::QueryContext* context, const sql::BoundCopy& copy)
      : connection_(connection), context_(context), copy_(copy), table_(*copy.table) {
    format_.csv = copy.format == sql::BoundCopyFormat::kCsv;
    format_.delimiter = copy.delimiter;
    format_.quote = copy.quote;
    format_.escape = copy.escape;
    format_.null_text = copy.null_text;
    for (const catalog::ColumnEntry& column : table_.columns) types_.push_back(column.type);
  }

  Result<int64_t> Run();

 private:
  bool UniqueIndexesEmpty() const;
  Status Prepare();
  Status ParseBlock(CopyFromBlock* block);
  Status ParseRecord(const std::vector<exec::CopyField>& fields, Chunk* chunk, size_t row);
  Status CheckHeader(const std::vector<exec::CopyField>& fields) const;
  Status StoreField(const exec::CopyField& field, uint32_t ordinal, Vector* column,
                    size_t row) const;
  Status FillDefaults(Chunk* chunk);
  Status Accept(Chunk* chunk);
  Status SealFull(bool all);
  Status InsertSmall(const Chunk& stored);
  Status FinishBulk();

  Connection* const connection_;
  exec::QueryContext* const context_;
  const sql::BoundCopy& copy_;
  const catalog::TableEntry& table_;
  exec::CopyFormat format_;
  std::vector<LogicalType> types_;
  std::vector<bool> listed_;
  exec::RowConstraints constraints_;
  std::vector<expr::CompiledExpr> where_;
  std::vector<bool> per_row_default_;
  std::vector<Value> constant_default_;
  std::unique_ptr<txn::TableWriter> writer_;
  bool bulk_allowed_ = false;
  std::unique_ptr<storage::BulkAppender> appender_;
  std::vector<std::unique_ptr<storage::BulkAppender::Builder>> builders_;  // last one is filling
  std::vector<std::unique_ptr<storage::BulkAppender::Builder>> spare_;
  uint64_t groups_ = 0;
  int64_t rows_ = 0;
};

// Sorted runs are not checked against what the indexes hold already.
bool CopyFromRunner::UniqueIndexesEmpty() const {
  return std::none_of(table_.indexes.begin(), table_.indexes.end(), [](const auto& index) {
    return index->unique && index->data->Statistics().entries > 0;
  });
}

Status CopyFromRunner::Prepare() {
  listed_.assign(table_.columns.size(), false);
  for (const uint32_t ordinal : copy_.columns) listed_[ordinal] = true;
  DRIFTDB_ASSIGN_OR_RETURN(
      constraints_,
      exec::RowConstraints::Make(&table_, copy_.checks, copy_.check_names, context_->eval));
  if (copy_.where != nullptr) {
    DRIFTDB_ASSIGN_OR_RETURN(expr::CompiledExpr where,
                             expr::CompiledExpr::Compile(*copy_.where, context_->eval));
    where_.push_back(std::move(where));
  }
  per_row_default_.assign(table_.columns.size(), false);
  constant_default_.assign(table_.columns.size(), Value());
  for (size_t c = 0; c < table_.columns.size(); ++c) {
    constant_default_[c] = Value::Null(types_[c]);
    if (c >= copy_.defaults.size() || copy_.defaults[c] == nullptr) continue;
    if (expr::IsVolatile(*copy_.defaults[c])) {
      per_row_default_[c] = true;
    } else {
      DRIFTDB_ASSIGN_OR_RETURN(constant_default_[c],
                               expr::EvaluateConstant(*copy_.defaults[c], context_->eval));
    }
  }
  txn::Transaction* transaction = connection_->transaction();
  DRIFTDB_ASSIGN_OR_RETURN(context_->snapshot.txn, transaction->EnsureWriter());
  writer_ = std::make_unique<txn::TableWriter>(transaction, table_.target.get(), context_->snapshot,
                                               nullptr);
  bulk_allowed_ = UniqueIndexesEmpty();
  if (bulk_allowed_ && !table_.indexes.empty()) {
    // Nobody may slip a key in between; readers are not disturbed. Whom we had to wait for may have
    // left keys.
    DRIFTDB_RETURN_IF_ERROR(transaction->LockTable(table_.lock, txn::LockMode::kShare));
    bulk_allowed_ = UniqueIndexesEmpty();
  }
  return OkStatus();
}

Status CopyFromRunner::CheckHeader(const std::vector<exec::CopyField>& fields) const {
  if (copy_.header != sql::CopyHeader::kMatch) return OkStatus();
  for (size_t i = 0; i < copy_.columns.size(); ++i) {
    const std::string& expected = table_.columns[copy_.columns[i]].name;
    if (i >= fields.size() || fields[i].text != expected) {
      return Error(sqlstate::kBadCopyFileFormat,
                   "column name mismatch in header line field {}: got \"{}\", expected \"{}\"",
                   i + 1, i < fields.size() ? fields[i].text : "", expected);
    }
  }
  return OkStatus();
}

Status CopyFromRunner::StoreField(const exec::CopyField& field, uint32_t ordinal, Vector* column,
                                  size_t row) const {
  const bool force_null = ordinal < copy_.force_null.size() && copy_.force_null[ordinal];
  const bool force_not_null =
      ordinal < copy_.force_not_null.size() && copy_.force_not_null[ordinal];
  if (!force_not_null && (!field.quoted || force_null) && field.text == format_.null_text) {
    std::memset(column->mutable_raw_data() + row * column->type().width(), 0,
                column->type().width());
    column->SetNull(row);
    return OkStatus();
  }
  const LogicalType& type = column->type();
  if (type.id == TypeId::kBytea) {
    std::string bytes;
    DRIFTDB_RETURN_IF_ERROR(ParseBytea(field.text, &bytes));
    column->SetString(row, bytes);
    return OkStatus();
  }
  if (type.physical() == PhysicalType::kString) {
    StringRef parsed;
    DRIFTDB_RETURN_IF_ERROR(ParseValue(type, field.text, &parsed));
    column->SetString(row, parsed.view());
    return OkStatus();
  }
  return ParseValue(type, field.text, column->mutable_raw_data() + row * type.width());
}

Status CopyFromRunner::ParseRecord(const std::vector<exec::CopyField>& fields, Chunk* chunk,
                                   size_t row) {
  const size_t columns = copy_.columns.size();
  // A separator behind the last column, as dbgen writes it, is accepted.
  const bool trailing =
      fields.size() == columns + 1 && fields.back().text.empty() && !fields.back().quoted;
  if (fields.size() > columns && !trailing) {
    return Error(sqlstate::kBadCopyFileFormat, "extra data after last expected column");
  }
  for (size_t i = 0; i < columns; ++i) {
    const uint32_t ordinal = copy_.columns[i];
    if (i >= fields.size()) {
      return Error(sqlstate::kBadCopyFileFormat, "missing data for column \"{}\"",
                   table_.columns[ordinal].name);
    }
    if (copy_.has_default_text && !fields[i].quoted && fields[i].text == copy_.default_text) {
      chunk->column(ordinal).SetValue(row, constant_default_[ordinal]);
      continue;
    }
    Status stored = StoreField(fields[i], ordinal, &chunk->column(ordinal), row);
    if (!stored.ok()) {
      constexpr size_t kShownBytes = 100;
      return std::move(stored)
          .WithColumn(table_.columns[ordinal].name)
          .WithDetail(fmt::format("column {}: \"{}\"", table_.columns[ordinal].name,
                                  fields[i].text.substr(0, kShownBytes)));
    }
  }
  return OkStatus();
}

Status CopyFromRunner::ParseBlock(CopyFromBlock* block) {
  exec::CopyRecordReader reader(&format_, block->text);
  std::vector<exec::CopyField> fields;
  Chunk chunk(types_);
  size_t rows = 0;
  bool header = block->first && copy_.header != sql::CopyHeader::kOff;
  // The whole text at once; only a text that fails is searched for the record to name.
  const Status encoding = ValidateUtf8(block->text);
  Status status;
  while (status.ok()) {
    Result<bool> more = reader.Next(&fields);
    if (!more.ok()) {
      status = more.status();
      break;
    }
    if (!*more) {
      status = encoding;
      break;
    }
    for (size_t i = 0; !encoding.ok() && status.ok() && i < fields.size(); ++i) {
      status = ValidateUtf8(fields[i].text);
    }
    if (!status.ok()) break;
    if (header) {
      header = false;
      status = CheckHeader(fields);
      continue;
    }
    status = ParseRecord(fields, &chunk, rows);
    if (!status.ok()) break;
    if (++rows == kVectorRows) {
      chunk.set_row_count(rows);
      block->chunks.push_back(std::move(chunk));
      chunk = Chunk(types_);
      rows = 0;
    }
  }
  if (!status.ok()) {
    block->error_line = reader.record_line();
    return status;
  }
  if (rows > 0) {
    chunk.set_row_count(rows);
    block->chunks.push_back(std::move(chunk));
  }
  block->lines = reader.lines();
  block->finished = reader.finished();
  block->text.clear();
  block->text.shrink_to_fit();
  return OkStatus();
}

Status CopyFromRunner::FillDefaults(Chunk* chunk) {
  for (size_t c = 0; c < table_.columns.size(); ++c) {
    if (listed_[c]) continue;
    if (!per_row_default_[c]) {
      chunk->column(c).SetConstant(constant_default_[c]);
      continue;
    }
    for (size_t row = 0; row < chunk->row_count(); ++row) {
      DRIFTDB_ASSIGN_OR_RETURN(const Value value,
                               expr::EvaluateConstant(*copy_.defaults[c], context_->eval));
      chunk->column(c).SetValue(row, value);
    }
  }
  return OkStatus();
}

Status CopyFromRunner::Accept(Chunk* chunk) {
  DRIFTDB_RETURN_IF_ERROR(FillDefaults(chunk));
  for (expr::CompiledExpr& where : where_) {
    auto passing = std::make_shared<Selection>();
    DRIFTDB_RETURN_IF_ERROR(where.Filter(*chunk, passing.get()));
    chunk->set_selection(std::move(passing));
  }
  if (chunk->size() == 0) return OkStatus();
  DRIFTDB_RETURN_IF_ERROR(constraints_.Check(*chunk));
  rows_ += static_cast<int64_t>(chunk->size());
  const Chunk stored = exec::ToStorageOrder(table_, *chunk);
  if (!bulk_allowed_) return InsertSmall(stored);
  for (size_t from = 0; from < stored.size();) {
    if (builders_.empty() || builders_.back()->full()) {
      if (spare_.empty()) {
        builders_.push_back(std::make_unique<storage::BulkAppender::Builder>(table_.data.get()));
      } else {
        builders_.push_back(std::move(spare_.back()));
        spare_.pop_back();
      }
    }
    DRIFTDB_ASSIGN_OR_RETURN(const size_t taken, builders_.back()->Append(stored, from));
    from += taken;
  }
  return OkStatus();
}

Status CopyFromRunner::InsertSmall(const Chunk& stored) {
  Chunk rows = stored;
  return writer_->Insert(&rows, nullptr);
}

// Encodes and writes the full groups, one per worker at a time.
Status CopyFromRunner::SealFull(bool all) {
  size_t full = builders_.size();
  while (full > 0 && !builders_[full - 1]->full()) --full;
  if (full == 0 || (!all && full < context_->threads)) return OkStatus();
  if (appender_ == nullptr) {
    appender_ = std::make_unique<storage::BulkAppender>(
        table_.data.get(),
        storage::WriteContext{context_->snapshot, connection_->transaction()->undo()});
  }
  const uint64_t first = groups_;
  DRIFTDB_RETURN_IF_ERROR(context_->tasks->Run(
      full, [&](size_t i) { return appender_->AddGroup(first + i, builders_[i].get()); }));
  groups_ += full;
  for (size_t i = 0; i < full; ++i) spare_.push_back(std::move(builders_[i]));
  builders_.erase(builders_.begin(), builders_.begin() + static_cast<ptrdiff_t>(full));
  return OkStatus();
}

Status CopyFromRunner::FinishBulk() {
  DRIFTDB_RETURN_IF_ERROR(SealFull(true));
  if (appender_ != nullptr) {
    DRIFTDB_ASSIGN_OR_RETURN(const std::vector<storage::GroupDescriptor> groups,
                             appender_->Finish());
    txn::Transaction* transaction = connection_->transaction();
    transaction->RequireMainSync();
    uint64_t first = UINT64_MAX;
    uint64_t last = 0;
    for (const storage::GroupDescriptor& group : groups) {
      txn::RedoWriter(transaction->redo()).AttachGroup(table_.storage, group.Encode());
      first = std::min(first, group.group);
      last = std::max(last, group.group);
    }
    for (const auto& index : table_.indexes) {
      DRIFTDB_RETURN_IF_ERROR(BuildIndexRange(connection_, context_, table_, *index,
                                              RowId(first << storage::kGroupBits),
                                              RowId((last + 1) << storage::kGroupBits)));
    }
    DRIFTDB_RETURN_IF_ERROR(transaction->MaybeFlushRedo());
  }
  for (const auto& builder : builders_) {
    for (const Chunk& chunk : builder->chunks()) DRIFTDB_RETURN_IF_ERROR(InsertSmall(chunk));
  }
  builders_.clear();
  return writer_->Finish();
}

Result<int64_t> CopyFromRunner::Run() {
  DRIFTDB_RETURN_IF_ERROR(Prepare());
  DRIFTDB_ASSIGN_OR_RETURN(CopyFromInput input,
                           CopyFromInput::Open(connection_, context_, copy_, &format_));
  uint64_t lines = 0;
  bool first = true;
  bool done = false;
  while (!done) {
    DRIFTDB_RETURN_IF_ERROR(context_->CheckCancel());
    std::vector<CopyFromBlock> blocks;
    while (blocks.size() < context_->threads && !done) {
      CopyFromBlock block;
      DRIFTDB_ASSIGN_OR_RETURN(block.text, input.NextBlock());
      if (block.text.empty()) {
        done = true;
        break;
      }
      block.first = first;
      first = false;
      blocks.push_back(std::move(block));
    }
    std::vector<Status> outcomes(blocks.size());
    DRIFTDB_RETURN_IF_ERROR(context_->tasks->Run(blocks.size(), [&](size_t i) {
      outcomes[i] = ParseBlock(&blocks[i]);
      return OkStatus();
    }));
    bool marked = false;  // the end-of-data mark: what follows is not read
    for (size_t i = 0; i < blocks.size() && !marked; ++i) {
      if (!outcomes[i].ok()) {
        const uint64_t line = lines + blocks[i].error_line + 1;
        std::string where = fmt::format("COPY {}, line {}", table_.name, line);
        if (!outcomes[i].error().detail.empty()) where += ", " + outcomes[i].error().detail;
        return std::move(outcomes[i]).WithDetail(where).WithTable(table_.name);
      }
      lines += blocks[i].lines;
      for (Chunk& chunk : blocks[i].chunks) DRIFTDB_RETURN_IF_ERROR(Accept(&chunk));
      marked = blocks[i].finished;
    }
    done |= marked;
    DRIFTDB_RETURN_IF_ERROR(SealFull(false));
  }
  DRIFTDB_RETURN_IF_ERROR(FinishBulk());
  return rows_;
}

}  // namespace

Result<int64_t> CopyFrom(Connection* connection, exec::QueryContext* context,
                         const sql::BoundCopy& copy) {
  return CopyFromRunner(connection, context, copy).Run();
}

}  // namespace driftdb::api
