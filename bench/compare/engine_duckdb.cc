// DuckDB adapter over libduckdb's C API. Settings: the library's defaults, apart from the number of
// threads when the run fixes it for every engine.
#include <cmath>
#include <cstdio>

#include "base/error.h"
#include "base/int128.h"
#include "base/status_macros.h"
#include "compare/duckdb_library.h"
#include "compare/engine.h"

namespace driftdb::compare {
namespace {

// One materialised result: read chunk by chunk, row by row.
class DuckdbCursor {
 public:
  explicit DuckdbCursor(const DuckdbLibrary& duck) : duck_(duck) {}
  ~DuckdbCursor() { Clear(); }
  DuckdbCursor(const DuckdbCursor&) = delete;
  DuckdbCursor& operator=(const DuckdbCursor&) = delete;

  DuckResult* result() { return &result_; }
  bool open() const { return open_; }
  void Open() { open_ = true; }

  bool Next() {
    if (chunk_ != nullptr && ++row_ < rows_) {
      return true;
    }
    DropChunk();
    while ((chunk_ = duck_.fetch_chunk(result_)) != nullptr) {
      rows_ = duck_.data_chunk_get_size(chunk_);
      row_ = 0;
      if (rows_ > 0) {
        return true;
      }
      DropChunk();
    }
    return false;
  }

  void Clear() {
    DropChunk();
    if (open_) {
      duck_.destroy_result(&result_);
      open_ = false;
    }
  }

  bool IsNull(int column) {
    const uint64_t* validity = duck_.vector_get_validity(Vector(column));
    return validity != nullptr && ((validity[row_ / 64] >> (row_ % 64)) & 1) == 0;
  }
  int Type(int column) { return duck_.column_type(&result_, static_cast<uint64_t>(column)); }

  template <typename T>
  T Value(int column) {
    return static_cast<const T*>(duck_.vector_get_data(Vector(column)))[row_];
  }
  // The integer in a column of an integer type, or the unscaled one of a decimal.
  int128_t Integer(int column, int type) {
    switch (type) {
      case kDuckBoolean:
      case kDuckTinyint:
        return Value<int8_t>(column);
      case kDuckSmallint:
        return Value<int16_t>(column);
      case kDuckInteger:
      case kDuckDate:
        return Value<int32_t>(column);
      case kDuckHugeint: {
        const auto huge = Value<DuckHugeint>(column);
        return static_cast<int128_t>(static_cast<uint128_t>(huge.upper) << 64 | huge.lower);
      }
      default:
        return Value<int64_t>(column);
    }
  }
  std::string_view String(int column) {
    const auto* strings = static_cast<const DuckString*>(duck_.vector_get_data(Vector(column)));
    const DuckString& string = strings[row_];
    return {string.length <= 12 ? string.prefix : string.pointer, string.length};
  }
  // The scale of a decimal column; *storage receives the type of the unscaled integers.
  int DecimalScale(int column, int* storage) {
    DuckRef type = duck_.column_logical_type(&result_, static_cast<uint64_t>(column));
    const int scale = duck_.decimal_scale(type);
    *storage = duck_.decimal_internal_type(type);
    duck_.destroy_logical_type(&type);
    return scale;
  }

 private:
  DuckRef Vector(int column) {
    return duck_.data_chunk_get_vector(chunk_, static_cast<uint64_t>(column));
  }
  void DropChunk() {
    if (chunk_ != nullptr) {
      duck_.destroy_data_chunk(&chunk_);
      chunk_ = nullptr;
    }
  }

  const DuckdbLibrary& duck_;
  DuckResult result_{};
  DuckRef chunk_ = nullptr;
  uint64_t row_ = 0;
  uint64_t rows_ = 0;
  bool open_ = false;
};

std::string DigitsWithPoint(int128_t value, int scale) {
  const bool negative = value < 0;
  uint128_t rest =
      negative ? uint128_t{0} - static_cast<uint128_t>(value) : static_cast<uint128_t>(value);
  std::string digits;
  while (rest > 0 || static_cast<int>(digits.size()) <= scale) {
    digits.insert(digits.begin(), static_cast<char>('0' + static_cast<int>(rest % 10)));
    rest /= 10;
  }
  if (scale > 0) {
    digits.insert(digits.size() - static_cast<size_t>(scale), 1, '.');
  }
  return negative ? "-" + digits : digits;
}

// Days since 1970-01-01 to YYYY-MM-DD (Hinnant, "chrono-compatible low-level date algorithms").
std::string DateText(int64_t days) {
  days += 719468;
  const int64_t era = days / 146097;
  const int64_t day_of_era = days - era * 146097;
  const int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t shifted_month = (5 * day_of_year + 2) / 153;
  const int64_t month = shifted_month + (shifted_month < 10 ? 3 : -9);
  const int64_t year = year_of_era + era * 400 + (month <= 2 ? 1 : 0);
  return fmt::format("{:04}-{:02}-{:02}", year, month,
                     day_of_year - (153 * shifted_month + 2) / 5 + 1);
}

class DuckdbStatement final : public Statement {
 public:
  DuckdbStatement(const DuckdbLibrary& duck, DuckRef statement)
      : duck_(duck), statement_(statement), cursor_(duck) {}
  ~DuckdbStatement() override {
    cursor_.Clear();
    duck_.destroy_prepare(&statement_);
  }

