#include "catalog/entries.h"

namespace driftdb::catalog {

int TableEntry::FindColumn(std::string_view column) const {
  for (size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].name == column) return static_cast<int>(i);
  }
  return -1;
}

const ConstraintEntry* TableEntry::primary_key() const {
  for (const ConstraintEntry& constraint : constraints) {
    if (constraint.type == ConstraintType::kPrimaryKey) return &constraint;
  }
  return nullptr;
}

}  // namespace driftdb::catalog
