#include "history.h"

#include <algorithm>
#include <set>

namespace isolation {

namespace {

constexpr int kInitial = -1;  // the writer of the initial values

struct Version {
  int writer = kInitial;
  int64_t next = -1;  // value that replaced it
  bool has_next = false;
  bool last_of_writer = true;
  bool committed = true;
};

class Checker {
 public:
  explicit Checker(const History& history) : history_(history) {}

  std::vector<std::string> Check() {
    CollectVersions();
    OrderVersions();
    if (problems_.empty()) JudgeReads();
    if (problems_.empty()) JudgeGraph();
    return problems_;
  }

 private:
  // Nodes of the graph: transactions, then single reading statements of READ COMMITTED
  // transactions.
  using Edges = std::vector<std::set<size_t>>;

  void Problem(const std::string& text) {
    if (problems_.size() < 20) problems_.push_back(text);
  }
  static std::string Name(int transaction) {
    return transaction == kInitial ? "the initial state" : "T" + std::to_string(transaction);
  }
  Version* Find(int row, int64_t value) {
    const auto it = versions_.find({row, value});
    return it == versions_.end() ? nullptr : &it->second;
  }

  void CollectVersions() {
    for (const auto& [row, value] : history_.initial) versions_[{row, value}] = Version();
    for (size_t t = 0; t < history_.transactions.size(); ++t) {
      const RecordedTransaction& transaction = history_.transactions[t];
      std::map<int, int64_t> newest;
      for (const Operation& operation : transaction.operations) {
        for (const Write& write : operation.writes) {
          Version version;
          version.writer = static_cast<int>(t);
          version.committed =
              transaction.end == RecordedTransaction::End::kCommitted && !operation.undone;
          version.last_of_writer = !operation.undone;
          versions_[{write.row, write.value}] = version;
          if (operation.undone) continue;
          const auto before = newest.find(write.row);
          if (before != newest.end()) Find(write.row, before->second)->last_of_writer = false;
          newest[write.row] = write.value;
        }
      }
    }
  }

  // Each committed write replaced a committed value (or its own), each value was replaced once, and
  // the chains end in the last state: nothing was lost.
  void OrderVersions() {
    for (size_t t = 0; t < history_.transactions.size(); ++t) {
      const RecordedTransaction& transaction = history_.transactions[t];
      for (const Operation& operation : transaction.operations) {
        for (const Write& write : operation.writes) JudgeWrite(static_cast<int>(t), write);
      }
    }
    for (const auto& [row, value] : history_.initial) {
      int64_t at = value;
      for (size_t steps = 0; steps <= versions_.size(); ++steps) {
        const Version* version = Find(row, at);
        if (version == nullptr || !version->has_next) break;
        at = version->next;
      }
      const auto last = history_.last.find(row);
      if (last == history_.last.end() || last->second != at) {
        Problem("row " + std::to_string(row) + ": the last committed value " + std::to_string(at) +
                " is not in the last state");
      }
    }
  }
  void JudgeWrite(int t, const Write& write) {
    const Version* own = Find(write.row, write.value);
    Version* replaced = Find(write.row, write.replaced);
    const std::string where =
        Name(t) + " row " + std::to_string(write.row) + " value " + std::to_string(write.replaced);
    if (replaced == nullptr) {
      Problem(where + ": replaced a value that nobody wrote");
      return;
    }
    if (!replaced->committed && (replaced->writer != t || own->committed)) {
      Problem(where + ": G0, G1a: replaced a value of " + Name(replaced->writer) +
              ", which was rolled back");
    }
    if (replaced->writer != t && !replaced->last_of_writer) {
      Problem(where + ": G0: replaced a value that was not the last of " + Name(replaced->writer));
    }
    if (!own->committed) return;
    if (replaced->has_next) {
      Problem(where + ": lost update: " + Name(Find(write.row, replaced->next)->writer) +
              " replaced it too");
    }
    replaced->has_next = true;
    replaced->next = write.value;
  }

  void JudgeReads() {
    for (size_t t = 0; t < history_.transactions.size(); ++t) {
      const std::vector<Operation>& operations = history_.transactions[t].operations;
      for (size_t i = 0; i < operations.size(); ++i) {
        const Operation& operation = operations[i];
        const std::map<int, int64_t> own = OwnWrites(operations, i);
        std::set<int> seen;
        for (const Read& read : operation.reads) {
          if (!seen.insert(read.row).second) {
            Problem(Name(static_cast<int>(t)) + ": read row " + std::to_string(read.row) +
                    " twice in one statement");
          }
          JudgeRead(static_cast<int>(t), read, own);
        }
      }
    }
  }
  // What the transaction itself has written and not taken back when operation `at` begins.
  static std::map<int, int64_t> OwnWrites(const std::vector<Operation>& operations, size_t at) {
    std::map<int, int64_t> own;
    for (size_t i = 0; i < at; ++i) {
      if (operations[i].undone && operations[i].undone_at <= at) continue;
      for (const Write& write : operations[i].writes) own[write.row] = write.value;
    }
    return own;
  }
  void JudgeRead(int t, const Read& read, const std::map<int, int64_t>& own) {
    const std::string where =
        Name(t) + " read row " + std::to_string(read.row) + " value " + std::to_string(read.value);
    const Version* version = Find(read.row, read.value);
    const auto mine = own.find(read.row);
    if (version == nullptr) {
      Problem(where + ": nobody wrote it");
    } else if (mine != own.end()) {
      if (mine->second != read.value) Problem(where + ": not its own last write");
    } else if (version->writer == t) {
      Problem(where + ": its own write, undone or to come");
    } else if (!version->committed) {
      Problem(where + ": G1a: " + Name(version->writer) + " was rolled back");
    } else if (!version->last_of_writer) {
      Problem(where + ": G1b: not the last write of " + Name(version->writer));
    }
  }