  Status BindInt64(int parameter, int64_t value) override {
    return Check(duck_.bind_int64(statement_, static_cast<uint64_t>(parameter), value));
  }
  Status BindDouble(int parameter, double value) override {
    return Check(duck_.bind_double(statement_, static_cast<uint64_t>(parameter), value));
  }
  Status BindText(int parameter, std::string_view value) override {
    return Check(duck_.bind_varchar_length(statement_, static_cast<uint64_t>(parameter),
                                           value.data(), value.size()));
  }
  Result<bool> Step() override {
    if (!cursor_.open()) {
      cursor_.Open();
      if (duck_.execute_prepared(statement_, cursor_.result()) != kDuckSuccess) {
        Status error = InternalError("duckdb: {}", duck_.result_error(cursor_.result()));
        cursor_.Clear();
        return error;
      }
    }
    if (cursor_.Next()) {
      return true;
    }
    columns_ = static_cast<int>(duck_.column_count(cursor_.result()));
    cursor_.Clear();
    return false;
  }
  Status Reset() override {
    cursor_.Clear();
    return OkStatus();
  }

  int columns() override {
    return cursor_.open() ? static_cast<int>(duck_.column_count(cursor_.result())) : columns_;
  }
  bool IsNull(int column) override { return cursor_.IsNull(column); }
  int64_t Int64(int column) override {
    return static_cast<int64_t>(cursor_.Integer(column, cursor_.Type(column)));
  }
  double Double(int column) override {
    const int type = cursor_.Type(column);
    if (type == kDuckDouble) {
      return cursor_.Value<double>(column);
    }
    int storage = type;
    const int scale = type == kDuckDecimal ? cursor_.DecimalScale(column, &storage) : 0;
    return static_cast<double>(cursor_.Integer(column, storage)) / std::pow(10.0, scale);
  }
  std::string Text(int column) override {
    const int type = cursor_.Type(column);
    switch (type) {
      case kDuckVarchar:
        return std::string(cursor_.String(column));
      case kDuckFloat:
        return fmt::format("{}", cursor_.Value<float>(column));
      case kDuckDouble:
        return fmt::format("{}", cursor_.Value<double>(column));
      case kDuckDate:
        return DateText(cursor_.Value<int32_t>(column));
      case kDuckDecimal: {
        int storage = 0;
        const int scale = cursor_.DecimalScale(column, &storage);
        return DigitsWithPoint(cursor_.Integer(column, storage), scale);
      }
      default:
        return DigitsWithPoint(cursor_.Integer(column, type), 0);
    }
  }

 private:
  Status Check(int state) {
    return state == kDuckSuccess
               ? OkStatus()
               : InternalError("duckdb: bind: {}", duck_.prepare_error(statement_));
  }

  const DuckdbLibrary& duck_;
  DuckRef statement_;
  DuckdbCursor cursor_;
  int columns_ = 0;
};

class DuckdbConnection final : public Connection {
 public:
  DuckdbConnection(const DuckdbLibrary& duck, DuckRef connection)
      : duck_(duck), connection_(connection) {}
  ~DuckdbConnection() override { duck_.disconnect(&connection_); }

  Status Exec(const std::string& sql) override {
    DuckResult result{};
    Status status;
    if (duck_.query(connection_, sql.c_str(), &result) != kDuckSuccess) {
      status = InternalError("duckdb: {}", duck_.result_error(&result));
    }
    duck_.destroy_result(&result);
    return status;
  }
  Result<std::unique_ptr<Statement>> Prepare(const std::string& sql) override {
    DuckRef statement = nullptr;
    if (duck_.prepare(connection_, sql.c_str(), &statement) != kDuckSuccess) {
      Status error = InternalError("duckdb: {}", duck_.prepare_error(statement));
      duck_.destroy_prepare(&statement);
      return error;
    }
    return std::unique_ptr<Statement>(std::make_unique<DuckdbStatement>(duck_, statement));
  }
  Status LoadFile(const std::string& table, const std::string& path) override {
    return Exec("COPY " + table + " FROM '" + path + "' (FORMAT csv, DELIMITER '|', HEADER false)");
  }

 private:
  const DuckdbLibrary& duck_;
  DuckRef connection_;
};

class DuckdbEngine final : public Engine {
 public:
  DuckdbEngine(const DuckdbLibrary& duck, DuckRef database) : duck_(duck), database_(database) {}
  ~DuckdbEngine() override { duck_.close(&database_); }

  Result<std::unique_ptr<Connection>> Connect() override {
    DuckRef connection = nullptr;
    if (duck_.connect(database_, &connection) != kDuckSuccess) {
      return InternalError("duckdb: connecting failed");
    }
    return std::unique_ptr<Connection>(std::make_unique<DuckdbConnection>(duck_, connection));
  }
  Status Close() override {
    duck_.close(&database_);
    return OkStatus();
  }
  std::string Version() override { return duck_.library_version(); }

 private:
  const DuckdbLibrary& duck_;
  DuckRef database_;
};

}  // namespace

Result<std::unique_ptr<Engine>> OpenDuckdb(const EngineOptions& options) {
  DRIFTDB_ASSIGN_OR_RETURN(const DuckdbLibrary* duck, DuckdbLibrary::Load(options.duckdb_library));
  DuckRef config = nullptr;
  if (duck->create_config(&config) != kDuckSuccess) {
    return InternalError("duckdb: no memory for a configuration");
  }
  if (options.threads > 0) {
    duck->set_config(config, "threads", std::to_string(options.threads).c_str());
  }
  DuckRef database = nullptr;
  char* message = nullptr;
  const int state = duck->open_ext(options.path.c_str(), &database, config, &message);
  duck->destroy_config(&config);
  if (state != kDuckSuccess) {
    Status error = InternalError("duckdb: {}", message == nullptr ? "open failed" : message);
    duck->free(message);
    return error;
  }
  return std::unique_ptr<Engine>(std::make_unique<DuckdbEngine>(*duck, database));
}

}  // namespace driftdb::compare
