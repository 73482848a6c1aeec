#include "tool/store/sqlite.h"

#include <fmt/format.h>

#include "tool/model/failure.h"
#include "tool/model/text.h"

namespace neap {

Database::Database(const std::string& path, int flags, const std::string& shown)
    : shown_(shown.empty() ? path : shown) {
  if (::sqlite3_open_v2(path.c_str(), &handle_, flags, nullptr) != SQLITE_OK) fail("open");
  ::sqlite3_busy_timeout(handle_, 5000);
}

void Database::fail(const char* doing) const {
  if (handle_ != nullptr && ::sqlite3_errcode(handle_) == SQLITE_NOTADB)
    throw UsageFailure(
        fmt::format("'{}' is no recording of neap; make one with: neap record -o FILE -- PROGRAM", shown_));
  const std::string reason = handle_ != nullptr ? ::sqlite3_errmsg(handle_) : "out of memory";
  const int code = handle_ != nullptr ? ::sqlite3_errcode(handle_) : SQLITE_OK;
  const bool lacks_table = code == SQLITE_ERROR && reason.starts_with("no such");
  if (code == SQLITE_CORRUPT || lacks_table) throw UsageFailure(fmt::format("'{}' is damaged: {}", shown_, reason));
  throw Failure(fmt::format("cannot {} '{}': {}", doing, shown_, reason));
}

void Database::execute(const std::string& sql) {
  if (::sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) fail("write");
}

std::int64_t Database::pragma(const std::string& name) {
  Statement statement(*this, "PRAGMA " + name);
  return statement.step() ? statement.number(0).value_or(0) : 0;
}

Statement::Statement(Database& database, const std::string& sql) : database_(database) {
  if (::sqlite3_prepare_v2(database.handle(), sql.c_str(), -1, &handle_, nullptr) != SQLITE_OK) database.fail("read");
}

void Statement::bind(int place, std::optional<std::int64_t> value) {
  if (value)
    ::sqlite3_bind_int64(handle_, place, *value);
  else
    ::sqlite3_bind_null(handle_, place);
}

void Statement::bind(int place, const std::string& value) {
  ::sqlite3_bind_text(handle_, place, value.data(), static_cast<int>(value.size()), SQLITE_TRANSIENT);
}

bool Statement::step() {
  const int result = ::sqlite3_step(handle_);
  if (result != SQLITE_ROW && result != SQLITE_DONE) database_.fail("use");
  return result == SQLITE_ROW;
}

void Statement::run() {
  while (step()) continue;
  ::sqlite3_reset(handle_);
}

std::optional<std::int64_t> Statement::number(int column) const {
  if (::sqlite3_column_type(handle_, column) == SQLITE_NULL) return std::nullopt;
  return ::sqlite3_column_int64(handle_, column);
}

std::string Statement::text(int column) const {
  const unsigned char* found = ::sqlite3_column_text(handle_, column);
  const auto size = static_cast<std::size_t>(::sqlite3_column_bytes(handle_, column));
  return found == nullptr ? std::string() : as_utf8({static_cast<const char*>(static_cast<const void*>(found)), size});
}

}  // namespace neap
