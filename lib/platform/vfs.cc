#include "platform/vfs.h"

#include "base/error.h"
#include "base/status_macros.h"

namespace driftdb::platform {

Status File::ReadExactlyAt(uint64_t offset, void* to, size_t size) {
  DRIFTDB_ASSIGN_OR_RETURN(const size_t got, ReadAt(offset, to, size));
  if (got != size) {
    return DataLossError("file \"{}\" ends at byte {}, needed {} bytes at {}", path(), offset + got,
                         size, offset);
  }
  return OkStatus();
}

}  // namespace driftdb::platform
