// The few functions of DuckDB's C API that the adapter needs, looked up in a shared library.
//
// Shape: declarations by hand of version 1.5's stable C API; handles are opaque pointers. Only
// `chunk` based result access is used: it is the API's zero-copy path.
// Threads: Load() once; the table is read-only afterwards. The library is never unloaded.
// Errors: 58P01 when the library or one of its functions is missing.
#ifndef DRIFTDB_BENCH_COMPARE_DUCKDB_LIBRARY_H_
#define DRIFTDB_BENCH_COMPARE_DUCKDB_LIBRARY_H_

#include <cstdint>
#include <string>

#include "base/status.h"

namespace driftdb::compare {

struct DuckHandle;  // every opaque object
using DuckRef = DuckHandle*;

// Passed by value to some functions, so its size is part of the ABI.
struct DuckResult {
  uint64_t deprecated_column_count;
  uint64_t deprecated_row_count;
  uint64_t deprecated_rows_changed;
  void* deprecated_columns;
  char* deprecated_error_message;
  void* internal_data;
};
static_assert(sizeof(DuckResult) == 48);

// Strings of at most 12 bytes are inlined; longer ones have a 4-byte prefix, then a pointer.
struct DuckString {
  uint32_t length;
  char prefix[4];
  union {
    const char* pointer;
    char inlined_rest[8];
  };
};
static_assert(sizeof(DuckString) == 16);

struct DuckHugeint {
  uint64_t lower;
  int64_t upper;
};

enum DuckType : int {
  kDuckBoolean = 1,
  kDuckTinyint = 2,
  kDuckSmallint = 3,
  kDuckInteger = 4,
  kDuckBigint = 5,
  kDuckFloat = 10,
  kDuckDouble = 11,
  kDuckDate = 13,
  kDuckHugeint = 16,
  kDuckVarchar = 17,
  kDuckDecimal = 19,
};

constexpr int kDuckSuccess = 0;

struct DuckdbLibrary {
  int (*open_ext)(const char* path, DuckRef* database, DuckRef config, char** error);
  void (*close)(DuckRef* database);
  int (*connect)(DuckRef database, DuckRef* connection);
  void (*disconnect)(DuckRef* connection);
  const char* (*library_version)();
  int (*create_config)(DuckRef* config);
  int (*set_config)(DuckRef config, const char* name, const char* value);
  void (*destroy_config)(DuckRef* config);
  void (*free)(void* pointer);

  int (*query)(DuckRef connection, const char* sql, DuckResult* result);
  int (*prepare)(DuckRef connection, const char* sql, DuckRef* statement);
  const char* (*prepare_error)(DuckRef statement);
  void (*destroy_prepare)(DuckRef* statement);
  int (*bind_int64)(DuckRef statement, uint64_t index, int64_t value);
  int (*bind_double)(DuckRef statement, uint64_t index, double value);
  int (*bind_varchar_length)(DuckRef statement, uint64_t index, const char* value, uint64_t size);
  int (*execute_prepared)(DuckRef statement, DuckResult* result);

  const char* (*result_error)(DuckResult* result);
  void (*destroy_result)(DuckResult* result);
  uint64_t (*column_count)(DuckResult* result);
  int (*column_type)(DuckResult* result, uint64_t column);
  DuckRef (*column_logical_type)(DuckResult* result, uint64_t column);
  uint8_t (*decimal_scale)(DuckRef type);
  int (*decimal_internal_type)(DuckRef type);
  void (*destroy_logical_type)(DuckRef* type);
  DuckRef (*fetch_chunk)(DuckResult result);
  void (*destroy_data_chunk)(DuckRef* chunk);
  uint64_t (*data_chunk_get_size)(DuckRef chunk);
  DuckRef (*data_chunk_get_vector)(DuckRef chunk, uint64_t column);
  void* (*vector_get_data)(DuckRef vector);
  uint64_t* (*vector_get_validity)(DuckRef vector);

  // Loads the library on the first call; later calls return the same table.
  static Result<const DuckdbLibrary*> Load(const std::string& path);
};

}  // namespace driftdb::compare

#endif  // DRIFTDB_BENCH_COMPARE_DUCKDB_LIBRARY_H_
