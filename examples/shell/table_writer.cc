// Modes that need the width of every column: pretty, box, table, aligned, column, markdown.
#include <algorithm>
#include <deque>

#include "result_writer.h"
#include "text_width.h"

namespace shell {
namespace {

struct TableLine {
  const char* left;
  const char* fill;  // null: no such line
  const char* middle;
  const char* right;
};

struct TableStyle {
  TableLine top, header_end, bottom;
  const char* row_left;
  const char* row_middle;
  const char* row_right;
  size_t padding;  // columns of `fill` beside a width
  Align header_align;
};

constexpr TableStyle kBoxStyle = {
    {"┌", "─", "┬", "┐"}, {"├", "─", "┼", "┤"}, {"└", "─", "┴", "┘"}, "│ ", " │ ", " │", 2,
    Align::kCenter};
constexpr TableStyle kTableStyle = {
    {"+", "-", "+", "+"}, {"+", "-", "+", "+"}, {"+", "-", "+", "+"}, "| ", " | ", " |", 2,
    Align::kCenter};
constexpr TableStyle kAlignedStyle = {{nullptr, nullptr, nullptr, nullptr},
                                      {"", "-", "+", ""},
                                      {nullptr, nullptr, nullptr, nullptr},
                                      " ",
                                      " | ",
                                      "",
                                      2,
                                      Align::kCenter};
constexpr TableStyle kColumnStyle = {{nullptr, nullptr, nullptr, nullptr},
                                     {"", "-", "  ", ""},
                                     {nullptr, nullptr, nullptr, nullptr},
                                     "",
                                     "  ",
                                     "",
                                     0,
                                     Align::kLeft};
constexpr TableStyle kMarkdownStyle = {{nullptr, nullptr, nullptr, nullptr},
                                       {"|", "-", "|", "|"},
                                       {nullptr, nullptr, nullptr, nullptr},
                                       "| ",
                                       " | ",
                                       " |",
                                       2,
                                       Align::kCenter};

const TableStyle& StyleOf(Mode mode) {
  switch (mode) {
    case Mode::kTable:
      return kTableStyle;
    case Mode::kAligned:
      return kAlignedStyle;
    case Mode::kColumn:
      return kColumnStyle;
    case Mode::kMarkdown:
      return kMarkdownStyle;
    default:
      return kBoxStyle;
  }
}

constexpr size_t kNarrowestCut = 8;  // pretty mode cuts no column below this

class TableWriter final : public ResultWriter {
 public:
  TableWriter(const Settings& settings, Output* output)
      : settings_(settings),
        mode_(settings.effective_mode()),
        style_(StyleOf(mode_)),
        null_text_(settings.null_text()),
        output_(output) {
    if (mode_ == Mode::kPretty && output->is_terminal()) {
      shown_max_ = static_cast<size_t>(std::max(0, settings.max_rows));
      width_max_ =
          static_cast<size_t>(settings.max_width > 0 ? settings.max_width : TerminalWidth());
    } else if (mode_ == Mode::kPretty) {
      width_max_ = static_cast<size_t>(std::max(0, settings.max_width));
    }
  }

  void Begin(const std::vector<Column>& columns) override {
    columns_ = columns;
    for (Column& column : columns_) column.name = OneLine(column.name);
  }

  void Row(const std::vector<Cell>& cells) override {
    ++row_count_;
    std::vector<std::string> row;
    row.reserve(cells.size());
    for (const Cell& cell : cells) row.push_back(cell.null ? null_text_ : TextOf(cell.text));
    if (shown_max_ == 0 || first_.size() < (shown_max_ + 1) / 2) {
      first_.push_back(std::move(row));
      return;
    }
    // One more than half is kept: a result just above the limit is shown whole rather than with a
    // gap of one.
    last_.push_back(std::move(row));
    if (last_.size() > shown_max_ / 2 + 1) last_.pop_front();
  }

  void End() override {
    ComputeWidths();
    const bool header = settings_.header_on();
    AppendLine(style_.top);
    if (header) {
      AppendHeader();
      AppendLine(style_.header_end);
    }
    for (const auto& row : first_) AppendRow(row);
    if (first_.size() + last_.size() < row_count_) {
      AppendRow(std::vector<std::string>(columns_.size(), "·"));
      while (last_.size() > shown_max_ / 2) last_.pop_front();
    }
    for (const auto& row : last_) AppendRow(row);
    AppendLine(style_.bottom);
    AppendFooter();
    output_->Write(buffer_);
  }

 private:
  std::string TextOf(std::string_view text) const {
    std::string line = OneLine(text);
    if (mode_ != Mode::kMarkdown) return line;
    std::string escaped;
    for (const char c : line) {
      if (c == '|') escaped += '\\';
      escaped += c;
    }
    return escaped;
  }

