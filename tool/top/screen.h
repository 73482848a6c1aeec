// Screen: the terminal while `neap top` has it: its second page, keys without a return, no echo. Everything is put back
// when it is destroyed, also after a signal that ends the program.
#pragma once
#include <termios.h>

#include <string>
#include <vector>

#include "tool/model/units.h"

namespace neap {

enum class Key : std::uint8_t { none, letter, up, down, page_up, page_down, home, interrupted };
struct KeyPress {
  Key key = Key::none;
  char letter = 0;
};

class Screen {
 public:
  Screen();
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;
  ~Screen();

  std::size_t width() const;
  std::size_t height() const;
  // Lines from the top; what is below them is cleared.
  void show(const std::vector<std::string>& lines);
  // The next key, or none after that long.
  KeyPress wait(Seconds most);

 private:
  termios before_{};
  std::string typed_;  // and not yet told: keys can come together
};

}  // namespace neap
