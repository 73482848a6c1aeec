// A profile as AppArmor's own compiler makes it: the states that the kernel would walk, a path letter by letter. What
// it grants is the truth that tool/checks has to tell from the text alone.
#pragma once
#include <array>
#include <string>
#include <vector>

namespace neap {

// Whether apparmor_parser (Debian: apparmor) is here.
bool has_apparmor_compiler();

class CompiledProfile {
 public:
  // `base`: the folder that stands for /etc/apparmor.d. `file`: in it, with one profile that is attached to no program,
  // for a pattern of programs is compiled into states of its own. Throws std::runtime_error with the compiler's words.
  CompiledProfile(const std::string& base, const std::string& file);
  bool grants(const std::string& path, char right) const;  // 'm' or 'r'

 private:
  struct State {
    unsigned long rights = 0;
    std::array<int, 256> next{};
  };
  void read_state(const std::string& line);
  void read_step(const std::string& line);

  std::vector<State> states_;
  std::size_t current_ = 0;
};

}  // namespace neap
