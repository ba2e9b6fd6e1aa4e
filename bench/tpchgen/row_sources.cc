#include "tpchgen/row_sources.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <utility>

#include "tpchgen/word_lists.h"

namespace driftdb::tpchgen {
namespace {

constexpr int64_t kSuppliersPerPart = 4;
constexpr int64_t kLinesPerOrderMax = 7;
// Days since 1992-01-01. Orders stop 151 days (longest shipping plus receipt) before 1998-12-31.
constexpr int64_t kOrderDateMax = 2405;
constexpr int64_t kCurrentDate = 1263;  // 1995-06-17

constexpr auto kFinishUnit = [](auto& stream) { stream.FinishUnit(); };

int64_t RetailPrice(int64_t part_key) {
  return 90000 + (part_key / 10) % 20001 + 100 * (part_key % 1000);
}

// The which-th of the four suppliers of a part (4.2.3, PS_SUPPKEY).
int64_t SupplierOfPart(int64_t part_key, int64_t which, int64_t suppliers) {
  const int64_t stride = suppliers / kSuppliersPerPart + (part_key - 1) / suppliers;
  return (part_key + which * stride) % suppliers + 1;
}

// Only the first eight of every 32 order keys are used (4.2.3, O_ORDERKEY).
int64_t SparseOrderKey(int64_t ordinal) { return (ordinal >> 3 << 5) | (ordinal & 7); }

}  // namespace

std::string_view AddressStream::Next() {
  static constexpr char kLetters[] =
      "0123456789abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ,";
  const auto length = static_cast<size_t>(random_.Draw(10, 40));
  int64_t bits = 0;
  for (size_t i = 0; i < length; ++i) {
    if (i % 5 == 0) {
      bits = random_.Draw(0, 2147483647);
    }
    text_[i] = kLetters[bits & 0x3f];
    bits >>= 6;
  }
  return {text_.data(), length};
}

std::string_view PhoneStream::Next(int64_t nation_key) {
  const auto put = [this](size_t at, int digits, int64_t value) {
    for (int i = digits - 1; i >= 0; --i) {
      text_[at + static_cast<size_t>(i)] = static_cast<char>('0' + value % 10);
      value /= 10;
    }
  };
  put(0, 2, nation_key + 10);
  put(3, 3, random_.Draw(100, 999));
  put(7, 3, random_.Draw(100, 999));
  put(11, 4, random_.Draw(1000, 9999));
  text_[2] = text_[6] = text_[10] = '-';
  return {text_.data(), text_.size()};
}

RegionSource::RegionSource(const UnitRange& range)
    : next_(range.first), end_(range.first + range.count) {
  comment_.SkipUnits(range.first);
}

bool RegionSource::Next(RegionRow* row) {
  if (next_ >= end_) {
    return false;
  }
  *row = {next_, RegionAt(static_cast<int>(next_)), comment_.Next()};
  comment_.FinishUnit();
  ++next_;
  return true;
}

NationSource::NationSource(const UnitRange& range)
    : next_(range.first), end_(range.first + range.count) {
  comment_.SkipUnits(range.first);
}

bool NationSource::Next(NationRow* row) {
  if (next_ >= end_) {
    return false;
  }
  const Nation& nation = NationAt(static_cast<int>(next_));
  *row = {next_, nation.name, nation.region_key, comment_.Next()};
  comment_.FinishUnit();
  ++next_;
  return true;
}

SupplierSource::SupplierSource(const UnitRange& range)
    : next_(range.first), end_(range.first + range.count) {
  ForEachStream([&range](auto& stream) { stream.SkipUnits(range.first); });
}

std::string_view SupplierSource::CommentWithRemark(std::string_view comment) {
  constexpr std::string_view kCustomer = "Customer ";
  constexpr int64_t kRemarkBytes = 19;
  if (remark_.Draw(1, 10000) > 10) {
    return comment;
  }
  const auto length = static_cast<int64_t>(comment.size());
  const int64_t gap = remark_gap_.Draw(0, length - kRemarkBytes);
  const int64_t offset = remark_offset_.Draw(0, length - (kRemarkBytes + gap));
  const std::string_view kind = remark_kind_.Draw(0, 100) < 50 ? "Complaints" : "Recommends";
  std::memcpy(remarked_.data(), comment.data(), comment.size());
  char* at = remarked_.data() + offset;
  std::memcpy(at, kCustomer.data(), kCustomer.size());
  std::memcpy(at + static_cast<int64_t>(kCustomer.size()) + gap, kind.data(), kind.size());
  return {remarked_.data(), comment.size()};
}

bool SupplierSource::Next(SupplierRow* row) {
  if (next_ >= end_) {
    return false;
  }
  row->supp_key = next_ + 1;
  row->address = address_.Next();
  row->nation_key = nation_.Draw(0, kNationCount - 1);
  row->phone = phone_.Next(row->nation_key);
  row->account_balance = balance_.Draw(-99999, 999999);
  row->comment = CommentWithRemark(comment_.Next());
  ForEachStream(kFinishUnit);
  ++next_;
  return true;
}

CustomerSource::CustomerSource(const UnitRange& range)
    : next_(range.first), end_(range.first + range.count) {
  ForEachStream([&range](auto& stream) { stream.SkipUnits(range.first); });
}

bool CustomerSource::Next(CustomerRow* row) {
  if (next_ >= end_) {
    return false;
  }
  row->cust_key = next_ + 1;
  row->address = address_.Next();
  row->nation_key = nation_.Draw(0, kNationCount - 1);
  row->phone = phone_.Next(row->nation_key);
  row->account_balance = balance_.Draw(-99999, 999999);
  row->market_segment = MarketSegments().Pick(&segment_);
  row->comment = comment_.Next();
  ForEachStream(kFinishUnit);
  ++next_;
  return true;
}

PartSource::PartSource(const UnitRange& range)
    : next_(range.first), end_(range.first + range.count) {
  ForEachStream([&range](auto& stream) { stream.SkipUnits(range.first); });
}

// Five different colors: the first steps of a Fisher-Yates shuffle of the whole list.
std::string_view PartSource::DrawName() {
  std::array<uint8_t, kColorCount> order;
  std::iota(order.begin(), order.end(), uint8_t{0});
  size_t length = 0;
  for (size_t i = 0; i < 5; ++i) {
    const int64_t other = name_.Draw(static_cast<int64_t>(i), kColorCount - 1);
    std::swap(order[i], order[static_cast<size_t>(other)]);
    const std::string_view color = ColorAt(order[i]);
    if (i > 0) {
      name_text_[length++] = ' ';
    }
    std::memcpy(name_text_.data() + length, color.data(), color.size());
    length += color.size();
  }
  return {name_text_.data(), length};
}

bool PartSource::Next(PartRow* row) {
  if (next_ >= end_) {
    return false;
  }
  row->part_key = next_ + 1;
  row->name = DrawName();
  row->manufacturer = manufacturer_.Draw(1, 5);
  row->brand = row->manufacturer * 10 + brand_.Draw(1, 5);
  row->type = PartTypes().Pick(&type_);
  row->size = size_.Draw(1, 50);
  row->container = PartContainers().Pick(&container_);
  row->retail_price = RetailPrice(row->part_key);
  row->comment = comment_.Next();
  ForEachStream(kFinishUnit);
  ++next_;
  return true;
}

PartsuppSource::PartsuppSource(const UnitRange& range)
    : next_(range.first),
      end_(range.first + range.count),
      suppliers_(UnitCount(Table::kSupplier, range.scale)) {
  ForEachStream([&range](auto& stream) { stream.SkipUnits(range.first); });
}

bool PartsuppSource::Next(PartsuppRow* row) {
  if (next_ >= end_) {
    return false;
  }
  row->part_key = next_ + 1;
  row->supp_key = SupplierOfPart(row->part_key, which_, suppliers_);
  row->available = available_.Draw(1, 9999);
  row->supply_cost = cost_.Draw(100, 100000);
  row->comment = comment_.Next();
  if (++which_ == kSuppliersPerPart) {
    which_ = 0;
    ForEachStream(kFinishUnit);
    ++next_;
  }
  return true;
}

OrdersSource::OrdersSource(const UnitRange& range)
    : next_(range.first),
      end_(range.first + range.count),
      parts_(UnitCount(Table::kPart, range.scale)),
      customers_(UnitCount(Table::kCustomer, range.scale)),
      clerks_(std::max<int64_t>(1000, static_cast<int64_t>(range.scale * 1000 + 1e-6))) {
  ForEachStream([&range](auto& stream) { stream.SkipUnits(range.first); });
}

// A third of the customers, the multiples of three, never order: step to a neighbour.
int64_t OrdersSource::DrawCustomer() {
  int64_t key = customer_.Draw(1, customers_);
  int64_t step = 1;
  while (key % 3 == 0) {
    key = std::min(key + step, customers_);
    step = -step;
  }
  return key;
}

void OrdersSource::SumLines(OrdersRow* row) {
  const int64_t lines = streams_.line_count.Draw(1, kLinesPerOrderMax);
  int64_t shipped = 0;
  row->total_price = 0;
  for (int64_t line = 0; line < lines; ++line) {
    const int64_t quantity = streams_.quantity.Draw(1, 50);
    const int64_t discount = streams_.discount.Draw(0, 10);
    const int64_t tax = streams_.tax.Draw(0, 8);
    const int64_t price = quantity * RetailPrice(streams_.part_key.Draw(1, parts_));
    row->total_price += price * (100 - discount) / 100 * (100 + tax) / 100;
    if (row->order_date + streams_.ship_date.Draw(1, 121) <= kCurrentDate) {
      ++shipped;
    }
  }
  row->status = shipped == lines ? 'F' : shipped > 0 ? 'P' : 'O';
}

bool OrdersSource::Next(OrdersRow* row) {
  if (next_ >= end_) {
    return false;
  }
  row->order_key = SparseOrderKey(next_ + 1);
  row->order_date = streams_.order_date.Draw(0, kOrderDateMax);
  row->cust_key = DrawCustomer();
  SumLines(row);
  row->priority = OrderPriorities().Pick(&priority_);
  row->clerk = clerk_.Draw(1, clerks_);
  row->comment = comment_.Next();
  ForEachStream(kFinishUnit);
  ++next_;
  return true;
}

LineitemSource::LineitemSource(const UnitRange& range)
    : next_(range.first),
      end_(range.first + range.count),
      parts_(UnitCount(Table::kPart, range.scale)),
      suppliers_(UnitCount(Table::kSupplier, range.scale)) {
  ForEachStream([&range](auto& stream) { stream.SkipUnits(range.first); });
}

bool LineitemSource::Next(LineitemRow* row) {
  if (next_ >= end_) {
    return false;
  }
  if (line_ == 0) {
    order_date_ = streams_.order_date.Draw(0, kOrderDateMax);
    lines_ = streams_.line_count.Draw(1, kLinesPerOrderMax);
  }
  row->order_key = SparseOrderKey(next_ + 1);
  row->line_number = ++line_;
  row->quantity = streams_.quantity.Draw(1, 50);
  row->discount = streams_.discount.Draw(0, 10);
  row->tax = streams_.tax.Draw(0, 8);
  row->part_key = streams_.part_key.Draw(1, parts_);
  row->supp_key = SupplierOfPart(row->part_key, supplier_.Draw(0, 3), suppliers_);
  row->extended_price = row->quantity * RetailPrice(row->part_key);
  row->ship_date = order_date_ + streams_.ship_date.Draw(1, 121);
  row->commit_date = order_date_ + commit_date_.Draw(30, 90);
  row->receipt_date = row->ship_date + receipt_date_.Draw(1, 30);
  row->return_flag =
      row->receipt_date <= kCurrentDate ? ReturnFlags().Pick(&return_flag_) : std::string_view("N");
  row->line_status = row->ship_date <= kCurrentDate ? 'F' : 'O';
  row->ship_instructions = ShipInstructions().Pick(&instructions_);
  row->ship_mode = ShipModes().Pick(&mode_);
  row->comment = comment_.Next();
  if (line_ == lines_) {
    line_ = 0;
    ForEachStream(kFinishUnit);
    ++next_;
  }
  return true;
}

}  // namespace driftdb::tpchgen
