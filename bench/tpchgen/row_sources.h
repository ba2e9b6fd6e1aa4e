// Pull-based generators of typed TPC-H rows; each covers a range of units (tpchgen/rows.h).
//
// Shape: construct with (scale, first unit counted from 0, number of units), call Next() until it
// returns false. Any range gives the rows a full run would give at that place, so ranges can be
// generated in parallel or out of order.
// Invariants: the bytes equal the reference generator's for the same scale.
// Threads: one thread per source; any number of sources.
// Errors: none; the caller checks the scale against kScaleMin and kScaleMax.
// Source: TPC-H specification 4.2.3 (column rules); seeds and number of draws per unit as published
// with the reference generator.
#ifndef DRIFTDB_BENCH_TPCHGEN_ROW_SOURCES_H_
#define DRIFTDB_BENCH_TPCHGEN_ROW_SOURCES_H_

#include <array>
#include <cstdint>
#include <string_view>

#include "tpchgen/random_stream.h"
#include "tpchgen/rows.h"
#include "tpchgen/text_pool.h"

namespace driftdb::tpchgen {

struct UnitRange {
  double scale;
  int64_t first;
  int64_t count;
};

// Addresses: 10 to 40 characters of a 64-letter alphabet, five characters per draw.
class AddressStream {
 public:
  explicit AddressStream(int64_t seed) : random_(seed, 9) {}
  std::string_view Next();
  void FinishUnit() { random_.FinishUnit(); }
  void SkipUnits(int64_t units) { random_.SkipUnits(units); }

 private:
  RandomStream random_;
  std::array<char, 40> text_;
};

// Phone numbers "CC-ddd-ddd-dddd" with country code nation key + 10.
class PhoneStream {
 public:
  explicit PhoneStream(int64_t seed) : random_(seed, 3) {}
  std::string_view Next(int64_t nation_key);
  void FinishUnit() { random_.FinishUnit(); }
  void SkipUnits(int64_t units) { random_.SkipUnits(units); }

 private:
  RandomStream random_;
  std::array<char, 15> text_;
};

class RegionSource {
 public:
  explicit RegionSource(const UnitRange& range);
  bool Next(RegionRow* row);

 private:
  int64_t next_;
  int64_t end_;
  CommentStream comment_{1500869201, 72, 1};
};

class NationSource {
 public:
  explicit NationSource(const UnitRange& range);
  bool Next(NationRow* row);

 private:
  int64_t next_;
  int64_t end_;
  CommentStream comment_{606179079, 72, 1};
};

class SupplierSource {
 public:
  explicit SupplierSource(const UnitRange& range);
  bool Next(SupplierRow* row);

 private:
  std::string_view CommentWithRemark(std::string_view comment);
  template <typename Visitor>
  void ForEachStream(Visitor visit) {
    visit(address_), visit(nation_), visit(phone_), visit(balance_), visit(comment_);
    visit(remark_), visit(remark_gap_), visit(remark_offset_), visit(remark_kind_);
  }

  int64_t next_;
  int64_t end_;
  AddressStream address_{706178559};
  RandomStream nation_{110356601, 1};
  PhoneStream phone_{884434366};
  RandomStream balance_{962338209, 1};
  CommentStream comment_{1341315363, 63, 1};
  // Five suppliers in 10,000 get "Customer ... Complaints", five "Customer ... Recommends".
  RandomStream remark_{202794285, 1};
  RandomStream remark_gap_{263032577, 1};
  RandomStream remark_offset_{715851524, 1};
  RandomStream remark_kind_{753643799, 1};
  std::array<char, 101> remarked_;
};

class CustomerSource {
 public:
  explicit CustomerSource(const UnitRange& range);
  bool Next(CustomerRow* row);

 private:
  template <typename Visitor>
  void ForEachStream(Visitor visit) {
    visit(address_), visit(nation_), visit(phone_), visit(balance_), visit(segment_);
    visit(comment_);
  }

