// Screen: takes the terminal over for `neap top`. It shows the alternate screen, reads keys as they are pressed, and
// turns echo off. The destructor puts everything back, and so does a signal that ends the program.
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
  // Draws the lines from the top, and clears what is below them.
  void show(const std::vector<std::string>& lines);
  // The next key, or nothing when none comes within the time.
  KeyPress wait(Seconds most);

 private:
  termios before_{};
  std::string typed_;  // and not yet told: keys can come together
};

}  // namespace neap
