#include <memory>

#include "api/copy.h"
#include "api/database.h"
#include "base/error.h"
#include "base/status_macros.h"
#include "exec/copy/copy_format.h"
#include "exec/executor.h"
#include "types/text_format.h"

namespace driftdb::api {

namespace {

constexpr size_t kCopyToBufferBytes = 1 << 20;

// Where COPY TO writes: a file or the client.
class CopyToOutput {
 public:
  static Result<CopyToOutput> Open(Connection* connection, exec::QueryContext* context,
                                   const sql::BoundCopy& copy) {
    CopyToOutput output;
    if (copy.endpoint == sql::CopyEndpoint::kFile) {
      platform::OpenOptions options;
      options.mode = platform::OpenMode::kTruncate;
      DRIFTDB_ASSIGN_OR_RETURN(output.file_, context->vfs->Open(copy.file, options));
    } else if (copy.endpoint == sql::CopyEndpoint::kStdout) {
      if (!connection->copy_writer) {
        return Error(sqlstate::kObjectNotInState, "COPY TO STDOUT needs a client that reads it");
      }
      output.writer_ = &connection->copy_writer;
    } else {
      return Error(sqlstate::kFeatureNotSupported, "COPY TO PROGRAM is not supported");
    }
    return output;
  }

  Status Write(std::string* buffer) {
    if (file_ != nullptr) {
      DRIFTDB_RETURN_IF_ERROR(file_->WriteAt(offset_, buffer->data(), buffer->size()));
      offset_ += buffer->size();
    } else if (!(*writer_)(*buffer)) {
      return Error(sqlstate::kQueryCanceled, "COPY was stopped by the client");
    }
    buffer->clear();
    return OkStatus();
  }
  Status Close() { return file_ == nullptr ? OkStatus() : file_->Sync(); }

 private:
  std::unique_ptr<platform::File> file_;
  uint64_t offset_ = 0;
  const CopyWriter* writer_ = nullptr;
};

void CopyToHeader(const exec::CopyFormat& format, const sql::PhysicalPlan& plan,
                  std::string* buffer) {
  for (size_t c = 0; c < plan.output.size(); ++c) {
    if (c > 0) *buffer += format.delimiter;
    exec::AppendCopyField(format, plan.output[c].name, false, false, plan.output.size() == 1,
                          buffer);
  }
  *buffer += '\n';
}

}  // namespace

Result<int64_t> CopyTo(Connection* connection, exec::QueryContext* context,
                       const sql::BoundCopy& copy, const sql::PhysicalPlan& plan) {
  exec::CopyFormat format;
  format.csv = copy.format == sql::BoundCopyFormat::kCsv;
  format.delimiter = copy.delimiter;
  format.quote = copy.quote;
  format.escape = copy.escape;
  format.null_text = copy.null_text;
  DRIFTDB_ASSIGN_OR_RETURN(CopyToOutput output, CopyToOutput::Open(connection, context, copy));
  for (uint32_t i = 0; i < plan.node_count; ++i) {
    context->counters.push_back(std::make_unique<exec::NodeCounters>());
  }
  exec::Executor executor(context, &plan);
  DRIFTDB_RETURN_IF_ERROR(executor.Open());
  std::string buffer;
  if (copy.header != sql::CopyHeader::kOff) CopyToHeader(format, plan, &buffer);
  int64_t rows = 0;
  std::string text;
  while (true) {
    DRIFTDB_ASSIGN_OR_RETURN(Chunk* const chunk, executor.Next());
    if (chunk == nullptr) break;
    std::vector<VectorView> views;
    for (Vector& column : chunk->columns()) views.push_back(column.View(chunk->row_count()));
    for (size_t i = 0; i < chunk->size(); ++i) {
      const size_t row = chunk->row(i);
      for (size_t c = 0; c < views.size(); ++c) {
        if (c > 0) buffer += format.delimiter;
        const bool null = !views[c].valid(row);
        text.clear();
        const LogicalType& type = chunk->column(c).type();
        if (!null) {
          FormatValue(type, views[c].data + views[c].position(row) * type.width(), &text);
        }
        const bool force = c < copy.force_quote.size() && copy.force_quote[c];
        exec::AppendCopyField(format, text, null, force && !null, views.size() == 1, &buffer);
      }
      buffer += '\n';
    }
    rows += static_cast<int64_t>(chunk->size());
    if (buffer.size() >= kCopyToBufferBytes) DRIFTDB_RETURN_IF_ERROR(output.Write(&buffer));
  }
  if (!buffer.empty()) DRIFTDB_RETURN_IF_ERROR(output.Write(&buffer));
  DRIFTDB_RETURN_IF_ERROR(output.Close());
  return rows;
}

}  // namespace driftdb::api
