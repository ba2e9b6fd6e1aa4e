// What the process may use of the machine's memory.
#ifndef DRIFTDB_PLATFORM_MEMORY_INFO_H_
#define DRIFTDB_PLATFORM_MEMORY_INFO_H_

#include <cstdint>

namespace driftdb::platform {

// Physical memory, or the limit of the control group the process runs in when that is smaller.
uint64_t AvailableMemoryBytes();

}  // namespace driftdb::platform

#endif  // DRIFTDB_PLATFORM_MEMORY_INFO_H_