  void JudgeGraph() {
    const size_t count = history_.transactions.size();
    size_t nodes = count;
    for (const RecordedTransaction& transaction : history_.transactions) {
      if (!transaction.repeatable) nodes += transaction.operations.size();
    }
    Edges depends(nodes), anti(nodes);
    size_t statement = count;
    for (size_t t = 0; t < count; ++t) {
      const RecordedTransaction& transaction = history_.transactions[t];
      for (const Operation& operation : transaction.operations) {
        // A READ COMMITTED statement has a snapshot of its own; its transaction has none.
        const size_t reader = transaction.repeatable ? t : statement++;
        for (const Read& read : operation.reads) AddRead(t, reader, read, &depends, &anti);
        for (const Write& write : operation.writes) AddWrite(t, write, operation, &depends);
      }
    }
    AddRealTime(&depends);
    FindCircle(depends, "G1c");
    Edges both = depends;
    for (size_t a = 0; a < nodes; ++a) {
      for (const size_t b : depends[a]) both[a].insert(anti[b].begin(), anti[b].end());
    }
    FindCircle(both, "G-single or another circle that no snapshot explains");
  }
  bool Committed(size_t t) const {
    return history_.transactions[t].end == RecordedTransaction::End::kCommitted;
  }
  void AddRead(size_t t, size_t reader, const Read& read, Edges* depends, Edges* anti) {
    const Version* version = Find(read.row, read.value);
    if (version->writer == static_cast<int>(t)) return;
    if (version->writer != kInitial) {
      (*depends)[static_cast<size_t>(version->writer)].insert(reader);
      if (reader != t && Committed(t)) (*depends)[static_cast<size_t>(version->writer)].insert(t);
    }
    // Who replaced what was read, as a whole transaction.
    const Version* at = version;
    while (at->has_next && Find(read.row, at->next)->writer == version->writer) {
      at = Find(read.row, at->next);
    }
    if (!at->has_next) return;
    const int next = Find(read.row, at->next)->writer;
    if (next != static_cast<int>(t)) (*anti)[reader].insert(static_cast<size_t>(next));
  }
  void AddWrite(size_t t, const Write& write, const Operation& operation, Edges* depends) {
    if (!Committed(t) || operation.undone) return;
    const int before = Find(write.row, write.replaced)->writer;
    if (before != kInitial && before != static_cast<int>(t)) {
      (*depends)[static_cast<size_t>(before)].insert(t);
    }
  }
  // What had ended before the other began was there for it to see: also the order of each session.
  void AddRealTime(Edges* depends) {
    for (size_t a = 0; a < history_.transactions.size(); ++a) {
      if (!Committed(a)) continue;
      for (size_t b = 0; b < history_.transactions.size(); ++b) {
        if (history_.transactions[a].ended < history_.transactions[b].begin)
          (*depends)[a].insert(b);
      }
    }
  }

  void FindCircle(const Edges& edges, const std::string& what) {
    std::vector<int> colour(edges.size(), 0);
    for (size_t start = 0; start < edges.size(); ++start) {
      if (colour[start] != 0) continue;
      std::vector<std::pair<size_t, std::set<size_t>::const_iterator>> path;
      colour[start] = 1;
      path.emplace_back(start, edges[start].begin());
      while (!path.empty()) {
        auto& [node, next] = path.back();
        if (next == edges[node].end()) {
          colour[node] = 2;
          path.pop_back();
          continue;
        }
        const size_t to = *next++;
        if (colour[to] == 1) {
          std::string text = what + ":";
          bool inside = false;
          for (const auto& [on, unused] : path) {
            inside = inside || on == to;
            if (inside) text += " " + Name(static_cast<int>(on));
          }
          Problem(text);
          return;
        }
        if (colour[to] == 0) {
          colour[to] = 1;
          path.emplace_back(to, edges[to].begin());
        }
      }
    }
  }

  const History& history_;
  std::map<std::pair<int, int64_t>, Version> versions_;
  std::vector<std::string> problems_;
};

}  // namespace

std::vector<std::string> CheckHistory(const History& history) { return Checker(history).Check(); }

}  // namespace isolation
