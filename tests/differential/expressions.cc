#include "expressions.h"

#include <fmt/format.h>

namespace driftdb::differential {

std::string Expressions::Simple(Kind kind, const Leaves& leaves) {
  if (random_.Chance(88)) {
    std::vector<const Leaf*> fitting;
    for (const Leaf& leaf : leaves) {
      if (leaf.kind == kind) fitting.push_back(&leaf);
    }
    if (!fitting.empty()) return random_.Pick(fitting)->text;
  }
  return Literal(kind, 8, &random_);
}

std::string Expressions::Make(Kind kind, const Leaves& leaves, int depth, bool subqueries) {
  if (depth <= 0 || random_.Chance(25)) return Simple(kind, leaves);
  if (subqueries && random_.Chance(8)) return "(" + subqueries_.Scalar(kind, leaves) + ")";
  if (random_.Chance(20)) return Conditional(kind, leaves, depth - 1, subqueries);
  switch (kind) {
    case Kind::kInteger:
      return Integer(leaves, depth - 1, subqueries);
    case Kind::kText:
      return Text(leaves, depth - 1, subqueries);
    case Kind::kNumber:
      return Number(leaves, depth - 1, subqueries);
    case Kind::kBoolean:
      return Predicate(leaves, depth - 1, subqueries);
    case Kind::kDate:
      return Simple(kind, leaves);
  }
  return "";
}

std::string Expressions::Conditional(Kind kind, const Leaves& leaves, int depth, bool subqueries) {
  const auto part = [&] { return Make(kind, leaves, depth, subqueries); };
  switch (random_.Below(4)) {
    case 0:
      return fmt::format("coalesce({}, {})", part(), part());
    case 1:
      return fmt::format("nullif({}, {})", part(), Simple(kind, leaves));
    case 2: {
      const Kind tested = LeafKind(leaves);
      return fmt::format("CASE {} WHEN {} THEN {} ELSE {} END", Simple(tested, leaves),
                         Simple(tested, leaves), part(), part());
    }
    default: {
      std::string text =
          fmt::format("CASE WHEN {} THEN {}", Predicate(leaves, depth, subqueries), part());
      if (random_.Chance(30))
        text += fmt::format(" WHEN {} THEN {}", Predicate(leaves, depth, false), part());
      if (random_.Chance(80)) text += " ELSE " + part();
      return text + " END";
    }
  }
}

std::string Expressions::Integer(const Leaves& leaves, int depth, bool subqueries) {
  const auto part = [&] { return Make(Kind::kInteger, leaves, depth, subqueries); };
  switch (random_.Below(9)) {
    case 0:
      return fmt::format("({} - {})", part(), part());
    case 1:
      return fmt::format("({} * {})", part(), random_.Between(2, 4));
    case 2:
      return fmt::format("({} / nullif({}, 0))", part(), Simple(Kind::kInteger, leaves));
    case 3:
      return fmt::format("({} % nullif({}, 0))", part(), Simple(Kind::kInteger, leaves));
    case 4:
      return fmt::format("(- {})", part());
    case 5:
      return fmt::format("abs({})", part());
    case 6:
      return fmt::format("length({})", Make(Kind::kText, leaves, depth, subqueries));
    default:
      return fmt::format("({} + {})", part(), part());
  }
}

std::string Expressions::Text(const Leaves& leaves, int depth, bool subqueries) {
  const auto part = [&] { return Make(Kind::kText, leaves, depth, subqueries); };
  switch (random_.Below(8)) {
    case 0:
      return fmt::format("upper({})", part());
    case 1:
      return fmt::format("lower({})", part());
    case 2:
      return fmt::format("substr({}, {}, {})", part(), random_.Between(1, 3),
                         random_.Between(0, 3));
    case 3:
      return fmt::format("replace({}, '{}', '{}')", part(), random_.Word({"a", "b", "ab"}),
                         random_.Word({"", "x", "bb"}));
    case 4:
      return fmt::format("trim({})", part());
    case 5:
      return fmt::format("CAST({} AS text)", Make(Kind::kInteger, leaves, depth, subqueries));
    default:
      return fmt::format("({} || {})", Simple(Kind::kText, leaves), part());
  }
}

std::string Expressions::Number(const Leaves& leaves, int depth, bool subqueries) {
  const auto part = [&] { return Make(Kind::kNumber, leaves, depth, subqueries); };
  switch (random_.Below(6)) {
    case 0:
      return fmt::format("({} - {})", part(), part());
    case 1:
      return fmt::format("({} * {})", part(), random_.Word({"2.0", "0.5", "1.5"}));
    case 2:
      return fmt::format("(- {})", part());
    case 3:
      return fmt::format("abs({})", part());
    case 4:
      return fmt::format("CAST({} AS double precision)",
                         Make(Kind::kInteger, leaves, depth, subqueries));
    default:
      return fmt::format("({} + {})", part(), part());
  }
}

std::string Expressions::Predicate(const Leaves& leaves, int depth, bool subqueries) {
  const size_t dice = random_.Below(100);
  if (depth > 0 && dice < 12) {
    return fmt::format("({} AND {})", Predicate(leaves, depth - 1, subqueries),
                       Predicate(leaves, depth - 1, subqueries));
  }
  if (depth > 0 && dice < 24) {
    return fmt::format("({} OR {})", Predicate(leaves, depth - 1, subqueries),
                       Predicate(leaves, depth - 1, subqueries));
  }
  if (depth > 0 && dice < 31)
    return fmt::format("(NOT {})", Predicate(leaves, depth - 1, subqueries));
  if (dice < 36) return "(" + Simple(Kind::kBoolean, leaves) + ")";
  if (dice < 43) return NullTest(leaves, depth - 1, subqueries);
  if (dice < 47) {
    return fmt::format("({} IS {}{})", Predicate(leaves, depth - 1, false),
                       random_.Word({"", "NOT "}), random_.Word({"TRUE", "FALSE"}));
  }
  if (dice < 53) return Like(leaves, depth - 1);
  if (dice < 60) return Membership(leaves, depth - 1);
  if (dice < 63) return RowComparison(leaves);
  if (subqueries && dice < 76) return Quantified(leaves, depth);
  return Comparison(leaves, depth - 1, subqueries);
}

std::string Expressions::NullTest(const Leaves& leaves, int depth, bool subqueries) {
  std::string tested = Make(LeafKind(leaves), leaves, depth, subqueries);
  for (const Leaf& leaf : leaves) {
    // SQLite 3.40 takes a column declared NOT NULL for such on the padded side of RIGHT and FULL
    // JOIN too.
    if (dialect_ == Dialect::kShared && leaf.not_null && leaf.text == tested)
      tested = fmt::format("coalesce({0}, {0})", tested);
  }
  return fmt::format("({} IS {}NULL)", tested, random_.Word({"", "NOT "}));
}

std::string Expressions::Comparison(const Leaves& leaves, int depth, bool subqueries) {
  const Kind kind = LeafKind(leaves);
  const std::string left = Make(kind, leaves, depth, subqueries);
  if (random_.Chance(12)) {
    return fmt::format("({} {}BETWEEN {} AND {})", left, random_.Word({"", "", "NOT "}),
                       Simple(kind, leaves), Simple(kind, leaves));
  }
  if (random_.Chance(10)) {
    return fmt::format("({} IS {}DISTINCT FROM {})", left, random_.Word({"", "NOT "}),
                       Simple(kind, leaves));
  }
  const std::string op = random_.Word({"=", "=", "=", "<>", "<", "<=", ">", ">="});
  return fmt::format("({} {} {})", left, op, Make(kind, leaves, depth, false));
}

std::string Expressions::Membership(const Leaves& leaves, int depth) {
  const Kind kind = LeafKind(leaves);
  std::string text =
      fmt::format("({} {}IN (", Make(kind, leaves, depth, false), random_.Word({"", "", "NOT "}));
  const size_t count = random_.Chance(15) ? 12 : 1 + random_.Below(4);
  for (size_t i = 0; i < count; ++i) {
    if (i != 0) text += ", ";
    text += random_.Chance(80) ? Literal(kind, 5, &random_) : Simple(kind, leaves);
  }
  return text + "))";
}

std::string Expressions::Like(const Leaves& leaves, int depth) {
  const std::string pattern = random_.Chance(85)
                                  ? random_.Word({"'a%'", "'%b'", "'%a%'", "'_b%'", "'%'", "''",
                                                  "'a_'", "'%a%b%'", "'ab'", "'__'"})
                                  : Simple(Kind::kText, leaves);
  return fmt::format("({} {}LIKE {})", Make(Kind::kText, leaves, depth, false),
                     random_.Word({"", "", "NOT "}), pattern);
}

std::string Expressions::RowComparison(const Leaves& leaves) {
  const Kind first = LeafKind(leaves);
  const Kind second = LeafKind(leaves);
  return fmt::format("(({}, {}) {} ({}, {}))", Simple(first, leaves), Simple(second, leaves),
                     random_.Word({"=", "<>", "<", "<=", ">", ">="}), Simple(first, leaves),
                     Simple(second, leaves));
}

std::string Expressions::Quantified(const Leaves& leaves, int depth) {
  const Kind kind = LeafKind(leaves);
  const size_t dice = random_.Below(100);
  if (dice < 35) {
    return fmt::format("({}EXISTS ({}))", random_.Word({"", "NOT "}),
                       subqueries_.Rows({kind}, leaves));
  }
  if (dice < 45) {
    const Kind second = LeafKind(leaves);
    return fmt::format("(({}, {}) {}IN ({}))", Simple(kind, leaves), Simple(second, leaves),
                       random_.Word({"", "NOT "}), subqueries_.Rows({kind, second}, leaves));
  }
  const std::string tested = Make(kind, leaves, depth - 1, false);
  if (dialect_ == Dialect::kOwn && dice < 70) {
    return fmt::format("({} {} {} ({}))", tested, random_.Word({"=", "<>", "<", "<=", ">", ">="}),
                       random_.Word({"ANY", "ALL"}), subqueries_.Rows({kind}, leaves));
  }
  return fmt::format("({} {}IN ({}))", tested, random_.Word({"", "NOT "}),
                     subqueries_.Rows({kind}, leaves));
}

std::string Expressions::Equality(const Leaves& left, const Leaves& right) {
  for (int i = 0; i < 5 && !left.empty() && !right.empty(); ++i) {
    const Leaf& one = random_.Pick(left);
    const Leaf& other = random_.Pick(right);
    if (one.kind == other.kind) return fmt::format("{} = {}", one.text, other.text);
  }
  return "";
}

}  // namespace driftdb::differential
