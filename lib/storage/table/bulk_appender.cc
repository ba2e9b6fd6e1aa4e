#include "storage/table/bulk_appender.h"

#include <algorithm>

#include "base/check.h"
#include "base/status_macros.h"
#include "storage/column/segment_writer.h"
#include "storage/table/group_writer.h"
#include "storage/table/sealed_group.h"

namespace driftdb::storage {

struct BulkAppender::Builder::State {
  Table* table = nullptr;
  size_t bytes_max = 0;
  std::vector<Chunk> pieces;  // without selection, columns by ordinal
  size_t taken = 0;           // pieces that were moved out
  uint32_t rows = 0;
  MemoryReservation memory;
};

namespace {

size_t BuilderPieceBytes(const Chunk& piece) {
  size_t row_bytes = 0;
  for (const Vector& column : piece.columns()) row_bytes += column.type().width();
  return std::max(piece.MemoryBytes(), piece.row_count() * row_bytes);
}

}  // namespace

BulkAppender::Builder::Builder(Table* table, size_t bytes_max) : state_(std::make_unique<State>()) {
  state_->table = table;
  state_->bytes_max = bytes_max;
  state_->memory = MemoryReservation(table->environment().memory, "bulk load");
}

BulkAppender::Builder::~Builder() = default;

uint32_t BulkAppender::Builder::row_count() const { return state_->rows; }

bool BulkAppender::Builder::full() const {
  return state_->rows == kGroupRows || state_->memory.bytes() >= state_->bytes_max;
}

bool BulkAppender::Builder::TakeChunk(Chunk* rows) {
  State& state = *state_;
  if (state.taken == state.pieces.size()) {
    Clear();
    return false;
  }
  *rows = std::move(state.pieces[state.taken++]);
  state.rows -= static_cast<uint32_t>(rows->row_count());
  (void)state.memory.Resize(state.memory.bytes() - BuilderPieceBytes(*rows));  // cannot fail
  return true;
}

void BulkAppender::Builder::Clear() {
  state_->pieces.clear();
  state_->taken = 0;
  state_->rows = 0;
  state_->memory.ReleaseAll();
}

Result<size_t> BulkAppender::Builder::Append(const Chunk& rows, size_t from) {
  DRIFTDB_DCHECK(from <= rows.size());
  if (full()) return size_t{0};
  const size_t taken = std::min(rows.size() - from, size_t{kGroupRows} - state_->rows);
  if (taken == 0) return taken;
  Chunk piece = rows;  // shares the memory
  if (from > 0 || taken < rows.size() || rows.selection() != nullptr) {
    auto selection = std::make_shared<Selection>();
    for (size_t i = 0; i < taken; ++i) selection->Append(rows.row(from + i));
    piece.set_selection(std::move(selection));
    piece.Compact();
  }
  DRIFTDB_RETURN_IF_ERROR(state_->memory.Grow(BuilderPieceBytes(piece)));
  state_->pieces.push_back(std::move(piece));
  state_->rows += static_cast<uint32_t>(taken);
  return taken;
}

BulkAppender::BulkAppender(Table* table, const WriteContext& context)
    : table_(table), context_(context) {}

BulkAppender::~BulkAppender() { Abort(); }

Status BulkAppender::AddGroup(uint64_t position, Builder* builder) {
  DRIFTDB_DCHECK(builder->row_count() > 0);
  GroupWriter writer(*table_->schema(), table_->environment());
  for (size_t c = 0; c < writer.column_count(); ++c) {
    for (const Chunk& piece : builder->state_->pieces) {
      if (c < piece.column_count()) {
        writer.Append(c, piece.column(c), piece.row_count());
      } else {
        writer.AppendMissing(c, piece.row_count());
      }
    }
    DRIFTDB_RETURN_IF_ERROR(writer.FinishColumn(c));
  }
  GroupDescriptor descriptor = writer.Finish();
  descriptor.rows = builder->row_count();
  builder->Clear();
  platform::MutexLock lock(&mutex_);
  pending_.push_back({position, std::move(descriptor)});
  return OkStatus();
}

Result<std::vector<GroupDescriptor>> BulkAppender::Finish() {
  platform::MutexLock lock(&mutex_);
  std::sort(pending_.begin(), pending_.end(),
            [](const Pending& a, const Pending& b) { return a.position < b.position; });
  DRIFTDB_RETURN_IF_ERROR(context_.undo->Reserve(pending_.size() * UndoLog::RecordBytes(0)));
  DRIFTDB_ASSIGN_OR_RETURN(uint64_t group, table_->ReserveGroups(pending_.size()));
  std::vector<GroupDescriptor> descriptors;
  for (Pending& pending : pending_) {
    pending.descriptor.group = group++;
    UndoRecord* record = context_.undo->Append(UndoKind::kInsert, table_, 0);
    record->rid = RowId(pending.descriptor.group << kGroupBits);
    record->rows = pending.descriptor.rows;
    record->whole_group = true;
    record->statement = context_.snapshot.statement;
    descriptors.push_back(pending.descriptor);
    table_->AttachGroup(std::move(pending.descriptor), VersionWord::Written(context_.snapshot.txn),
                        record);
  }
  pending_.clear();
  return descriptors;
}

void BulkAppender::Abort() {
  platform::MutexLock lock(&mutex_);
  for (const Pending& pending : pending_) {
    for (const ExtentRef& extent : pending.descriptor.Extents()) {
      table_->environment().extents->Release(extent, true);
    }
  }
  pending_.clear();
}

}  // namespace driftdb::storage
