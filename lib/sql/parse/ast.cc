#include "sql/parse/ast.h"

#include <utility>

namespace driftdb::sql {

AstBinary::~AstBinary() {
  // A chain a + b + c + ... of any length is unlinked from the top, so that no destructor recurses
  // into another link (AST-2).
  AstExprPtr link = std::move(left);
  while (link != nullptr && link->kind == AstExprKind::kBinary) {
    AstExprPtr below = std::move(link->As<AstBinary>().left);
    link = std::move(below);
  }
}

AstIn::AstIn(uint32_t p) : AstExpr(kKind, p) {}
AstIn::~AstIn() = default;
AstSubquery::AstSubquery(uint32_t p) : AstExpr(kKind, p) {}
AstSubquery::~AstSubquery() = default;
AstQuantified::AstQuantified(uint32_t p) : AstExpr(kKind, p) {}
AstQuantified::~AstQuantified() = default;

AstTableRef::~AstTableRef() {
  AstTableRefPtr link = std::move(left);  // (AST-3)
  while (link != nullptr) {
    AstTableRefPtr below = std::move(link->left);
    link = std::move(below);
  }
}

AstSelect::~AstSelect() {
  AstSelectPtr link = std::move(left);  // (AST-3)
  while (link != nullptr) {
    AstSelectPtr below = std::move(link->left);
    link = std::move(below);
  }
}

AstCte::AstCte() = default;
AstCte::AstCte(AstCte&&) noexcept = default;
AstCte& AstCte::operator=(AstCte&&) noexcept = default;
AstCte::~AstCte() = default;
AstCopy::AstCopy() = default;
AstCopy::~AstCopy() = default;
AstExplain::AstExplain() = default;
AstExplain::~AstExplain() = default;
AstPrepare::AstPrepare() = default;
AstPrepare::~AstPrepare() = default;

}  // namespace driftdb::sql
