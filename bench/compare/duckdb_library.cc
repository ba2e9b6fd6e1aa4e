#include "compare/duckdb_library.h"

#include <dlfcn.h>

#include "base/error.h"
#include "base/status_macros.h"

namespace driftdb::compare {
namespace {

template <typename Function>
Status FindDuckdbFunction(void* library, const char* name, Function* function) {
  void* symbol = dlsym(library, name);
  if (symbol == nullptr) {
    return Error(sqlstate::kUndefinedFile, "duckdb: the library has no function {}", name);
  }
  *function = reinterpret_cast<Function>(symbol);
  return OkStatus();
}

Status FillDuckdbTable(void* library, DuckdbLibrary* table) {
#define DUCKDB_FUNCTION(name) \
  DRIFTDB_RETURN_IF_ERROR(FindDuckdbFunction(library, "duckdb_" #name, &table->name))
  DUCKDB_FUNCTION(open_ext);
  DUCKDB_FUNCTION(close);
  DUCKDB_FUNCTION(connect);
  DUCKDB_FUNCTION(disconnect);
  DUCKDB_FUNCTION(library_version);
  DUCKDB_FUNCTION(create_config);
  DUCKDB_FUNCTION(set_config);
  DUCKDB_FUNCTION(destroy_config);
  DUCKDB_FUNCTION(free);
  DUCKDB_FUNCTION(query);
  DUCKDB_FUNCTION(prepare);
  DUCKDB_FUNCTION(prepare_error);
  DUCKDB_FUNCTION(destroy_prepare);
  DUCKDB_FUNCTION(bind_int64);
  DUCKDB_FUNCTION(bind_double);
  DUCKDB_FUNCTION(bind_varchar_length);
  DUCKDB_FUNCTION(execute_prepared);
  DUCKDB_FUNCTION(result_error);
  DUCKDB_FUNCTION(destroy_result);
  DUCKDB_FUNCTION(column_count);
  DUCKDB_FUNCTION(column_type);
  DUCKDB_FUNCTION(column_logical_type);
  DUCKDB_FUNCTION(decimal_scale);
  DUCKDB_FUNCTION(decimal_internal_type);
  DUCKDB_FUNCTION(destroy_logical_type);
  DUCKDB_FUNCTION(fetch_chunk);
  DUCKDB_FUNCTION(destroy_data_chunk);
  DUCKDB_FUNCTION(data_chunk_get_size);
  DUCKDB_FUNCTION(data_chunk_get_vector);
  DUCKDB_FUNCTION(vector_get_data);
  DUCKDB_FUNCTION(vector_get_validity);
#undef DUCKDB_FUNCTION
  return OkStatus();
}

}  // namespace

Result<const DuckdbLibrary*> DuckdbLibrary::Load(const std::string& path) {
  static DuckdbLibrary table;
  static bool loaded = false;
  if (!loaded) {
    void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) {
      return Error(sqlstate::kUndefinedFile, "duckdb: {}", dlerror());
    }
    DRIFTDB_RETURN_IF_ERROR(FillDuckdbTable(library, &table));
    loaded = true;
  }
  return static_cast<const DuckdbLibrary*>(&table);
}

}  // namespace driftdb::compare
