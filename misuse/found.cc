#include "misuse/found.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "misuse/report.h"
#include "neap/neap.h"

namespace neap::misuse {
namespace {

constexpr Kind kKindOf[] = {Kind::double_free, Kind::bad_free, Kind::bad_free,
                            Kind::wrong_size,  Kind::overflow, Kind::use_after_free};

constexpr std::uint64_t kBeside = 4096;  // bytes within which an object counts as a neighbour

std::uint64_t number(const void* pointer) { return reinterpret_cast<std::uint64_t>(pointer); }

Known object_at(std::uint64_t address) {
  const Entry* const entry = find_entry(address);
  return entry != nullptr && entry->is_used() ? entry->read(address) : object_below(address);
}

// Bytes beside an object were changed. They lie between two objects: the one that libneap names, and the neighbour on
// the other side of the bytes. Either may have been overrun, so the report has both.
void name_changed(const neap_misuse& found, Finding& finding) {
  finding.access = Access::write;
  finding.bytes = found.changed_bytes;
  finding.address = found.changed != nullptr ? number(found.changed) : finding.object.begin + finding.object.size;
  if (found.kind != NEAP_MISUSE_OVERFLOW) return;
  finding.is_least = true;
  if (finding.address >= finding.object.begin) return;
  const Known below = object_below(finding.address);
  if (below.is_live() && finding.address - (below.begin + below.size) < kBeside) finding.beside = below;
}

bool is_libneap(std::uint64_t pc) {
  static void* const libneap = dlsym(RTLD_NEXT, "neap_check");
  Dl_info that{}, info{};
  return libneap != nullptr && dladdr(libneap, &that) != 0 && dladdr(reinterpret_cast<void*>(pc - 1), &info) != 0 &&
         info.dli_fbase == that.dli_fbase;
}

// libneap's frames are left out, because it found the misuse and did not make it.
void report_here(const Finding& finding) {
  const Turn turn;
  if (!turn.is_taken()) return;
  StackHere here;
  here.look();
  std::uint64_t pc[kDepth];
  const std::size_t depth = here.copy(pc);
  std::size_t first = 0;
  while (first < depth && (is_own(pc[first]) || is_libneap(pc[first]))) ++first;
  report(finding, {pc + first, depth - first});
}

[[noreturn]] void end_program(Finding finding, const char* line, std::size_t size) {
  report_here(finding);
  if (write(STDERR_FILENO, line, size) < 0) abort();
  abort();
}

}  // namespace

constinit thread_local const void* Ending::current = nullptr;

void found_mismatch(const void* object, Call by) {
  constexpr char kLine[] = "libneap: mismatch: an object is ended by another kind of function than made it\n";
  const char* const leaves = getenv(kLeavesVariable);
  if (leaves != nullptr && strstr(leaves, kLeavesMismatches) != nullptr) return;
  Finding finding{.kind = Kind::mismatch, .call = kCallNames[static_cast<int>(by)], .address = number(object)};
  finding.object = object_at(number(object));
  end_program(finding, kLine, sizeof kLine - 1);
}

void found_wrong_size(const void* object, Call by, std::size_t told) {
  constexpr char kLine[] = "libneap: wrong size: operator delete was told another size than the object has\n";
  Finding finding{.kind = Kind::wrong_size, .call = kCallNames[static_cast<int>(by)], .address = number(object)};
  finding.bytes = told;
  finding.object = object_at(number(object));
  end_program(finding, kLine, sizeof kLine - 1);
}

namespace {

using Check = void (*)();

constinit bool is_looking = false;

}  // namespace

void look_at_all() {
  is_looking = true;
  if (auto* const check = reinterpret_cast<Check>(dlsym(RTLD_NEXT, "neap_check"))) check();
  is_looking = false;
}

}  // namespace neap::misuse

// libneap calls it when it has found misuse, before it writes its line and ends the program.
extern "C" [[gnu::visibility("default")]] void neap_on_misuse(const struct neap_misuse* found) {
  using namespace neap::misuse;
  Finding finding{.kind = kKindOf[found->kind], .call = found->function, .address = number(found->pointer)};
  finding.object = object_at(number(found->pointer));
  finding.ends_with_call = Ending::current == found->pointer && found->kind == NEAP_MISUSE_OVERFLOW;
  if (found->kind == NEAP_MISUSE_OVERFLOW || found->kind == NEAP_MISUSE_WRITE_AFTER_FREE) name_changed(*found, finding);
  if (finding.kind == Kind::double_free && finding.object.begin != finding.address) finding.kind = Kind::bad_free;
  if (!is_looking) return report_here(finding);
  finding.call = kAtEnd;
  report(finding, {});
}
