// Type names: the standard's multi-word spellings, modifiers, arrays, interval fields.
#include <charconv>
#include <utility>

#include "base/error.h"
#include "sql/parse/parser.h"

namespace driftdb::sql {

TypeName Parser::ParseTypeName() {
  TypeName type;
  type.position = Position();
  if (At(Keyword::kSetof)) {
    FailUnsupported("SETOF");
    return type;
  }
  const bool keyword_type =
      AtKeywordType() || (At(Keyword::kDouble) && PeekIs(1, Keyword::kPrecision));
  if (keyword_type) {
    ParseKeywordType(&type);
    if (!type.name.empty() && type.name[0] == "interval" && type.modifiers.empty()) {
      ParseIntervalFields(&type);
    }
  } else if (IsTypeFunctionName(current_)) {
    type.name.push_back(TakeWord());
    while (Accept(TokenKind::kDot)) type.name.push_back(ParseLabel());
    if (At(TokenKind::kLeftParen)) ParseTypeModifiers(&type);
  } else {
    FailHere();
  }
  ParseArrayDims(&type);
  return type;
}

// NOLINTNEXTLINE(readability-function-size): one case per type
void Parser::ParseKeywordType(TypeName* type) {
  const Keyword keyword = current_.keyword;
  const char* name = "";
  switch (keyword) {
    case Keyword::kInt:
    case Keyword::kInteger:
      name = "int4";
      break;
    case Keyword::kBigint:
      name = "int8";
      break;
    case Keyword::kSmallint:
      name = "int2";
      break;
    case Keyword::kReal:
      name = "float4";
      break;
    case Keyword::kDouble:
      name = "float8";
      break;
    case Keyword::kBoolean:
      name = "bool";
      break;
    case Keyword::kDec:
    case Keyword::kDecimal:
    case Keyword::kNumeric:
      name = "numeric";
      break;
    case Keyword::kFloat:
      name = "float8";
      break;
    case Keyword::kTimestamp:
      name = "timestamp";
      break;
    case Keyword::kTime:
      name = "time";
      break;
    case Keyword::kInterval:
      name = "interval";
      break;
    case Keyword::kBit:
      name = "bit";
      break;
    default:
      ParseCharacterType(type);
      return;
  }
  type->name.emplace_back(name);
  Advance();
  switch (keyword) {
    case Keyword::kDouble:
      Expect(Keyword::kPrecision);
      break;
    case Keyword::kDec:
    case Keyword::kDecimal:
    case Keyword::kNumeric:
    case Keyword::kInterval:
      if (At(TokenKind::kLeftParen)) ParseTypeModifiers(type);
      break;
    case Keyword::kFloat:
      if (At(TokenKind::kLeftParen)) {
        ParseTypeModifiers(type);
        const int64_t bits = type->modifiers.empty() ? 53 : type->modifiers[0];
        type->modifiers.clear();
        if (bits < 1 || bits > 53) {
          FailAt(type->position,
                 Error(sqlstate::kInvalidParameterValue, "precision for type float must be {}",
                       bits < 1 ? "at least 1 bit" : "less than 54 bits"));
        }
        if (bits <= 24) type->name[0] = "float4";
      }
      break;
    case Keyword::kTimestamp:
    case Keyword::kTime:
      if (At(TokenKind::kLeftParen)) ParseTypeModifiers(type);
      ParseTimeZoneSuffix(type);
      break;
    case Keyword::kBit: {
      const bool varying = Accept(Keyword::kVarying);
      if (varying) type->name[0] = "varbit";
      if (At(TokenKind::kLeftParen)) {
        ParseTypeModifiers(type);
      } else if (!varying) {
        type->modifiers.push_back(1);
      }
      break;
    }
    default:
      break;
  }
}

// CHAR, CHARACTER [VARYING], NATIONAL CHAR, NCHAR, VARCHAR.
void Parser::ParseCharacterType(TypeName* type) {
  bool varying = At(Keyword::kVarchar);
  if (Accept(Keyword::kNational) && !At(Keyword::kChar) && !At(Keyword::kCharacter)) FailHere();
  Advance();
  if (!varying && Accept(Keyword::kVarying)) varying = true;
  type->name.emplace_back(varying ? "varchar" : "bpchar");
  if (At(TokenKind::kLeftParen)) {
    ParseTypeModifiers(type);
  } else if (!varying) {
    type->modifiers.push_back(1);
  }
}

void Parser::ParseTypeModifiers(TypeName* type) {
  Expect(TokenKind::kLeftParen);
  do {
    const std::string text = ParseSignedNumber(true);
    int64_t value = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (!failed_ && error != std::errc()) {
      Fail(Error(sqlstate::kNumericOutOfRange, "type modifier {} is out of range", text));
    }
    type->modifiers.push_back(value);
  } while (Accept(TokenKind::kComma));
  Expect(TokenKind::kRightParen);
}

void Parser::ParseTimeZoneSuffix(TypeName* type) {
  if (At(Keyword::kWith) && PeekIs(1, Keyword::kTime)) {
    Advance();
    Advance();
    Expect(Keyword::kZone);
    type->name[0] += "tz";
  } else if (At(Keyword::kWithout) && PeekIs(1, Keyword::kTime)) {
    Advance();
    Advance();
    Expect(Keyword::kZone);
  }
}

void Parser::ParseArrayDims(TypeName* type) {
  if (Accept(Keyword::kArray)) {
    if (!At(TokenKind::kLeftBracket)) {
      type->array_dims.push_back(-1);
      return;
    }
  }
  while (Accept(TokenKind::kLeftBracket)) {
    int32_t bound = -1;
    if (At(TokenKind::kInteger)) {
      const std::string text = ParseSignedNumber(true);
      auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bound);
      if (error != std::errc()) {
        Fail(Error(sqlstate::kNumericOutOfRange, "array bound {} is out of range", text));
      }
    }
    type->array_dims.push_back(bound);
    Expect(TokenKind::kRightBracket);
  }
}

void Parser::ParseIntervalFields(TypeName* type) {
  const auto to = [this](Keyword keyword) {
    if (!At(Keyword::kTo) || !PeekIs(1, keyword)) return false;
    Advance();
    Advance();
    return true;
  };
  IntervalFields fields = IntervalFields::kAll;
  bool second = false;
  if (Accept(Keyword::kYear)) {
    fields = to(Keyword::kMonth) ? IntervalFields::kYearToMonth : IntervalFields::kYear;
  } else if (Accept(Keyword::kMonth)) {
    fields = IntervalFields::kMonth;
  } else if (Accept(Keyword::kDay)) {
    fields = IntervalFields::kDay;
    if (to(Keyword::kHour)) fields = IntervalFields::kDayToHour;
    if (to(Keyword::kMinute)) fields = IntervalFields::kDayToMinute;
    if (to(Keyword::kSecond)) second = true, fields = IntervalFields::kDayToSecond;
  } else if (Accept(Keyword::kHour)) {
    fields = IntervalFields::kHour;
    if (to(Keyword::kMinute)) fields = IntervalFields::kHourToMinute;
    if (to(Keyword::kSecond)) second = true, fields = IntervalFields::kHourToSecond;
  } else if (Accept(Keyword::kMinute)) {
    fields = IntervalFields::kMinute;
    if (to(Keyword::kSecond)) second = true, fields = IntervalFields::kMinuteToSecond;
  } else if (Accept(Keyword::kSecond)) {
    second = true;
    fields = IntervalFields::kSecond;
  }
  type->interval_fields = fields;
  if (second && At(TokenKind::kLeftParen)) ParseTypeModifiers(type);
}

}  // namespace driftdb::sql
