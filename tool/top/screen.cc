#include "tool/top/screen.h"

#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <string_view>

namespace neap {
namespace {

constexpr std::string_view begin = "\x1b[?1049h\x1b[?25l", end = "\x1b[?25h\x1b[?1049l";
constexpr std::size_t usual_width = 80, usual_height = 24;

volatile sig_atomic_t ended_by_signal = 0;

void write_all(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(STDOUT_FILENO, text.data(), text.size());
    if (written <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

winsize size_of_terminal() {
  winsize size{};
  ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
  return size;
}

struct Sequence {
  std::string_view bytes;
  Key key;
};
constexpr std::array sequences = {Sequence{"\x1b[A", Key::up},       Sequence{"\x1b[B", Key::down},
                                  Sequence{"\x1b[5~", Key::page_up}, Sequence{"\x1b[6~", Key::page_down},
                                  Sequence{"\x1b[H", Key::home},     Sequence{"\x1bOA", Key::up},
                                  Sequence{"\x1bOB", Key::down}};

}  // namespace

Screen::Screen() {
  ::tcgetattr(STDIN_FILENO, &before_);
  termios now = before_;
  now.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
  ::tcsetattr(STDIN_FILENO, TCSANOW, &now);
  struct sigaction act {};
  act.sa_handler = [](int) { ended_by_signal = 1; };
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) ::sigaction(signal, &act, nullptr);
  act.sa_handler = [](int) {};  // a new size only ends the wait
  ::sigaction(SIGWINCH, &act, nullptr);
  write_all(begin);
}

Screen::~Screen() {
  write_all(end);
  ::tcsetattr(STDIN_FILENO, TCSANOW, &before_);
}

std::size_t Screen::width() const {
  const winsize size = size_of_terminal();
  return size.ws_col == 0 ? usual_width : size.ws_col;
}

std::size_t Screen::height() const {
  const winsize size = size_of_terminal();
  return size.ws_row == 0 ? usual_height : size.ws_row;
}

void Screen::show(const std::vector<std::string>& lines) {
  std::string text = "\x1b[H";
  for (std::size_t i = 0; i < lines.size(); ++i) text += lines[i] + "\x1b[K" + (i + 1 < lines.size() ? "\r\n" : "");
  write_all(text + "\x1b[J");
}

KeyPress Screen::wait(Seconds most) {
  if (typed_.empty()) {
    pollfd input{STDIN_FILENO, POLLIN, 0};
    const int ready = ::poll(&input, 1, static_cast<int>(most.count * 1000) + 1);
    if (ended_by_signal != 0) return {Key::interrupted};
    if (ready <= 0) return {};
    std::array<char, 256> bytes;
    const ssize_t got = ::read(STDIN_FILENO, bytes.data(), bytes.size());
    if (got <= 0) return {Key::interrupted};  // the terminal is gone
    typed_.assign(bytes.data(), static_cast<std::size_t>(got));
  }
  for (const Sequence& sequence : sequences)
    if (typed_.starts_with(sequence.bytes)) {
      typed_.erase(0, sequence.bytes.size());
      return {sequence.key};
    }
  const char letter = typed_[0];
  typed_.erase(0, 1);
  return {Key::letter, letter};
}

}  // namespace neap