  int64_t next_;
  int64_t end_;
  AddressStream address_{881155353};
  RandomStream nation_{1489529863, 1};
  PhoneStream phone_{1521138112};
  RandomStream balance_{298370230, 1};
  RandomStream segment_{1140279430, 1};
  CommentStream comment_{1335826707, 73, 1};
};

class PartSource {
 public:
  explicit PartSource(const UnitRange& range);
  bool Next(PartRow* row);

 private:
  std::string_view DrawName();
  template <typename Visitor>
  void ForEachStream(Visitor visit) {
    visit(name_), visit(manufacturer_), visit(brand_), visit(type_), visit(size_);
    visit(container_), visit(comment_);
  }

  int64_t next_;
  int64_t end_;
  RandomStream name_{709314158, 92};
  RandomStream manufacturer_{1, 1};
  RandomStream brand_{46831694, 1};
  RandomStream type_{1841581359, 1};
  RandomStream size_{1193163244, 1};
  RandomStream container_{727633698, 1};
  CommentStream comment_{804159733, 14, 1};
  std::array<char, 64> name_text_;
};

class PartsuppSource {
 public:
  explicit PartsuppSource(const UnitRange& range);
  bool Next(PartsuppRow* row);

 private:
  template <typename Visitor>
  void ForEachStream(Visitor visit) {
    visit(available_), visit(cost_), visit(comment_);
  }

  int64_t next_;
  int64_t end_;
  int64_t suppliers_;
  int64_t which_ = 0;
  RandomStream available_{1671059989, 4};
  RandomStream cost_{1051288424, 4};
  CommentStream comment_{1961692154, 124, 4};
};

// The streams that both orders and lineitem consume: an order's status and total price depend on
// its lines, a line's dates on its order.
struct OrderStreams {
  RandomStream order_date{1066728069, 1};
  RandomStream line_count{1434868289, 1};
  RandomStream quantity{209208115, 7};
  RandomStream discount{554590007, 7};
  RandomStream tax{721958466, 7};
  RandomStream part_key{1808217256, 7};
  RandomStream ship_date{1769349045, 7};

  template <typename Visitor>
  void ForEachStream(Visitor visit) {
    visit(order_date), visit(line_count), visit(quantity), visit(discount), visit(tax);
    visit(part_key), visit(ship_date);
  }
};

class OrdersSource {
 public:
  explicit OrdersSource(const UnitRange& range);
  bool Next(OrdersRow* row);

 private:
  int64_t DrawCustomer();
  void SumLines(OrdersRow* row);
  template <typename Visitor>
  void ForEachStream(Visitor visit) {
    streams_.ForEachStream(visit);
    visit(customer_), visit(priority_), visit(clerk_), visit(comment_);
  }

  int64_t next_;
  int64_t end_;
  int64_t parts_;
  int64_t customers_;
  int64_t clerks_;
  OrderStreams streams_;
  RandomStream customer_{851767375, 1};
  RandomStream priority_{591449447, 1};
  RandomStream clerk_{1171034773, 1};
  CommentStream comment_{276090261, 49, 1};
};

class LineitemSource {
 public:
  explicit LineitemSource(const UnitRange& range);
  bool Next(LineitemRow* row);

 private:
  template <typename Visitor>
  void ForEachStream(Visitor visit) {
    streams_.ForEachStream(visit);
    visit(supplier_), visit(commit_date_), visit(receipt_date_), visit(return_flag_);
    visit(instructions_), visit(mode_), visit(comment_);
  }

  int64_t next_;
  int64_t end_;
  int64_t parts_;
  int64_t suppliers_;
  int64_t line_ = 0;
  int64_t lines_ = 0;
  int64_t order_date_ = 0;
  OrderStreams streams_;
  RandomStream supplier_{2095021727, 7};
  RandomStream commit_date_{904914315, 7};
  RandomStream receipt_date_{373135028, 7};
  RandomStream return_flag_{717419739, 7};
  RandomStream instructions_{1371272478, 7};
  RandomStream mode_{675466456, 7};
  CommentStream comment_{1095462486, 27, 7};
};

}  // namespace driftdb::tpchgen

#endif  // DRIFTDB_BENCH_TPCHGEN_ROW_SOURCES_H_
