// Results in one of the output modes.
// Shape: Begin, Row for each row, then End; a statement that fails in the middle gets no End. Modes
// that need no widths write as rows come; the others keep all rows (pretty mode only those it
// shows).
#ifndef DRIFTDB_EXAMPLES_SHELL_RESULT_WRITER_H_
#define DRIFTDB_EXAMPLES_SHELL_RESULT_WRITER_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "driftdb/driftdb.h"

#include "settings.h"

namespace shell {

struct Column {
  std::string name;
  std::string type_name;
  driftdb_type type = DRIFTDB_TYPE_TEXT;

  bool is_number() const { return type >= DRIFTDB_TYPE_INT16 && type <= DRIFTDB_TYPE_DECIMAL; }
};

struct Cell {
  std::string_view text;
  bool null = false;
};

class ResultWriter {
 public:
  virtual ~ResultWriter() = default;
  virtual void Begin(const std::vector<Column>& columns) = 0;
  virtual void Row(const std::vector<Cell>& cells) = 0;
  virtual void End() = 0;
};

// The writer keeps references to both.
std::unique_ptr<ResultWriter> MakeResultWriter(const Settings& settings, Output* output);

// The modes of stream_writers.cc and table_writer.cc.
std::unique_ptr<ResultWriter> MakeStreamWriter(const Settings& settings, Output* output);
std::unique_ptr<ResultWriter> MakeTableWriter(const Settings& settings, Output* output);

// 'it''s', for the modes quote and insert and for generated SQL.
std::string SqlString(std::string_view text);
// The name as SQL needs it: quoted unless it is a lower-case word that is no keyword.
std::string SqlName(std::string_view name);
// A value as an SQL literal that its type accepts.
void AppendSqlLiteral(const Column& column, const Cell& cell, std::string* out);

}  // namespace shell

#endif  // DRIFTDB_EXAMPLES_SHELL_RESULT_WRITER_H_
