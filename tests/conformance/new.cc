// operator new and delete: C++20 [new.delete], [basic.stc.dynamic], and for what it leaves open, libstdc++.
#include <malloc.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <new>

#include "tables.h"

namespace conformance {
namespace {

using Aligned = std::align_val_t;

// Every way to allocate, with a way to free that the standard lets go with it.
struct Form {
  void* (*make)(std::size_t size, std::size_t alignment);
  void (*destroy)(void* object, std::size_t size, std::size_t alignment);
  bool is_quiet = false, is_aligned = false;
};

constexpr Form forms[] = {
    {[](std::size_t n, std::size_t) { return ::operator new(n); },
     [](void* p, std::size_t, std::size_t) { ::operator delete(p); }},
    {[](std::size_t n, std::size_t) { return ::operator new(n); },
     [](void* p, std::size_t n, std::size_t) { ::operator delete(p, n); }},
    {[](std::size_t n, std::size_t) { return ::operator new[](n); },
     [](void* p, std::size_t, std::size_t) { ::operator delete[](p); }},
    {[](std::size_t n, std::size_t) { return ::operator new[](n); },
     [](void* p, std::size_t n, std::size_t) { ::operator delete[](p, n); }},
    {[](std::size_t n, std::size_t) { return ::operator new(n, std::nothrow); },
     [](void* p, std::size_t, std::size_t) { ::operator delete(p, std::nothrow); }, true},
    {[](std::size_t n, std::size_t) { return ::operator new(n, std::nothrow); },
     [](void* p, std::size_t n, std::size_t) { ::operator delete(p, n); }, true},
    {[](std::size_t n, std::size_t) { return ::operator new[](n, std::nothrow); },
     [](void* p, std::size_t, std::size_t) { ::operator delete[](p, std::nothrow); }, true},
    {[](std::size_t n, std::size_t a) { return ::operator new (n, Aligned{a}); },
     [](void* p, std::size_t, std::size_t a) { ::operator delete (p, Aligned{a}); }, false, true},
    {[](std::size_t n, std::size_t a) { return ::operator new (n, Aligned{a}); },
     [](void* p, std::size_t n, std::size_t a) { ::operator delete (p, n, Aligned{a}); }, false, true},
    {[](std::size_t n, std::size_t a) { return ::operator new[](n, Aligned{a}); },
     [](void* p, std::size_t, std::size_t a) { ::operator delete[](p, Aligned{a}); }, false, true},
    {[](std::size_t n, std::size_t a) { return ::operator new[](n, Aligned{a}); },
     [](void* p, std::size_t n, std::size_t a) { ::operator delete[](p, n, Aligned{a}); }, false, true},
    {[](std::size_t n, std::size_t a) { return ::operator new (n, Aligned{a}, std::nothrow); },
     [](void* p, std::size_t, std::size_t a) { ::operator delete (p, Aligned{a}, std::nothrow); }, true, true},
    {[](std::size_t n, std::size_t a) { return ::operator new[](n, Aligned{a}, std::nothrow); },
     [](void* p, std::size_t, std::size_t a) { ::operator delete[](p, Aligned{a}, std::nothrow); }, true, true},
};

void every_form_of_every_size() {
  for (const Form& form : forms)
    for (std::size_t alignment = 1; alignment <= 1 << 16; alignment *= 4)
      for (const std::size_t size : sizes) {
        void* object = opaque(form.make(size, alignment));
        expect(object != nullptr && (!form.is_aligned || is_aligned(object, alignment)));
        expect(is_aligned(object, size >= 16 ? 16 : size >= 8 ? 8 : 1));
        std::memset(object, 3, malloc_usable_size(object));
        form.destroy(object, size, alignment);
      }
}

void nothing_is_an_object() {
  for (const Form& form : forms) {
    void* one = opaque(form.make(0, 64));
    void* other = opaque(form.make(0, 64));
    expect(one != nullptr && other != nullptr && one != other);
    form.destroy(one, 0, 64);
    form.destroy(other, 0, 64);
  }
}

void null_is_nothing() {
  for (const Form& form : forms) form.destroy(nullptr, 10, 64);
}

enum class End { gave_null, threw_bad_alloc, threw_other, gave_object };

End end_of(const Form& form, std::size_t size, std::size_t alignment = 64) {
  try {
    void* object = opaque(form.make(opaque(size), opaque(alignment)));
    if (object == nullptr) return End::gave_null;
    form.destroy(object, size, alignment);
    return End::gave_object;
  } catch (const std::bad_alloc&) {
    return End::threw_bad_alloc;
  } catch (...) {
    return End::threw_other;
  }
}

End refusal_of(const Form& form) { return form.is_quiet ? End::gave_null : End::threw_bad_alloc; }

// libstdc++ rounds sizes up to alignments: its last ones become small.
void too_large_is_refused() {
  for (const Form& form : forms)
    for (const std::size_t size : too_large)
      if (!form.is_aligned || size < SIZE_MAX - 64) expect(end_of(form, size) == refusal_of(form));
}

void largest_of_all_is_refused() {
  for (const Form& form : forms) expect(end_of(form, SIZE_MAX) == refusal_of(form));
}

// Undefined by the standard; libstdc++ refuses.
void bad_alignment_is_refused() {
  for (const Form& form : forms)
    for (const std::size_t alignment : {std::size_t{0}, std::size_t{3}, std::size_t{48}, SIZE_MAX})
      if (form.is_aligned) expect(end_of(form, 100, alignment) == refusal_of(form));
}

int calls = 0;
void give_up_at_third_call() {
  if (++calls == 3) std::set_new_handler(nullptr);
}

void handler_is_called_until_it_is_gone() {
  for (const Form& form : forms) {
    calls = 0;
    std::set_new_handler(give_up_at_third_call);
    expect(end_of(form, PTRDIFF_MAX) == refusal_of(form));
    expect(calls == 3 && std::get_new_handler() == nullptr);
  }
}

struct OtherError {};
void throw_bad_alloc() { throw std::bad_alloc(); }
void throw_other() { throw OtherError(); }

// Through the throwing forms; the quiet ones give null whatever it was.
void handler_may_throw() {
  for (const Form& form : forms) {
    std::set_new_handler(throw_bad_alloc);
    expect(end_of(form, PTRDIFF_MAX) == refusal_of(form));
    std::set_new_handler(throw_other);
    expect(end_of(form, PTRDIFF_MAX) == (form.is_quiet ? End::gave_null : End::threw_other));
    std::set_new_handler(nullptr);
  }
}

void* reserve = nullptr;
void give_the_reserve_back() {
  ++calls;
  ::operator delete(reserve);
  reserve = nullptr;
  std::set_new_handler(nullptr);
}

// In a process of its own, under a limit: what the handler frees is what the call then gets.
bool is_served_from_the_reserve(const Form& form) {
  constexpr rlim_t mebibyte = 1 << 20;
  const rlimit limit{512 * mebibyte, 512 * mebibyte};
  setrlimit(RLIMIT_AS, &limit);
  reserve = ::operator new(300 * mebibyte, std::nothrow);
  if (reserve == nullptr || ::operator new(250 * mebibyte, std::nothrow) != nullptr) return false;
  calls = 0;
  std::set_new_handler(give_the_reserve_back);
  void* object = form.make(250 * mebibyte, 64);
  return object != nullptr && calls == 1;
}

void handler_makes_room() {
  for (const Form& form : forms) {
    const pid_t child = fork();
    if (child == 0) _exit(is_served_from_the_reserve(form) ? 0 : 1);
    int status = -1;
    waitpid(child, &status, 0);
    expect(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  }
}

constexpr Row rows[] = {
    {"new.forms", every_form_of_every_size},
    {"new.zero", nothing_is_an_object},
    {"new.too_large", too_large_is_refused},
    {"new.largest", largest_of_all_is_refused, Holds::on_neap},
    {"new.bad_alignment", bad_alignment_is_refused},
    {"new.handler_loop", handler_is_called_until_it_is_gone},
    {"new.handler_throws", handler_may_throw},
    {"new.handler_makes_room", handler_makes_room},
    {"delete.null", null_is_nothing},
};

}  // namespace

std::span<const Row> new_rows() { return rows; }

}  // namespace conformance
