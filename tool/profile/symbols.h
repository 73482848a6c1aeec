// Symbols: names of the places that return addresses lead to, by elfutils: from the program's own symbols, from debug
// files where they are installed (build-id), and `file+0xOFFSET` where there is none.
#pragma once
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tool/profile/sample_table.h"

namespace neap {

class Symbols {
 public:
  // `root` stands before the modules' paths: /proc/PID/root for a process in a container.
  Symbols(const std::vector<SampledModule>& modules, const std::string& root);
  ~Symbols();
  Symbols(const Symbols&) = delete;
  Symbols& operator=(const Symbols&) = delete;

  const std::string& name(std::uint64_t return_address);
  // "file.c:12", or empty where no debug information tells.
  std::string source(std::uint64_t return_address) const;
  // Files whose places had to be named by number, those asked for most first.
  std::vector<std::string> nameless() const;

 private:
  struct Session;
  std::string find(std::uint64_t address);

  std::vector<SampledModule> modules_;
  std::unique_ptr<Session> session_;
  std::map<std::uint64_t, std::string> known_;
  std::map<std::string, int> nameless_;
};

}  // namespace neap
