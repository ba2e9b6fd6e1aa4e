// Virtual memory: large address ranges reserved without memory, whose pages come and go (buffer
// pool frames, C19). Threads: safe for disjoint ranges.
#ifndef DRIFTDB_PLATFORM_VIRTUAL_MEMORY_H_
#define DRIFTDB_PLATFORM_VIRTUAL_MEMORY_H_

#include <cstddef>

#include "base/status.h"

namespace driftdb::platform {

inline constexpr size_t kMemoryPageBytes = 4096;

// Reserves `bytes` (a multiple of kMemoryPageBytes) of readable and writable addresses. Memory
// appears page by page at the first touch. Errors: 53200.
Result<char*> ReserveAddresses(size_t bytes);
// Gives the memory of [start, start + bytes) back; the addresses stay and read as zeros when
// touched.
void DiscardPages(char* start, size_t bytes);
void ReleaseAddresses(char* start, size_t bytes);

inline constexpr size_t kHugePageBytes = 2 << 20;
// Asks for huge pages behind [start, start + bytes): fewer page faults and TLB misses for tables
// that are touched at random. A hint; no effect where the system has none.
void AdviseHugePages(void* start, size_t bytes);

}  // namespace driftdb::platform

#endif  // DRIFTDB_PLATFORM_VIRTUAL_MEMORY_H_
