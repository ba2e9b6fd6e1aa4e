// Session: who a connection is and how it is set up; given to every layer instead of any global
// state (operations.md section 6, item 9). Shape: authenticated role (who logged in), session role
// (SET SESSION AUTHORIZATION), current role (SET ROLE; what privileges are judged by); settings;
// the flag that cancels the running statement. Threads: one owner, except `cancel`, which anyone
// may set.
#ifndef DRIFTDB_SECURITY_SESSION_H_
#define DRIFTDB_SECURITY_SESSION_H_

#include <atomic>
#include <cstdint>
#include <string>

#include "security/settings.h"
#include "types/ids.h"

namespace driftdb::security {

struct Session {
  Oid authenticated_role;
  Oid session_role;
  Oid current_role;
  bool locked = false;  // no SET ROLE upward, no files; for untrusted SQL
  Settings settings;
  std::atomic<bool> cancel{false};
  uint64_t id = 0;             // of the connection within the database
  uint64_t request_id = 0;     // of the running statement, for errors and logs
  std::string client_address;  // empty: in process
};

}  // namespace driftdb::security

#endif  // DRIFTDB_SECURITY_SESSION_H_
