#include "queries.h"

#include <algorithm>

#include <fmt/format.h>

namespace driftdb::differential {

namespace {

constexpr int kQueryDepthMax = 3;

bool QueryIsPlain(const Leaf& leaf) { return leaf.text.find('.') == std::string::npos; }

// Merged columns have no qualified name and are not visible further in, where the name may mean
// another column.
Leaves QueryBoth(const Leaves& inner, const Leaves& outer) {
  Leaves both = inner;
  for (const Leaf& leaf : outer) {
    if (!QueryIsPlain(leaf)) both.push_back(leaf);
  }
  return both;
}

// The value of a block without groups, with an aggregate in it: else there would be a row for each
// row.
std::string QueryAggregated(const std::string& value) {
  for (const char* call : {"count(", "sum(", "min(", "max("}) {
    if (value.find(call) != std::string::npos) return value;
  }
  return "CASE WHEN count(*) >= 0 THEN " + value + " END";
}

}  // namespace

Leaves Queries::TableLeaves(const TableModel& table, const std::string& alias) {
  Leaves leaves;
  for (const ColumnModel& column : table.columns)
    leaves.push_back({alias + "." + column.name, column.kind, column.not_null});
  return leaves;
}

std::vector<Kind> Queries::AnyKinds(size_t most) {
  std::vector<Kind> kinds;
  const size_t count = 1 + random_.Below(most);
  for (size_t i = 0; i < count; ++i) {
    kinds.push_back(random_.Chance(60) ? Kind::kInteger : static_cast<Kind>(random_.Below(kKinds)));
  }
  return kinds;
}

Queries::Source Queries::TableSource() {
  const std::string alias = "x" + std::to_string(next_alias_++);
  if (!definitions_.empty() && random_.Chance(50)) {
    const Source& definition = random_.Pick(definitions_);
    Source source{definition.text + " AS " + alias, definition.leaves};
    for (Leaf& leaf : source.leaves) leaf.text = alias + "." + leaf.text;
    return source;
  }
  const TableModel& table = random_.Pick(schema_.tables);
  return {table.name + " AS " + alias, TableLeaves(table, alias)};
}

Queries::Source Queries::DerivedSource(const Leaves& outer) {
  const std::string alias = "x" + std::to_string(next_alias_++);
  const std::vector<Kind> kinds = AnyKinds(3);
  std::string sql = Block(kinds, outer);
  if (random_.Chance(25)) {
    sql += Ordering(kinds.size()) + fmt::format(" LIMIT {}", 1 + random_.Below(6));
    if (random_.Chance(30)) sql += fmt::format(" OFFSET {}", random_.Below(4));
  }
  Source source{"(" + sql + ") AS " + alias, {}};
  for (size_t i = 0; i < kinds.size(); ++i)
    source.leaves.push_back({fmt::format("{}.c{}", alias, i), kinds[i]});
  return source;
}

// A derived table that sees its neighbours on the left.
Queries::Source Queries::LateralSource(const Leaves& outer) {
  Source source = DerivedSource(outer);
  source.text = "LATERAL " + source.text;
  return source;
}

Queries::Source Queries::AnySource(const Leaves& outer) {
  return depth_ < kQueryDepthMax && random_.Chance(15) ? DerivedSource(outer) : TableSource();
}

Queries::Source Queries::From(const Leaves& outer, size_t most) {
  Source source = AnySource(outer);
  const size_t joins = random_.Below(most);
  for (size_t i = 0; i < joins && !source.closed; ++i) Join(&source, outer);
  return source;
}

// The columns that both have under one name become one; empty when there is none of one kind.
std::string Queries::JoinUsing(Source* left, const Source& right, const std::string& word) {
  for (const Leaf& leaf : right.leaves) {
    const std::string name = leaf.text.substr(leaf.text.find('.') + 1);
    size_t found = 0;
    Leaf* match = nullptr;
    for (Leaf& candidate : left->leaves) {
      const size_t dot = candidate.text.find('.');
      if (candidate.text.substr(dot + 1) != name) continue;
      ++found;
      match = &candidate;
    }
    if (found != 1 || match->kind != leaf.kind || random_.Chance(30)) continue;
    match->text = name;
    return fmt::format(" {} {} USING ({})", word, right.text, name);
  }
  return "";
}

void Queries::Join(Source* left, const Leaves& outer) {
  const bool own = dialect_ == Expressions::Dialect::kOwn;
  std::string word =
      random_.Word({"JOIN", "JOIN", "JOIN", "LEFT JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN"});
  // SQLite 3.40 errs where RIGHT and FULL JOIN meet other joins.
  const bool pads_left = word == "RIGHT JOIN" || word == "FULL JOIN";
  if (!own && pads_left) {
    if (left->joined) word = "LEFT JOIN";
    left->closed = left->closed || word != "LEFT JOIN";
  }
  left->joined = true;
  const bool lateral = own && depth_ < kQueryDepthMax && random_.Chance(20);
  Source right = lateral ? LateralSource(QueryBoth(left->leaves, outer)) : AnySource(outer);
  if (lateral && word != "JOIN") word = "LEFT JOIN";
  if (!lateral && random_.Chance(10)) {
    const std::string text = JoinUsing(left, right, word);
    if (!text.empty()) {
      left->text += text;
      left->closed = true;
      const std::string name = text.substr(text.rfind('(') + 1, text.size() - text.rfind('(') - 2);
      for (Leaf& leaf : right.leaves) {
        if (leaf.text.substr(leaf.text.find('.') + 1) != name)
          left->leaves.push_back(std::move(leaf));
      }
      return;
    }
  }
  std::string condition = expressions_.Equality(left->leaves, right.leaves);
  const Leaves both = QueryBoth(QueryBoth(left->leaves, right.leaves), outer);
  // PostgreSQL refuses a full join without an equality.
  if (condition.empty() && word == "FULL JOIN") word = "LEFT JOIN";
  if (condition.empty() || (word != "FULL JOIN" && random_.Chance(8))) {
    condition = expressions_.Predicate(both, 1, false);
  }
  if (random_.Chance(25))
    condition += " AND " +
                 expressions_.Predicate(
                     both, 1, word != "FULL JOIN" && depth_ < kQueryDepthMax && random_.Chance(30));
  if (word == "JOIN" && random_.Chance(8)) {
    left->text += " CROSS JOIN " + right.text;
  } else {
    left->text += fmt::format(" {} {} ON {}", word, right.text, condition);
  }
  left->leaves.insert(left->leaves.end(), right.leaves.begin(), right.leaves.end());
}

std::string Queries::Where(const Source& from, const Leaves& outer) {
  std::string condition;
  if (!outer.empty() && random_.Chance(75))
    condition = expressions_.Equality(from.leaves, QueryBoth({}, outer));
  if (condition.empty() || random_.Chance(50)) {
    if (random_.Chance(20) && condition.empty()) return "";
    if (!condition.empty()) condition += " AND ";
    condition += expressions_.Predicate(QueryBoth(from.leaves, outer), 2, depth_ < kQueryDepthMax);
  }
  return " WHERE " + condition;
}

Leaf Queries::Aggregate(const Leaves& leaves) {
  const Kind kind = leaves.empty() ? Kind::kInteger : random_.Pick(leaves).kind;
  const std::string argument = expressions_.Make(kind, leaves, 1, false);
  const std::string distinct = random_.Chance(20) ? "DISTINCT " : "";
  const std::string filter =
      random_.Chance(15) ? " FILTER (WHERE " + expressions_.Predicate(leaves, 1, false) + ")" : "";
  const size_t dice = random_.Below(100);
  if (dice < 25) return {"count(*)" + filter, Kind::kInteger};
  if (dice < 45) return {fmt::format("count({}{}){}", distinct, argument, filter), Kind::kInteger};
  if (kind == Kind::kBoolean) return {"count(*)", Kind::kInteger};
  if (dice < 70 && (kind == Kind::kInteger || kind == Kind::kNumber)) {
    // The sum of bigints is numeric, whose quotients are not SQLite's.
    return {fmt::format("CAST(sum({}{}){} AS {})", distinct, argument, filter, TypeName(kind)),
            kind};
  }
  return {fmt::format("{}({}){}", random_.Word({"min", "max"}), argument, filter), kind};
}

std::string Queries::PlainBlock(const std::vector<Kind>& kinds, const Source& from,
                                const Leaves& outer) {
  const Leaves leaves = QueryBoth(from.leaves, outer);
  std::string sql = random_.Chance(15) ? "SELECT DISTINCT " : "SELECT ";
  for (size_t i = 0; i < kinds.size(); ++i) {
    if (i != 0) sql += ", ";
    sql += expressions_.Make(kinds[i], leaves, 2, depth_ < kQueryDepthMax) + " AS c" +
           std::to_string(i);
  }
  return sql + " FROM " + from.text + Where(from, outer);
}

std::string Queries::GroupingSets(const std::vector<std::string>& groups) {
  std::string list = groups[0];
  for (size_t i = 1; i < groups.size(); ++i) list += ", " + groups[i];
  if (dialect_ != Expressions::Dialect::kOwn || !random_.Chance(20)) return list;
  if (random_.Chance(50)) return random_.Word({"ROLLUP (", "CUBE ("}) + list + ")";
  return fmt::format("GROUPING SETS (({}), ({}), ())", list, groups[0]);
}

std::string Queries::GroupedBlock(const std::vector<Kind>& kinds, const Source& from,
                                  const Leaves& outer) {
  Leaves visible;  // what may stand above the grouping
  std::vector<std::string> groups;
  const size_t count = random_.Chance(20) ? 0 : 1 + random_.Below(2);
  for (size_t i = 0; i < count; ++i) {
    const Leaf& leaf = random_.Pick(from.leaves);
    const std::string text = random_.Chance(75)
                                 ? leaf.text
                                 : "(" + expressions_.Make(leaf.kind, from.leaves, 1, false) + ")";
    // A constant would be the number of a column.
    if (text != leaf.text &&
        (text.find('x') == std::string::npos || text.find('.') == std::string::npos))
      continue;
    groups.push_back(text);
    visible.push_back({text, leaf.kind});
  }
  const size_t aggregates = 1 + random_.Below(3);
  for (size_t i = 0; i < aggregates; ++i) visible.push_back(Aggregate(from.leaves));
  std::string sql = "SELECT ";
  for (size_t i = 0; i < kinds.size(); ++i) {
    if (i != 0) sql += ", ";
    const std::string value = expressions_.Make(kinds[i], visible, 1, false);
    sql += (groups.empty() ? QueryAggregated(value) : value) + " AS c" + std::to_string(i);
  }
  sql += " FROM " + from.text + Where(from, outer);
  if (!groups.empty()) sql += " GROUP BY " + GroupingSets(groups);
  if (groups.empty() || random_.Chance(35))
    sql += " HAVING " + expressions_.Predicate(visible, 1, false);
  return sql;
}

std::string Queries::SetOperation(const std::vector<Kind>& kinds, const Leaves& outer) {
  const bool own = dialect_ == Expressions::Dialect::kOwn;
  std::string sql = Block(kinds, outer);
  const size_t count = 1 + random_.Below(2);
  for (size_t i = 0; i < count; ++i) {
    std::string word = random_.Word({"UNION", "UNION ALL", "EXCEPT", "INTERSECT"});
    if (own && word != "UNION ALL" && random_.Chance(30)) word += " ALL";
    // Parentheses would be an error in SQLite, precedence differs: operands are derived tables.
    sql = fmt::format("SELECT * FROM ({}) AS l{} {} SELECT * FROM ({}) AS r{}", sql, next_alias_,
                      word, Block(kinds, outer), next_alias_ + 1);
    next_alias_ += 2;
  }
  return sql;
}

std::string Queries::Block(const std::vector<Kind>& kinds, const Leaves& outer) {
  ++depth_;
  std::string sql;
  if (depth_ < kQueryDepthMax && random_.Chance(12)) {
    sql = SetOperation(kinds, outer);
  } else {
    const Source from = From(outer, depth_ == 1 ? 3 : 2);
    sql = random_.Chance(30) ? GroupedBlock(kinds, from, outer) : PlainBlock(kinds, from, outer);
  }
  --depth_;
  return sql;
}

std::string Queries::Rows(const std::vector<Kind>& kinds, const Leaves& outer) {
  std::string sql = Block(kinds, outer);
  if (random_.Chance(6))
    sql += Ordering(kinds.size()) + fmt::format(" LIMIT {}", 1 + random_.Below(3));
  return sql;
}

std::string Queries::Scalar(Kind kind, const Leaves& outer) {
  ++depth_;
  std::string sql;
  const Source from = From(outer, 2);
  if (kind != Kind::kBoolean && random_.Chance(75)) {
    Leaves visible = {Aggregate(from.leaves), Aggregate(from.leaves)};
    sql = "SELECT " + QueryAggregated(expressions_.Make(kind, visible, 1, false)) + " FROM " +
          from.text + Where(from, outer);
  } else {
    sql = PlainBlock({kind}, from, outer) + Ordering(1) + " LIMIT 1";
    // SQLite 3.40 forgets the offset of some correlated SELECT DISTINCT.
    if (dialect_ == Expressions::Dialect::kOwn && random_.Chance(20)) sql += " OFFSET 1";
  }
  --depth_;
  return sql;
}

std::string Queries::Ordering(size_t columns) {
  std::string sql = " ORDER BY ";
  std::vector<size_t> order;
  for (size_t i = 1; i <= columns; ++i) order.push_back(i);
  random_.Shuffle(&order);
  for (size_t i = 0; i < order.size(); ++i) {
    if (i != 0) sql += ", ";
    sql += std::to_string(order[i]) + random_.Word({"", " ASC", " DESC"}) +
           random_.Word({" NULLS FIRST", " NULLS LAST"});
  }
  return sql;
}

std::string Queries::WithClause() {
  std::string sql;
  const size_t count = 1 + random_.Below(2);
  for (size_t i = 0; i < count; ++i) {
    const std::vector<Kind> kinds = AnyKinds(3);
    Source definition{"w" + std::to_string(i), {}};
    ++depth_;
    std::string body = Block(kinds, {});
    --depth_;
    std::string materialized = random_.Word({"", "", "MATERIALIZED ", "NOT MATERIALIZED "});
    sql +=
        fmt::format("{}{} AS {}({})", i == 0 ? "WITH " : ", ", definition.text, materialized, body);
    for (size_t c = 0; c < kinds.size(); ++c)
      definition.leaves.push_back({"c" + std::to_string(c), kinds[c]});
    definitions_.push_back(std::move(definition));
  }
  return sql + " ";
}

GeneratedQuery Queries::Query() {
  next_alias_ = 0;
  definitions_.clear();
  GeneratedQuery query;
  if (random_.Chance(15)) query.sql = WithClause();
  const std::vector<Kind> kinds = AnyKinds(4);
  query.sql += random_.Chance(15) ? SetOperation(kinds, {}) : Block(kinds, {});
  definitions_.clear();
  if (random_.Chance(40)) {
    query.ordered = true;
    query.sql += Ordering(kinds.size());
    if (random_.Chance(60)) query.sql += fmt::format(" LIMIT {}", random_.Below(12));
    if (random_.Chance(25)) query.sql += fmt::format(" OFFSET {}", random_.Below(5));
    // SQLite knows OFFSET only behind LIMIT.
    if (query.sql.find(" LIMIT ", query.sql.rfind(" ORDER BY ")) == std::string::npos) {
      const size_t offset = query.sql.find(" OFFSET ", query.sql.rfind(" ORDER BY "));
      if (offset != std::string::npos) query.sql.insert(offset, " LIMIT 1000000");
    }
  }
  return query;
}

Queries::Parts Queries::FromAndPredicate() {
  next_alias_ = 0;
  depth_ = 1;
  const Source from = From({}, 3);
  Parts parts{from.text, expressions_.Predicate(from.leaves, 3, true), ""};
  parts.output = random_.Pick(from.leaves).text + ", " + random_.Pick(from.leaves).text;
  depth_ = 0;
  return parts;
}

}  // namespace driftdb::differential
