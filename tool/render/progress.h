// Progress on stderr for whatever takes longer than two seconds. Silent when stderr is no terminal or --quiet is given.
// One line, rewritten in place, gone at the end.
#pragma once
#include <string>

namespace neap {

class Progress {
 public:
  explicit Progress(bool wanted);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress() { clear(); }

  // `share` of the whole from 0 to 1; negative when the end is not known.
  void show(const std::string& text, double share = -1);
  void clear();

 private:
  bool active_;
  bool shown_ = false;
  double started_;
  double drawn_ = 0;
};

}  // namespace neap
