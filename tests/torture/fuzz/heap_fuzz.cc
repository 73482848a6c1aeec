// The heap's rooms over the fake system, against the model of the unit tests, by the bytes of a fuzzer (libFuzzer). A
// finding ends the program; the input that led there is in the file that the fuzzer names.
//
//   torture_fuzz -runs=20000          so many inputs; without it, for ever
//   torture_fuzz crash-...            that input again
// With -rss_limit_mb=0 the process has one thread, and the heap's ways for such processes are taken.
#include <cstdint>
#include <cstdlib>

#include "model.h"

namespace {

// A choice takes as many bytes as its bound has, the rarest one 0xff: what bytes of zeros choose is done all the time.
class Bytes final : public neap::Choices {
 public:
  Bytes(const std::uint8_t* data, std::size_t size) : next_(data), end_(data + size) {}

  std::size_t below(std::size_t bound) override {
    std::size_t value = 0;
    for (std::size_t rest = bound - 1; rest != 0 && next_ != end_; rest >>= 8) value = value << 8 | *next_++;
    return bound - 1 - value % bound;
  }
  bool over() const override { return next_ == end_; }

 private:
  const std::uint8_t *next_, *end_;
};

}  // namespace

// The page map of every run is megabytes, and would wait in quarantine.
extern "C" const char* __asan_default_options() { return "quarantine_size_mb=1"; }

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  neap::fake_os::set_abort(std::abort);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Bytes choices(data, size);
  neap::Model(choices).run(static_cast<int>(size));
  if (testing::Test::HasFailure()) std::abort();
  return 0;
}
