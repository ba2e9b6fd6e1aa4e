// Modes that write each row as it comes: list, tabs, csv, ascii, quote, insert, line, json,
// jsonlines, html.
#include <algorithm>
#include <cstdio>

#include "result_writer.h"
#include "text_width.h"

namespace shell {
namespace {

// Written out when the buffer is this full, and at the end.
constexpr size_t kStreamBufferBytes = 64 * 1024;

class StreamWriter : public ResultWriter {
 public:
  StreamWriter(const Settings& settings, Output* output)
      : settings_(settings),
        separator_(settings.separator_text()),
        null_text_(settings.null_text()),
        output_(output) {}

  void Begin(const std::vector<Column>& columns) override {
    columns_ = columns;
    WriteHeader();
  }
  void Row(const std::vector<Cell>& cells) override {
    WriteRow(cells);
    ++rows_;
    if (buffer_.size() >= kStreamBufferBytes) Drain();
  }
  void End() override {
    WriteFooter();
    Drain();
  }
  // Rows before an error have been seen; they are not taken back.
  ~StreamWriter() override { Drain(); }

 protected:
  virtual void WriteHeader() {}
  virtual void WriteRow(const std::vector<Cell>& cells) = 0;
  virtual void WriteFooter() {}

  std::vector<Cell> HeaderCells() const {
    std::vector<Cell> cells;
    for (const Column& column : columns_) cells.push_back({column.name, false});
    return cells;
  }

  const Settings& settings_;
  const std::string separator_;
  const std::string null_text_;
  std::vector<Column> columns_;
  std::string buffer_;
  long long rows_ = 0;

 private:
  void Drain() {
    output_->Write(buffer_);
    buffer_.clear();
  }
  Output* output_;
};

// list, tabs, ascii and csv: values between separators.
class SeparatedWriter final : public StreamWriter {
 public:
  SeparatedWriter(const Settings& settings, Output* output)
      : StreamWriter(settings, output),
        csv_(settings.effective_mode() == Mode::kCsv),
        row_end_(settings.effective_mode() == Mode::kAscii ? "\x1e" : "\n") {}

 protected:
  void WriteHeader() override {
    if (settings_.header_on()) WriteRow(HeaderCells());
  }
  void WriteRow(const std::vector<Cell>& cells) override {
    for (size_t i = 0; i < cells.size(); ++i) {
      if (i > 0) buffer_ += separator_;
      if (cells[i].null) {
        buffer_ += null_text_;
      } else if (csv_) {
        AppendCsv(cells[i].text, cells.size() == 1);
      } else {
        buffer_ += cells[i].text;
      }
    }
    buffer_ += row_end_;
  }

 private:
  // RFC 4180, with line feeds only. A value that reads like NULL is quoted, so that COPY takes it
  // back; so is a lone empty value, whose line would be empty, and the end mark of COPY.
  void AppendCsv(std::string_view text, bool lone) {
    const bool special = text.find_first_of("\"\r\n") != std::string_view::npos ||
                         (!separator_.empty() && text.find(separator_) != std::string_view::npos);
    if (!special && text != null_text_ && !(lone && (text.empty() || text == "\\."))) {
      buffer_ += text;
      return;
    }
    buffer_ += '"';
    for (const char c : text) {
      if (c == '"') buffer_ += '"';
      buffer_ += c;
    }
    buffer_ += '"';
  }

  const bool csv_;
  const char* const row_end_;
};

class QuoteWriter final : public StreamWriter {
 public:
  using StreamWriter::StreamWriter;

 protected:
  void WriteHeader() override {
    if (!settings_.header_on()) return;
    for (size_t i = 0; i < columns_.size(); ++i) {
      if (i > 0) buffer_ += separator_;
      buffer_ += SqlString(columns_[i].name);
    }
    buffer_ += '\n';
  }
  void WriteRow(const std::vector<Cell>& cells) override {
    for (size_t i = 0; i < cells.size(); ++i) {
      if (i > 0) buffer_ += separator_;
      AppendSqlLiteral(columns_[i], cells[i], &buffer_);
    }
    buffer_ += '\n';
  }
};

class InsertWriter final : public StreamWriter {
 public:
  using StreamWriter::StreamWriter;

 protected:
  void WriteRow(const std::vector<Cell>& cells) override {
    buffer_ += "INSERT INTO " + settings_.insert_table;
    if (settings_.header_on()) {
      for (size_t i = 0; i < columns_.size(); ++i) {
        buffer_ += (i == 0 ? "(" : ",") + SqlName(columns_[i].name);
      }
      buffer_ += ')';
    }
    buffer_ += " VALUES(";
    for (size_t i = 0; i < cells.size(); ++i) {
      if (i > 0) buffer_ += ',';
      AppendSqlLiteral(columns_[i], cells[i], &buffer_);
    }
    buffer_ += ");\n";
  }
};

class LineWriter final : public StreamWriter {
 public:
  using StreamWriter::StreamWriter;

 protected:
  void WriteHeader() override {
    for (const Column& column : columns_) width_ = std::max(width_, DisplayWidth(column.name));
  }
  void WriteRow(const std::vector<Cell>& cells) override {
    if (rows_ > 0) buffer_ += '\n';
    for (size_t i = 0; i < cells.size(); ++i) {
      AppendPadded(columns_[i].name, width_, Align::kRight, &buffer_);
      buffer_ += separator_;
      buffer_ += cells[i].null ? std::string_view(null_text_) : cells[i].text;
      buffer_ += '\n';
    }
  }

