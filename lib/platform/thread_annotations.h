// Clang thread-safety attributes under DriftDB's names; nothing on other compilers.
// Lives in platform/ because only its wrappers (mutex.h) are capabilities (C28).
#ifndef DRIFTDB_PLATFORM_THREAD_ANNOTATIONS_H_
#define DRIFTDB_PLATFORM_THREAD_ANNOTATIONS_H_

#if defined(__clang__)
#define DRIFTDB_THREAD_ATTRIBUTE(x) __attribute__((x))
#else
#define DRIFTDB_THREAD_ATTRIBUTE(x)
#endif

#define DRIFTDB_CAPABILITY(name) DRIFTDB_THREAD_ATTRIBUTE(capability(name))
#define DRIFTDB_SCOPED_CAPABILITY DRIFTDB_THREAD_ATTRIBUTE(scoped_lockable)
#define DRIFTDB_GUARDED_BY(mutex) DRIFTDB_THREAD_ATTRIBUTE(guarded_by(mutex))
#define DRIFTDB_PT_GUARDED_BY(mutex) DRIFTDB_THREAD_ATTRIBUTE(pt_guarded_by(mutex))
#define DRIFTDB_REQUIRES(...) DRIFTDB_THREAD_ATTRIBUTE(requires_capability(__VA_ARGS__))
#define DRIFTDB_REQUIRES_SHARED(...) \
  DRIFTDB_THREAD_ATTRIBUTE(requires_shared_capability(__VA_ARGS__))
#define DRIFTDB_EXCLUDES(...) DRIFTDB_THREAD_ATTRIBUTE(locks_excluded(__VA_ARGS__))
#define DRIFTDB_ACQUIRE(...) DRIFTDB_THREAD_ATTRIBUTE(acquire_capability(__VA_ARGS__))
#define DRIFTDB_ACQUIRE_SHARED(...) DRIFTDB_THREAD_ATTRIBUTE(acquire_shared_capability(__VA_ARGS__))
#define DRIFTDB_RELEASE(...) DRIFTDB_THREAD_ATTRIBUTE(release_capability(__VA_ARGS__))
#define DRIFTDB_RELEASE_SHARED(...) DRIFTDB_THREAD_ATTRIBUTE(release_shared_capability(__VA_ARGS__))
#define DRIFTDB_TRY_ACQUIRE(...) DRIFTDB_THREAD_ATTRIBUTE(try_acquire_capability(__VA_ARGS__))
#define DRIFTDB_NO_THREAD_SAFETY_ANALYSIS DRIFTDB_THREAD_ATTRIBUTE(no_thread_safety_analysis)

#endif  // DRIFTDB_PLATFORM_THREAD_ANNOTATIONS_H_
