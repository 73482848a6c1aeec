// Every operator new and delete: alignment, pairing, the new-handler, bad_alloc under a real limit, and life after it.
#include <malloc.h>
#include <sys/resource.h>

#include <cstdlib>
#include <cstring>
#include <limits>
#include <new>
#include <vector>

#include "expect.h"

namespace {

constexpr std::size_t too_much = std::numeric_limits<std::ptrdiff_t>::max();
using Aligned = std::align_val_t;

void every_pair(std::size_t size) {
  const std::nothrow_t& quiet = std::nothrow;
  ::operator delete(opaque(::operator new(size)));
  ::operator delete(opaque(::operator new(size)), size);
  ::operator delete[](opaque(::operator new[](size)));
  ::operator delete[](opaque(::operator new[](size)), size);
  ::operator delete(opaque(::operator new(size, quiet)), quiet);
  ::operator delete[](opaque(::operator new[](size, quiet)), quiet);
  for (std::size_t alignment = 8; alignment <= 8192; alignment *= 4) {
    const Aligned to{alignment};
    void* const objects[] = {::operator new(size, to),        ::operator new[](size, to),
                             ::operator new(size, to, quiet), ::operator new[](size, to, quiet),
                             ::operator new(size, to),        ::operator new[](size, to)};
    for (void* object : objects) {
      EXPECT(object != nullptr && aligned_to(object, alignment));
      std::memset(object, 1, size);
    }
    ::operator delete(objects[0], to);
    ::operator delete[](objects[1], to);
    ::operator delete(objects[2], to, quiet);
    ::operator delete[](objects[3], to, quiet);
    ::operator delete(objects[4], size, to);
    ::operator delete[](objects[5], size, to);
  }
  ::operator delete(nullptr);
  ::operator delete[](nullptr, size);
}

struct alignas(256) Wide {
  char bytes[300];
};

void expressions() {
  auto* wide = new Wide[7];
  EXPECT(aligned_to(opaque(wide), 256));
  delete[] wide;
  int* const first = new int[0];
  int* const second = new int[0];
  EXPECT(opaque(first) != opaque(second));
  delete[] first;
  delete[] second;
}

template <typename Call>
bool throws_bad_alloc(Call call) {
  try {
    opaque(call());
  } catch (const std::bad_alloc&) {
    return true;
  }
  return false;
}

void refusals() {
  const std::size_t size = opaque_size(too_much);
  EXPECT(throws_bad_alloc([=] { return ::operator new(size); }));
  EXPECT(throws_bad_alloc([=] { return ::operator new[](size); }));
  EXPECT(throws_bad_alloc([=] { return ::operator new (size, Aligned{64}); }));
  EXPECT(throws_bad_alloc([=] { return ::operator new[](size, Aligned{64}); }));
  EXPECT(opaque(::operator new(size, std::nothrow)) == nullptr);
  EXPECT(opaque(::operator new[](size, std::nothrow)) == nullptr);
  EXPECT(opaque(::operator new (size, Aligned{64}, std::nothrow)) == nullptr);
  EXPECT(throws_bad_alloc([] { return new char[opaque_size(too_much)]; }));
}

int handler_calls = 0;
void give_up_at_third_call() {
  if (++handler_calls == 3) std::set_new_handler(nullptr);
}
struct HandlerError {};
void throw_own_error() { throw HandlerError{}; }

void new_handler_is_called() {
  const std::size_t size = opaque_size(too_much);
  std::set_new_handler(give_up_at_third_call);
  EXPECT(throws_bad_alloc([=] { return ::operator new(size); }));
  EXPECT(handler_calls == 3);
  handler_calls = 0;
  std::set_new_handler(give_up_at_third_call);
  EXPECT(opaque(::operator new(size, std::nothrow)) == nullptr);
  EXPECT(handler_calls == 3);

  std::set_new_handler(throw_own_error);
  bool caught = false;
  try {
    opaque(::operator new (size, Aligned{128}));
  } catch (const HandlerError&) {
    caught = true;
  }
  EXPECT(caught);
  std::set_new_handler(nullptr);
}

std::vector<char*> reserve;
void free_the_reserve() {
  for (char* piece : reserve) delete[] piece;
  reserve.clear();
  std::set_new_handler(nullptr);
}

void memory_runs_out() {
  constexpr rlim_t mebibyte = 1 << 20;
  const rlimit limit{512 * mebibyte, RLIM_INFINITY};
  EXPECT(setrlimit(RLIMIT_AS, &limit) == 0);
  reserve.reserve(2000);
  EXPECT(throws_bad_alloc([]() -> void* {
    for (;;) reserve.push_back(static_cast<char*>(std::memset(new char[mebibyte], 1, mebibyte)));
  }));
  EXPECT(reserve.size() > 256 && reserve.size() < 512);
  std::set_new_handler(free_the_reserve);  // a handler that makes room lets the very same call succeed
  char* const served = new char[64 * mebibyte];
  EXPECT(opaque(served) != nullptr && reserve.empty());
  delete[] served;
  std::vector<int> alive(1000000, 7);
  EXPECT(alive[999999] == 7);
}

}  // namespace

int main() {
  for (std::size_t size = 0; size < 100000; size += 1 + size / 5) every_pair(size);
  expressions();
  refusals();
  new_handler_is_called();
  memory_runs_out();
  return verdict();
}
