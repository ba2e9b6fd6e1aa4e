#include "tpchgen/tbl_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

namespace driftdb::tpchgen {
namespace {

constexpr int64_t kUnitsPerPiece = 4096;
constexpr int kDays = 2557;  // 1992-01-01 to 1998-12-31

using DateText = std::array<char, 10>;

void PutDigits(char* at, int digits, int value) {
  for (int i = digits - 1; i >= 0; --i) {
    at[i] = static_cast<char>('0' + value % 10);
    value /= 10;
  }
}

std::vector<DateText> MakeCalendar() {
  static constexpr int kMonthDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  std::vector<DateText> calendar;
  for (int year = 1992; year <= 1998; ++year) {
    for (int month = 1; month <= 12; ++month) {
      const int days = kMonthDays[month - 1] + (month == 2 && year % 4 == 0 ? 1 : 0);
      for (int day = 1; day <= days; ++day) {
        DateText text;
        PutDigits(&text[0], 4, year);
        PutDigits(&text[5], 2, month);
        PutDigits(&text[8], 2, day);
        text[4] = text[7] = '-';
        calendar.push_back(text);
      }
    }
  }
  static_assert(kDays == 7 * 365 + 2);
  return calendar;
}

// Appends columns of one row.
class RowWriter {
 public:
  explicit RowWriter(std::string* out) : out_(*out) {}
  ~RowWriter() { out_ += '\n'; }
  RowWriter(const RowWriter&) = delete;
  RowWriter& operator=(const RowWriter&) = delete;

  RowWriter& Text(std::string_view text) {
    out_.append(text);
    return End();
  }
  RowWriter& Letter(char letter) {
    out_ += letter;
    return End();
  }
  RowWriter& Number(int64_t value) {
    AppendNumber(value);
    return End();
  }
  RowWriter& Money(int64_t cents) {
    if (cents < 0) {
      out_ += '-';
      cents = -cents;
    }
    AppendNumber(cents / 100);
    char fraction[3] = {'.', 0, 0};
    PutDigits(fraction + 1, 2, static_cast<int>(cents % 100));
    out_.append(fraction, sizeof fraction);
    return End();
  }
  RowWriter& Date(int64_t day) {
    static const std::vector<DateText> kCalendar = MakeCalendar();
    const DateText& text = kCalendar[static_cast<size_t>(day)];
    out_.append(text.data(), text.size());
    return End();
  }
  // "Customer#" and nine digits (more when the key has more).
  RowWriter& Tagged(std::string_view tag, int64_t key) {
    out_.append(tag);
    char digits[20];
    const auto result = std::to_chars(digits, digits + sizeof digits, key);
    const auto length = static_cast<size_t>(result.ptr - digits);
    if (length < 9) {
      out_.append(9 - length, '0');
    }
    out_.append(digits, length);
    return End();
  }
  RowWriter& Numbered(std::string_view tag, int64_t number) {
    out_.append(tag);
    return Number(number);
  }

 private:
  RowWriter& End() {
    out_ += '|';
    return *this;
  }
  void AppendNumber(int64_t value) {
    char digits[20];
    const auto result = std::to_chars(digits, digits + sizeof digits, value);
    out_.append(digits, static_cast<size_t>(result.ptr - digits));
  }

  std::string& out_;
};

template <typename Source, typename Row>
void AppendAll(const UnitRange& range, RowEnd row_end, std::string* out) {
  Source source(range);
  Row row;
  while (source.Next(&row)) {
    AppendTbl(row, out);
    if (row_end == RowEnd::kNewlineOnly) {
      out->pop_back();
      out->back() = '\n';
    }
  }
}

// Workers take pieces by number and deliver them in that order.
class PieceQueue {
 public:
  PieceQueue(Table table, const StreamOptions& options, const TextSink& sink)
      : table_(table), options_(options), units_(UnitCount(table, options.scale)), sink_(sink) {}

  void Work() {
    std::string text;
    for (;;) {
      const int64_t piece = Take();
      const int64_t first = piece * kUnitsPerPiece;
      if (first >= units_) {
        return;
      }
      text.clear();
      const int64_t count = std::min(kUnitsPerPiece, units_ - first);
      AppendUnits(table_, {options_.scale, first, count}, options_.row_end, &text);
      if (!Deliver(piece, text)) {
        return;
      }
    }
  }
  bool stopped() const { return stopped_; }