 private:
  size_t width_ = 5;  // sqlite3's least width
};

class JsonWriter final : public StreamWriter {
 public:
  JsonWriter(const Settings& settings, Output* output)
      : StreamWriter(settings, output), lines_(settings.effective_mode() == Mode::kJsonLines) {}

 protected:
  void WriteHeader() override {
    for (const Column& column : columns_) {
      names_.emplace_back();
      AppendString(column.name, &names_.back());
    }
    if (!lines_) buffer_ += '[';
  }
  void WriteRow(const std::vector<Cell>& cells) override {
    if (!lines_ && rows_ > 0) buffer_ += ",\n";
    for (size_t i = 0; i < cells.size(); ++i) {
      buffer_ += i == 0 ? '{' : ',';
      buffer_ += names_[i];
      buffer_ += ':';
      AppendValue(columns_[i], cells[i]);
    }
    buffer_ += '}';
    if (lines_) buffer_ += '\n';
  }
  void WriteFooter() override {
    if (!lines_) buffer_ += "]\n";
  }

 private:
  void AppendValue(const Column& column, const Cell& cell) {
    if (cell.null) {
      buffer_ += "null";
    } else if (column.type == DRIFTDB_TYPE_BOOLEAN) {
      buffer_ += cell.text == "t" || cell.text == "true" ? "true" : "false";
    } else if (column.is_number() && cell.text.find_first_of("NIn") == std::string_view::npos) {
      buffer_ += cell.text;
    } else {
      // JSON has no NaN and no Infinity: they stay readable as strings.
      AppendString(cell.text, &buffer_);
    }
  }

  static void AppendString(std::string_view text, std::string* out) {
    *out += '"';
    for (const char c : text) {
      switch (c) {
        case '"':
          *out += "\\\"";
          break;
        case '\\':
          *out += "\\\\";
          break;
        case '\n':
          *out += "\\n";
          break;
        case '\r':
          *out += "\\r";
          break;
        case '\t':
          *out += "\\t";
          break;
        default:
          if (static_cast<unsigned char>(c) < 0x20) {
            char code[8];
            std::snprintf(code, sizeof(code), "\\u%04x", static_cast<unsigned>(c));
            *out += code;
          } else {
            *out += c;
          }
      }
    }
    *out += '"';
  }

  const bool lines_;
  std::vector<std::string> names_;
};

class HtmlWriter final : public StreamWriter {
 public:
  using StreamWriter::StreamWriter;

 protected:
  void WriteHeader() override {
    if (settings_.header_on()) AppendRow(HeaderCells(), "TH");
  }
  void WriteRow(const std::vector<Cell>& cells) override { AppendRow(cells, "TD"); }

 private:
  void AppendRow(const std::vector<Cell>& cells, const char* tag) {
    buffer_ += "<TR>";
    for (const Cell& cell : cells) {
      buffer_ += std::string("<") + tag + ">";
      for (const char c : cell.null ? std::string_view(null_text_) : cell.text) {
        switch (c) {
          case '<':
            buffer_ += "&lt;";
            break;
          case '>':
            buffer_ += "&gt;";
            break;
          case '&':
            buffer_ += "&amp;";
            break;
          case '"':
            buffer_ += "&quot;";
            break;
          default:
            buffer_ += c;
        }
      }
      buffer_ += std::string("</") + tag + ">\n";
    }
    buffer_ += "</TR>\n";
  }
};

class TrashWriter final : public ResultWriter {
 public:
  void Begin(const std::vector<Column>&) override {}
  void Row(const std::vector<Cell>&) override {}
  void End() override {}
};

}  // namespace

std::unique_ptr<ResultWriter> MakeStreamWriter(const Settings& settings, Output* output) {
  switch (settings.effective_mode()) {
    case Mode::kQuote:
      return std::make_unique<QuoteWriter>(settings, output);
    case Mode::kInsert:
      return std::make_unique<InsertWriter>(settings, output);
    case Mode::kLine:
      return std::make_unique<LineWriter>(settings, output);
    case Mode::kJson:
    case Mode::kJsonLines:
      return std::make_unique<JsonWriter>(settings, output);
    case Mode::kHtml:
      return std::make_unique<HtmlWriter>(settings, output);
    case Mode::kTrash:
      return std::make_unique<TrashWriter>();
    default:
      return std::make_unique<SeparatedWriter>(settings, output);
  }
}

std::unique_ptr<ResultWriter> MakeResultWriter(const Settings& settings, Output* output) {
  switch (settings.effective_mode()) {
    case Mode::kPretty:
    case Mode::kBox:
    case Mode::kTable:
    case Mode::kAligned:
    case Mode::kColumn:
    case Mode::kMarkdown:
      return MakeTableWriter(settings, output);
    default:
      return MakeStreamWriter(settings, output);
  }
}

std::string SqlString(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') out += '\'';
    out += c;
  }
  return out + '\'';
}

void AppendSqlLiteral(const Column& column, const Cell& cell, std::string* out) {
  if (cell.null) {
    *out += "NULL";
  } else if (column.is_number() && cell.text.find_first_of("NIn") == std::string_view::npos) {
    *out += cell.text;
  } else if (column.type == DRIFTDB_TYPE_BOOLEAN) {
    *out += cell.text == "t" || cell.text == "true" ? "true" : "false";
  } else {
    *out += SqlString(cell.text);
  }
}

}  // namespace shell
