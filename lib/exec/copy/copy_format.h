// CopyFormat: PostgreSQL's text and CSV forms of rows: finding record ends, splitting fields,
// writing fields. Shape: a block is a byte range of whole records. Splitting yields fields in place
// where possible; unquoted ones into the scratch string. NULL is a field equal to null_text that
// was not quoted. Threads: immutable; scratch is the caller's.
#ifndef DRIFTDB_EXEC_COPY_COPY_FORMAT_H_
#define DRIFTDB_EXEC_COPY_COPY_FORMAT_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace driftdb::exec {

struct CopyFormat {
  bool csv = false;
  char delimiter = '\t';
  char quote = '"';
  char escape = '"';
  std::string null_text = "\\N";

  // End (past the line end) of the last whole record in `bytes`, or 0 when there is none. *lines:
  // line ends seen in it. `bytes` begins at a record's start.
  size_t LastRecordEnd(std::string_view bytes) const;
};

struct CopyField {
  std::string_view text;
  bool quoted = false;
};

// Walks over the records of a block.
class CopyRecordReader {
 public:
  CopyRecordReader(const CopyFormat* format, std::string_view block)
      : format_(format), next_(block.data()), end_(block.data() + block.size()) {}
  // Reads one record; false at the end, or at the end-of-data mark \. (then `finished`). Fields
  // stay valid until the next call. Errors: 22P04 (unterminated quote, a bare carriage return).
  Result<bool> Next(std::vector<CopyField>* fields);
  // Line, counted from 0 within the block, on which the last record began.
  uint64_t record_line() const { return record_line_; }
  uint64_t lines() const { return line_; }
  bool finished() const { return finished_; }
  std::string_view record() const { return record_; }

 private:
  Status CsvField(CopyField* field, bool* last);
  Status TextField(CopyField* field, bool* last);
  void EndLine();

  const CopyFormat* const format_;
  const char* next_;
  const char* end_;
  uint64_t line_ = 0;
  uint64_t record_line_ = 0;
  bool finished_ = false;
  std::string_view record_;
  std::vector<std::string> scratch_;  // one per unescaped field of the record
  size_t scratch_used_ = 0;
};

// Appends one field as it stands in a file; `null` writes null_text.
void AppendCopyField(const CopyFormat& format, std::string_view text, bool null, bool force_quote,
                     bool only_field, std::string* out);

}  // namespace driftdb::exec

#endif  // DRIFTDB_EXEC_COPY_COPY_FORMAT_H_
