#include "tool/render/progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "tool/model/text.h"

namespace neap {
namespace {

constexpr double silent_seconds = 2;
constexpr double redraw_seconds = 0.1;
constexpr int bar_cells = 24;

double now() {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

std::size_t terminal_width() {
  winsize size{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

bool is_dumb_terminal() {
  const char* term = std::getenv("TERM");
  return term == nullptr || std::string_view(term) == "dumb";
}

std::string bar(double share) {
  const int full = static_cast<int>(std::lround(share * bar_cells));
  std::string text;
  for (int cell = 0; cell < bar_cells; ++cell) text += cell < full ? "━" : "╌";
  return fmt::format("{} {:3.0f}%  ", text, share * 100);
}

}  // namespace

Progress::Progress(bool wanted)
    : active_(wanted && ::isatty(STDERR_FILENO) == 1 && !is_dumb_terminal()), started_(now()) {}

void Progress::show(const std::string& text, double share) {
  const double time = now();
  if (!active_ || time - started_ < silent_seconds || time - drawn_ < redraw_seconds) return;
  drawn_ = time;
  const std::string lead = share < 0 ? std::string() : bar(share);
  const std::size_t lead_cells = share < 0 ? 0 : bar_cells + 7;
  const std::size_t room = terminal_width() > lead_cells + 1 ? terminal_width() - lead_cells - 1 : 0;
  fmt::print(stderr, "\r\x1b[2K{}{}", lead, cut_to(printable(text), room));
  std::fflush(stderr);
  shown_ = true;
}

void Progress::clear() {
  if (!shown_) return;
  fmt::print(stderr, "\r\x1b[2K");
  std::fflush(stderr);
  shown_ = false;
}

}  // namespace neap
