// LastingSink: hands on to a recording until it fails, as on a full disk, says so and then goes without: the program
// that is measured does not end with the disk. What was kept before stays readable.
#pragma once
#include <string>

#include "tool/model/failure.h"
#include "tool/model/sink.h"
#include "tool/model/text.h"

namespace neap {

class LastingSink : public SampleSink {
 public:
  explicit LastingSink(SampleSink& next) : next_(next) {}

  void add(const Process& process) override {
    attempt([&] { next_.add(process); });
  }
  void add(const Sample& sample) override {
    attempt([&] { next_.add(sample); });
    if (!lost_) ++samples_;
  }
  void add(const Mark& mark) override {
    attempt([&] { next_.add(mark); });
  }
  void keep() override {
    attempt([&] { next_.keep(); });
  }
  void finish(const RunEnd& end) override {
    attempt([&] { next_.finish(end); });
  }

  template <class Work>
  void attempt(Work work) {
    if (lost_) return;
    try {
      work();
    } catch (const Failure& failure) {
      lost_ = true;
      tell(std::string(failure.what()) + "; the program goes on, what was recorded until here is kept");
    }
  }

  bool lost() const { return lost_; }
  std::size_t samples() const { return samples_; }

 private:
  SampleSink& next_;
  bool lost_ = false;
  std::size_t samples_ = 0;
};

}  // namespace neap
