// A thin face on SQLite: errors become Failure, handles close themselves. Used by the files beside it only.
#pragma once
#include <sqlite3.h>

#include <cstdint>
#include <optional>
#include <string>

namespace neap {

class Database {
 public:
  // `shown`: the name in messages, where the file is still on its way to it.
  Database(const std::string& path, int flags, const std::string& shown = {});
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  ~Database() { ::sqlite3_close(handle_); }

  void execute(const std::string& sql);
  std::int64_t pragma(const std::string& name);
  sqlite3* handle() const { return handle_; }
  [[noreturn]] void fail(const char* doing) const;

 private:
  std::string shown_;
  sqlite3* handle_ = nullptr;
};

class Statement {
 public:
  Statement(Database& database, const std::string& sql);
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  ~Statement() { ::sqlite3_finalize(handle_); }

  void bind(int place, std::optional<std::int64_t> value);
  void bind(int place, const std::string& value);
  bool step();  // true: a row is there
  void run();   // step to the end, ready for the next binding
  std::optional<std::int64_t> number(int column) const;
  std::string text(int column) const;  // valid UTF-8, whatever the file holds

 private:
  Database& database_;
  sqlite3_stmt* handle_ = nullptr;
};

}  // namespace neap
