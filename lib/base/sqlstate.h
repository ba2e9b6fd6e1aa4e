// SQLSTATE codes DriftDB reports: PostgreSQL's five-character codes, one constant per condition.
// Source: PostgreSQL documentation, appendix A; class 58 is used for host I/O, XX for internal
// errors.
#ifndef DRIFTDB_BASE_SQLSTATE_H_
#define DRIFTDB_BASE_SQLSTATE_H_

#include <cstring>
#include <string_view>

namespace driftdb {

// Five characters and a terminating NUL; trivially copyable and comparable.
struct SqlState {
  char code[6];
  constexpr std::string_view view() const { return {code, 5}; }
  friend bool operator==(const SqlState& a, const SqlState& b) {
    return std::memcmp(a.code, b.code, 5) == 0;
  }
};

namespace sqlstate {
// Class 00-08: success, warnings, connection.
inline constexpr SqlState kSuccess{"00000"};
inline constexpr SqlState kConnectionDoesNotExist{"08003"};
inline constexpr SqlState kFeatureNotSupported{"0A000"};
// Class 20-2B: data, constraints, transaction state.
inline constexpr SqlState kCardinalityViolation{"21000"};
inline constexpr SqlState kStringTooLong{"22001"};
inline constexpr SqlState kNumericOutOfRange{"22003"};
inline constexpr SqlState kNullNotAllowed{"22004"};
inline constexpr SqlState kInvalidDatetimeFormat{"22007"};
inline constexpr SqlState kDatetimeOverflow{"22008"};
inline constexpr SqlState kSubstringError{"22011"};
inline constexpr SqlState kDivisionByZero{"22012"};
inline constexpr SqlState kIntervalOverflow{"22015"};
inline constexpr SqlState kInvalidEscapeSequence{"22025"};
inline constexpr SqlState kInvalidRegex{"2201B"};
inline constexpr SqlState kInvalidLogArgument{"2201E"};
inline constexpr SqlState kInvalidPowerArgument{"2201F"};
inline constexpr SqlState kInvalidLimit{"2201W"};
inline constexpr SqlState kInvalidOffset{"2201X"};
inline constexpr SqlState kCharacterNotInRepertoire{"22021"};
inline constexpr SqlState kInvalidParameterValue{"22023"};
inline constexpr SqlState kInvalidTextRepresentation{"22P02"};
inline constexpr SqlState kBadCopyFileFormat{"22P04"};
inline constexpr SqlState kUntranslatableCharacter{"22P05"};
inline constexpr SqlState kIntegrityConstraint{"23000"};
inline constexpr SqlState kNotNullViolation{"23502"};
inline constexpr SqlState kForeignKeyViolation{"23503"};
inline constexpr SqlState kUniqueViolation{"23505"};
inline constexpr SqlState kCheckViolation{"23514"};
inline constexpr SqlState kInvalidCursorState{"24000"};
inline constexpr SqlState kActiveTransaction{"25001"};
inline constexpr SqlState kReadOnlyTransaction{"25006"};
inline constexpr SqlState kNoActiveTransaction{"25P01"};
inline constexpr SqlState kInFailedTransaction{"25P02"};
inline constexpr SqlState kInvalidPreparedStatement{"26000"};
inline constexpr SqlState kInvalidAuthorization{"28000"};
inline constexpr SqlState kDependentObjects{"2BP01"};
inline constexpr SqlState kInvalidSavepoint{"3B001"};
inline constexpr SqlState kInvalidSchemaName{"3F000"};
// Class 40: transaction rollback.
inline constexpr SqlState kSerializationFailure{"40001"};
inline constexpr SqlState kOutcomeUnknown{"40003"};
inline constexpr SqlState kDeadlockDetected{"40P01"};
// Class 42: syntax, names, types.
inline constexpr SqlState kSyntaxError{"42601"};
inline constexpr SqlState kInsufficientPrivilege{"42501"};
inline constexpr SqlState kDuplicateColumn{"42701"};
inline constexpr SqlState kAmbiguousColumn{"42702"};
inline constexpr SqlState kUndefinedColumn{"42703"};
inline constexpr SqlState kUndefinedObject{"42704"};
inline constexpr SqlState kDuplicateObject{"42710"};
inline constexpr SqlState kDuplicateAlias{"42712"};
inline constexpr SqlState kGroupingError{"42803"};
inline constexpr SqlState kDatatypeMismatch{"42804"};
inline constexpr SqlState kWrongObjectType{"42809"};
inline constexpr SqlState kCannotCoerce{"42846"};
inline constexpr SqlState kUndefinedFunction{"42883"};
inline constexpr SqlState kReservedName{"42939"};
inline constexpr SqlState kUndefinedTable{"42P01"};
inline constexpr SqlState kUndefinedParameter{"42P02"};
inline constexpr SqlState kDuplicateSchema{"42P06"};
inline constexpr SqlState kDuplicateTable{"42P07"};
inline constexpr SqlState kDuplicatePreparedStatement{"42P05"};
inline constexpr SqlState kAmbiguousParameter{"42P08"};
inline constexpr SqlState kAmbiguousFunction{"42725"};
inline constexpr SqlState kInvalidColumnReference{"42P10"};
inline constexpr SqlState kInvalidTableDefinition{"42P16"};
inline constexpr SqlState kIndeterminateDatatype{"42P18"};
inline constexpr SqlState kInvalidObjectDefinition{"42P17"};
inline constexpr SqlState kInvalidRecursion{"42P19"};
inline constexpr SqlState kWindowingError{"42P20"};
inline constexpr SqlState kInvalidColumnDefinition{"42611"};
inline constexpr SqlState kGeneratedAlways{"428C9"};
// Class 53-58: resources, limits, state, operator, system.
inline constexpr SqlState kDiskFull{"53100"};
inline constexpr SqlState kOutOfMemory{"53200"};
inline constexpr SqlState kTooManyConnections{"53300"};
inline constexpr SqlState kProgramLimitExceeded{"54000"};
inline constexpr SqlState kStatementTooComplex{"54001"};
inline constexpr SqlState kTooManyColumns{"54011"};
inline constexpr SqlState kObjectNotInState{"55000"};
inline constexpr SqlState kObjectInUse{"55006"};
inline constexpr SqlState kCantChangeRuntimeParam{"55P02"};
inline constexpr SqlState kLockNotAvailable{"55P03"};
inline constexpr SqlState kQueryCanceled{"57014"};
inline constexpr SqlState kDatabaseShutdown{"57P01"};
inline constexpr SqlState kIoError{"58030"};
inline constexpr SqlState kUndefinedFile{"58P01"};
inline constexpr SqlState kDuplicateFile{"58P02"};
// Class XX: bugs and damage.
inline constexpr SqlState kInternalError{"XX000"};
inline constexpr SqlState kDataCorrupted{"XX001"};
inline constexpr SqlState kIndexCorrupted{"XX002"};
}  // namespace sqlstate

}  // namespace driftdb

#endif  // DRIFTDB_BASE_SQLSTATE_H_
