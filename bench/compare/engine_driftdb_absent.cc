// Takes the place of engine_driftdb.cc in a build whose library has no API folder yet.
#include "base/error.h"
#include "compare/engine.h"

namespace driftdb::compare {

Result<std::unique_ptr<Engine>> OpenDriftdb(const EngineOptions& options) {
  return Error(sqlstate::kFeatureNotSupported, "driftdb: no interface in this build for {}",
               options.path);
}

}  // namespace driftdb::compare
