#include "exec/copy/copy_format.h"

#include <cstring>

#include "base/error.h"
#include "base/status_macros.h"

namespace driftdb::exec {

size_t CopyFormat::LastRecordEnd(std::string_view bytes) const {
  if (!csv || bytes.find(quote) == std::string_view::npos) {
    // No quotes: every line end ends a record, except a text-format newline behind a backslash.
    size_t at = bytes.size();
    while (at > 0) {
      const void* found = memrchr(bytes.data(), '\n', at);
      if (found == nullptr) return 0;
      at = static_cast<size_t>(static_cast<const char*>(found) - bytes.data());
      size_t slashes = 0;
      while (!csv && slashes < at && bytes[at - 1 - slashes] == '\\') ++slashes;
      if (slashes % 2 == 0) return at + 1;
    }
    return 0;
  }
  bool in_quotes = false;
  size_t last = 0;
  for (size_t i = 0; i < bytes.size(); ++i) {
    const char c = bytes[i];
    if (in_quotes && c == escape && escape != quote && i + 1 < bytes.size()) {
      ++i;
    } else if (c == quote) {
      in_quotes = !in_quotes;  // a doubled quote toggles twice
    } else if (c == '\n' && !in_quotes) {
      last = i + 1;
    }
  }
  return last;
}

void CopyRecordReader::EndLine() { ++line_; }

Status CopyRecordReader::CsvField(CopyField* field, bool* last) {
  const char quote = format_->quote;
  const char escape = format_->escape;
  const char delimiter = format_->delimiter;
  const char* begin = next_;
  const char* at = next_;
  while (at < end_ && *at != delimiter && *at != '\n' && *at != '\r' && *at != quote) ++at;
  if (at == end_ || *at != quote) {
    *field = {{begin, static_cast<size_t>(at - begin)}, false};
  } else {
    if (scratch_used_ == scratch_.size()) scratch_.emplace_back();
    std::string& text = scratch_[scratch_used_++];
    text.assign(begin, static_cast<size_t>(at - begin));
    bool in_quotes = false;
    for (; at < end_; ++at) {
      const char c = *at;
      if (in_quotes) {
        if (c == escape && at + 1 < end_ && (at[1] == quote || at[1] == escape)) {
          text += *++at;
        } else if (c == quote) {
          in_quotes = false;
        } else {
          if (c == '\n') EndLine();
          text += c;
        }
      } else if (c == quote) {
        in_quotes = true;
      } else if (c == delimiter || c == '\n' || c == '\r') {
        break;
      } else {
        text += c;
      }
    }
    if (in_quotes) return Error(sqlstate::kBadCopyFileFormat, "unterminated CSV quoted field");
    *field = {text, true};
  }
  *last = at == end_ || *at != delimiter;
  if (*last) {
    if (at < end_ && *at == '\r') ++at;
    if (at < end_ && *at == '\n') {
      ++at;
      EndLine();
    } else if (at < end_) {
      return Error(sqlstate::kBadCopyFileFormat, "unquoted carriage return found in data")
          .WithHint("Use quoted CSV field to represent carriage return.");
    }
  } else {
    ++at;
  }
  next_ = at;
  return OkStatus();
}

namespace {

char CopyUnescape(char c) {
  switch (c) {
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case 'v':
      return '\v';
    default:
      return c;
  }
}

int CopyHexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Undoes backslash escapes of the text format.
void CopyDecodeText(std::string_view raw, std::string* text) {
  text->clear();
  for (size_t i = 0; i < raw.size(); ++i) {
    if (raw[i] != '\\' || i + 1 == raw.size()) {
      *text += raw[i];
      continue;
    }
    const char c = raw[++i];
    if (c >= '0' && c <= '7') {
      int value = c - '0';
      for (int digits = 1;
           digits < 3 && i + 1 < raw.size() && raw[i + 1] >= '0' && raw[i + 1] <= '7'; ++digits) {
        value = value * 8 + (raw[++i] - '0');
      }
      *text += static_cast<char>(value);
    } else if (c == 'x' && i + 1 < raw.size() && CopyHexDigit(raw[i + 1]) >= 0) {
      int value = CopyHexDigit(raw[++i]);
      if (i + 1 < raw.size() && CopyHexDigit(raw[i + 1]) >= 0) {
        value = value * 16 + CopyHexDigit(raw[++i]);
      }
      *text += static_cast<char>(value);
    } else {
      *text += CopyUnescape(c);
    }
  }
}

}  // namespace

Status CopyRecordReader::TextField(CopyField* field, bool* last) {
  const char delimiter = format_->delimiter;
  const char* begin = next_;
  const char* at = next_;
  bool escaped = false;
  while (at < end_ && *at != delimiter && *at != '\n') {
    if (*at == '\\' && at + 1 < end_) {
      escaped = true;
      ++at;
      if (*at == '\n') EndLine();
    }
    ++at;
  }
  const char* stop = at;
  *last = at == end_ || *at == '\n';
  if (*last && stop > begin && stop[-1] == '\r') --stop;
  const std::string_view raw(begin, static_cast<size_t>(stop - begin));
  if (escaped && raw != format_->null_text) {
    if (scratch_used_ == scratch_.size()) scratch_.emplace_back();
    std::string& text = scratch_[scratch_used_++];
    CopyDecodeText(raw, &text);
    *field = {text, true};
  } else {
    *field = {raw, false};
  }
  if (at < end_) {
    if (*at == '\n') EndLine();
    ++at;
  }
  next_ = at;
  return OkStatus();
}

Result<bool> CopyRecordReader::Next(std::vector<CopyField>* fields) {
  fields->clear();
  if (next_ == end_ || finished_) return false;
  // Pointers into scratch strings must hold while the record is used.
  scratch_.reserve(4096);
  scratch_used_ = 0;
  record_line_ = line_;
  const char* begin = next_;
  if (end_ - next_ >= 2 && next_[0] == '\\' && next_[1] == '.' &&
      (end_ - next_ == 2 || next_[2] == '\n' || next_[2] == '\r')) {
    finished_ = true;
    return false;
  }
  bool last = false;
  while (!last) {
    if (fields->size() >= 4096) {
      return Error(sqlstate::kBadCopyFileFormat, "extra data after last expected column");
    }
    CopyField field;
    DRIFTDB_RETURN_IF_ERROR(format_->csv ? CsvField(&field, &last) : TextField(&field, &last));
    fields->push_back(field);
  }
  record_ = {begin, static_cast<size_t>(next_ - begin)};
  return true;
}

void AppendCopyField(const CopyFormat& format, std::string_view text, bool null, bool force_quote,
                     bool only_field, std::string* out) {
  if (null) {
    *out += format.null_text;
    return;
  }
  if (!format.csv) {
    for (const char c : text) {
      switch (c) {
        case '\\':
          *out += "\\\\";
          break;
        case '\b':
          *out += "\\b";
          break;
        case '\f':
          *out += "\\f";
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
        case '\v':
          *out += "\\v";
          break;
        default:
          if (c == format.delimiter) *out += '\\';
          *out += c;
      }
    }
    return;
  }
  bool quote = force_quote || text == format.null_text || (only_field && text == "\\.");
  for (size_t i = 0; i < text.size() && !quote; ++i) {
    const char c = text[i];
    quote = c == format.delimiter || c == format.quote || c == '\n' || c == '\r';
  }
  if (!quote) {
    *out += text;
    return;
  }
  *out += format.quote;
  for (const char c : text) {
    if (c == format.quote || c == format.escape) *out += format.escape;
    *out += c;
  }
  *out += format.quote;
}

}  // namespace driftdb::exec