  bool shows_types() const { return mode_ == Mode::kPretty && settings_.header_on(); }

  void ComputeWidths() {
    widths_.assign(columns_.size(), 0);
    for (size_t i = 0; i < columns_.size(); ++i) {
      if (settings_.header_on()) widths_[i] = DisplayWidth(columns_[i].name);
      if (shows_types()) widths_[i] = std::max(widths_[i], DisplayWidth(columns_[i].type_name));
    }
    for (const auto* rows : {&first_, &last_}) {
      for (const auto& row : *rows) {
        for (size_t i = 0; i < row.size(); ++i)
          widths_[i] = std::max(widths_[i], DisplayWidth(row[i]));
      }
    }
    for (size_t i = 0; i < widths_.size() && i < settings_.widths.size(); ++i) {
      if (settings_.widths[i] != 0) widths_[i] = static_cast<size_t>(std::abs(settings_.widths[i]));
    }
    if (width_max_ > 0) FitWidths();
  }

  // Narrows the widest columns until a line fits.
  void FitWidths() {
    while (true) {
      size_t total = 1;
      for (const size_t width : widths_) total += width + 3;
      if (total <= width_max_ || widths_.empty()) return;
      const auto widest = std::max_element(widths_.begin(), widths_.end());
      if (*widest <= kNarrowestCut) return;
      *widest = std::max(kNarrowestCut, *widest - std::min(total - width_max_, (*widest + 9) / 10));
    }
  }

  void AppendLine(const TableLine& line) {
    if (line.fill == nullptr) return;
    buffer_ += line.left;
    for (size_t i = 0; i < widths_.size(); ++i) {
      if (i > 0) buffer_ += line.middle;
      const bool right_mark = mode_ == Mode::kMarkdown && AlignOf(i) == Align::kRight;
      const size_t length = widths_[i] + style_.padding - (right_mark ? 1 : 0);
      for (size_t k = 0; k < length; ++k) buffer_ += line.fill;
      if (right_mark) buffer_ += ':';
    }
    buffer_ += line.right;
    buffer_ += '\n';
  }

  Align AlignOf(size_t column) const {
    if (column < settings_.widths.size() && settings_.widths[column] < 0) return Align::kRight;
    return columns_[column].is_number() ? Align::kRight : Align::kLeft;
  }

  void AppendHeader() {
    std::vector<std::string> cells;
    for (const Column& column : columns_) cells.push_back(column.name);
    AppendCells(cells, true);
    if (!shows_types()) return;
    cells.clear();
    for (const Column& column : columns_) cells.push_back(column.type_name);
    AppendCells(cells, true);
  }

  void AppendRow(const std::vector<std::string>& cells) { AppendCells(cells, false); }

  void AppendCells(const std::vector<std::string>& cells, bool header) {
    const size_t begin = buffer_.size();
    buffer_ += style_.row_left;
    for (size_t i = 0; i < cells.size(); ++i) {
      if (i > 0) buffer_ += style_.row_middle;
      const Align align = header ? style_.header_align : AlignOf(i);
      AppendPadded(CutToWidth(cells[i], widths_[i]), widths_[i], align, &buffer_);
    }
    buffer_ += style_.row_right;
    // No blanks at the end of a line where no border closes it; psql keeps those of the header.
    if (*style_.row_right == '\0' && !(header && mode_ == Mode::kAligned)) {
      const size_t last = buffer_.find_last_not_of(' ');
      buffer_.resize(std::max(begin, last == std::string::npos ? 0 : last + 1));
    } else if (*style_.row_right == '\0') {
      buffer_ += ' ';
    }
    buffer_ += '\n';
  }

  void AppendFooter() {
    const std::string rows = std::to_string(row_count_) + (row_count_ == 1 ? " row" : " rows");
    if (mode_ == Mode::kAligned) {
      buffer_ += '(' + rows + ")\n";
    } else if (mode_ == Mode::kPretty) {
      const size_t shown = first_.size() + last_.size();
      buffer_ += rows;
      if (shown < row_count_) buffer_ += " (" + std::to_string(shown) + " shown)";
      buffer_ += '\n';
    }
  }

  const Settings& settings_;
  const Mode mode_;
  const TableStyle& style_;
  const std::string null_text_;
  Output* const output_;
  size_t shown_max_ = 0;  // 0: all rows
  size_t width_max_ = 0;  // 0: as wide as it gets
  std::vector<Column> columns_;
  std::vector<size_t> widths_;
  std::deque<std::vector<std::string>> first_, last_;
  size_t row_count_ = 0;
  std::string buffer_;
};

}  // namespace

std::unique_ptr<ResultWriter> MakeTableWriter(const Settings& settings, Output* output) {
  return std::make_unique<TableWriter>(settings, output);
}

}  // namespace shell
