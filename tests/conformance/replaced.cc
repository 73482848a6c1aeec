// A program with an operator new of its own: every form that the standard defines by it comes to it
// ([new.delete.single], [new.delete.array], "Default behavior"), and so does each object to the operator delete that
// goes with it.
#include <cstdlib>
#include <new>

#include "row.h"

namespace {

using Aligned = std::align_val_t;

// Behind a header, so that who frees it otherwise than by its own operator delete is found out.
constexpr std::size_t header = 64;
int made = 0, gone = 0, made_aligned = 0, gone_aligned = 0;
bool is_empty = false;

void* own(std::size_t size, int& count) {
  ++count;
  if (is_empty) throw std::bad_alloc();
  char* const begin = static_cast<char*>(std::malloc(size + header));
  return begin + header;
}

void give_back(void* object, int& count) {
  ++count;
  if (object != nullptr) std::free(static_cast<char*>(object) - header);
}

}  // namespace

void* operator new(std::size_t size) { return own(size, made); }
void* operator new(std::size_t size, Aligned) { return own(size, made_aligned); }
void operator delete(void* object) noexcept { give_back(object, gone); }
void operator delete(void* object, Aligned) noexcept { give_back(object, gone_aligned); }

namespace conformance {
namespace {

constexpr std::size_t size = 40;
constexpr Aligned alignment{16};

void expect_counts(int new_calls, int delete_calls) {
  expect(made == new_calls && gone == delete_calls);
  made = gone = 0;
}

void expect_aligned_counts(int new_calls, int delete_calls) {
  expect(made_aligned == new_calls && gone_aligned == delete_calls);
  made_aligned = gone_aligned = 0;
}

void arrays() {
  ::operator delete[](opaque(::operator new[](opaque(size))));
  expect_counts(1, 1);
}

void quiet_forms() {
  ::operator delete(opaque(::operator new(opaque(size), std::nothrow)), std::nothrow);
  ::operator delete[](opaque(::operator new[](opaque(size), std::nothrow)), std::nothrow);
  expect_counts(2, 2);
}

void sized_forms() {
  ::operator delete(opaque(::operator new(opaque(size))), size);
  ::operator delete[](opaque(::operator new[](opaque(size))), size);
  expect_counts(2, 2);
}

void aligned_forms() {
  ::operator delete[](opaque(::operator new[](opaque(size), alignment)), alignment);
  ::operator delete(opaque(::operator new(opaque(size), alignment, std::nothrow)), alignment, std::nothrow);
  ::operator delete[](opaque(::operator new[](opaque(size), alignment, std::nothrow)), alignment, std::nothrow);
  ::operator delete(opaque(::operator new(opaque(size), alignment)), size, alignment);
  ::operator delete[](opaque(::operator new[](opaque(size), alignment)), size, alignment);
  expect_aligned_counts(5, 5);
}

// What the program's own throws, the quiet forms take for no memory.
void quiet_forms_catch() {
  is_empty = true;
  expect(opaque(::operator new(opaque(size), std::nothrow)) == nullptr);
  expect(opaque(::operator new[](opaque(size), std::nothrow)) == nullptr);
  expect(opaque(::operator new(opaque(size), alignment, std::nothrow)) == nullptr);
  expect(opaque(::operator new[](opaque(size), alignment, std::nothrow)) == nullptr);
  is_empty = false;
  expect_counts(2, 0);
  expect_aligned_counts(2, 0);
}

constexpr Row rows[] = {
    {"replaced.arrays", arrays},
    {"replaced.quiet", quiet_forms},
    {"replaced.sized", sized_forms},
    {"replaced.aligned", aligned_forms},
    {"replaced.quiet_catch", quiet_forms_catch},
};

}  // namespace
}  // namespace conformance

int main(int count, char** arguments) {
  const std::span<const conformance::Row> tables[] = {conformance::rows};
  return conformance::play(tables, count, arguments);
}