 private:
  int64_t Take() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return next_to_take_++;
  }
  bool Deliver(int64_t piece, std::string_view text) {
    std::unique_lock<std::mutex> lock(mutex_);
    turn_.wait(lock, [&] { return stopped_ || next_to_deliver_ == piece; });
    if (!stopped_ && !sink_(text)) {
      stopped_ = true;
    }
    ++next_to_deliver_;
    turn_.notify_all();
    return !stopped_;
  }

  const Table table_;
  const StreamOptions options_;
  const int64_t units_;
  const TextSink& sink_;
  std::mutex mutex_;
  std::condition_variable turn_;
  int64_t next_to_take_ = 0;
  int64_t next_to_deliver_ = 0;
  bool stopped_ = false;
};

}  // namespace

void AppendTbl(const RegionRow& row, std::string* out) {
  RowWriter(out).Number(row.region_key).Text(row.name).Text(row.comment);
}

void AppendTbl(const NationRow& row, std::string* out) {
  RowWriter(out).Number(row.nation_key).Text(row.name).Number(row.region_key).Text(row.comment);
}

void AppendTbl(const SupplierRow& row, std::string* out) {
  RowWriter(out)
      .Number(row.supp_key)
      .Tagged("Supplier#", row.supp_key)
      .Text(row.address)
      .Number(row.nation_key)
      .Text(row.phone)
      .Money(row.account_balance)
      .Text(row.comment);
}

void AppendTbl(const CustomerRow& row, std::string* out) {
  RowWriter(out)
      .Number(row.cust_key)
      .Tagged("Customer#", row.cust_key)
      .Text(row.address)
      .Number(row.nation_key)
      .Text(row.phone)
      .Money(row.account_balance)
      .Text(row.market_segment)
      .Text(row.comment);
}

void AppendTbl(const PartRow& row, std::string* out) {
  RowWriter(out)
      .Number(row.part_key)
      .Text(row.name)
      .Numbered("Manufacturer#", row.manufacturer)
      .Numbered("Brand#", row.brand)
      .Text(row.type)
      .Number(row.size)
      .Text(row.container)
      .Money(row.retail_price)
      .Text(row.comment);
}

void AppendTbl(const PartsuppRow& row, std::string* out) {
  RowWriter(out)
      .Number(row.part_key)
      .Number(row.supp_key)
      .Number(row.available)
      .Money(row.supply_cost)
      .Text(row.comment);
}

void AppendTbl(const OrdersRow& row, std::string* out) {
  RowWriter(out)
      .Number(row.order_key)
      .Number(row.cust_key)
      .Letter(row.status)
      .Money(row.total_price)
      .Date(row.order_date)
      .Text(row.priority)
      .Tagged("Clerk#", row.clerk)
      .Number(0)
      .Text(row.comment);
}

void AppendTbl(const LineitemRow& row, std::string* out) {
  RowWriter(out)
      .Number(row.order_key)
      .Number(row.part_key)
      .Number(row.supp_key)
      .Number(row.line_number)
      .Number(row.quantity)
      .Money(row.extended_price)
      .Money(row.discount)
      .Money(row.tax)
      .Text(row.return_flag)
      .Letter(row.line_status)
      .Date(row.ship_date)
      .Date(row.commit_date)
      .Date(row.receipt_date)
      .Text(row.ship_instructions)
      .Text(row.ship_mode)
      .Text(row.comment);
}

void AppendUnits(Table table, const UnitRange& range, RowEnd row_end, std::string* out) {
  switch (table) {
    case Table::kRegion:
      return AppendAll<RegionSource, RegionRow>(range, row_end, out);
    case Table::kNation:
      return AppendAll<NationSource, NationRow>(range, row_end, out);
    case Table::kSupplier:
      return AppendAll<SupplierSource, SupplierRow>(range, row_end, out);
    case Table::kCustomer:
      return AppendAll<CustomerSource, CustomerRow>(range, row_end, out);
    case Table::kPart:
      return AppendAll<PartSource, PartRow>(range, row_end, out);
    case Table::kPartsupp:
      return AppendAll<PartsuppSource, PartsuppRow>(range, row_end, out);
    case Table::kOrders:
      return AppendAll<OrdersSource, OrdersRow>(range, row_end, out);
    case Table::kLineitem:
      return AppendAll<LineitemSource, LineitemRow>(range, row_end, out);
  }
}

bool StreamTable(Table table, const StreamOptions& options, const TextSink& sink) {
  PieceQueue queue(table, options, sink);
  std::vector<std::thread> workers;
  for (int i = 1; i < options.threads; ++i) {
    workers.emplace_back([&queue] { queue.Work(); });
  }
  queue.Work();
  for (std::thread& worker : workers) {
    worker.join();
  }
  return !queue.stopped();
}

}  // namespace driftdb::tpchgen
