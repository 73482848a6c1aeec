#include "manual/library_pages.h"

#include <fmt/format.h>

#include <cctype>

#include "base/options.h"

namespace neap::manual {
namespace {

constexpr const char* about =
    "libneap replaces the malloc family of the C library, and C++'s new and delete, in any program that is linked\n"
    "dynamically. It returns free pages to the system soon, also from blocks that are partly in use, so that resident\n"
    "memory stays close to the bytes in use over days. It starts no thread, and needs no option.\n\n"
    "  LD_PRELOAD=libneap.so.0 PROGRAM\n"
    "  neap run --allocator neap -- PROGRAM\n"
    "  cc program.c $(pkg-config --libs neap)\n";

constexpr const char* options_about =
    "NEAP_OPTIONS holds keys with their values, parted by commas: key:value,key:value. Sizes take the suffixes K, M\n"
    "and G. An unknown key or a bad value is told by one line on standard error, and the default stays. Programs that\n"
    "run with other rights than their caller's ignore the variable.";

constexpr const char* misuse_about =
    "A misuse of the heap ends the program with one line on standard error and SIGABRT:\n\n"
    "  libneap: KIND: FUNCTION(ADDRESS...): explanation\n\n"
    "KIND is double free, invalid pointer (not an object of this heap), interior pointer (inside an object) or\n"
    "wrong size (free_sized with more than is usable). With hardened:1 it can be overflow (something was written\n"
    "beside the object) or write after free (the object named was freed before, by another call).";

constexpr const char* limits_about =
    "Static programs and programs with an allocator of their own do not take a preloaded malloc; setuid programs\n"
    "ignore LD_PRELOAD. Plug-ins opened with RTLD_DEEPBIND are opened without it (option deepbind). Pages have to be "
    "of 4 KiB.";

struct CallRow {
  const char* declaration;
  const char* help;
};

constexpr CallRow call_table[] = {
    {"const char *neap_version(void);", "The library's version as major.minor.patch."},
    {"size_t neap_trim(void);",
     "Returns every free page to the system now, those in the calling thread's cache included, and tells how many "
     "bytes "
     "that were."},
    {"size_t neap_stats(struct neap_telemetry *out, size_t size);",
     "Copies the allocator's figures, at most size bytes of them, into out, and tells how many bytes were copied. The "
     "header neap/neap.h describes each field. The same figures lie in the exported object neap_telemetry, for readers "
     "from outside the process."},
};

constexpr const char* calls_about =
    "A program needs none of these calls to run on libneap. They let one that knows the library read its figures and\n"
    "give memory back. Each is thread-safe and keeps errno.";

// 512K rather than 524288: as one would write it in the variable.
std::string show_value(std::uint64_t value, std::string_view unit) {
  if (unit == "bytes" && value != 0 && value % 1024 == 0) return fmt::format("{}K", value / 1024);
  return fmt::format("{}", value);
}

std::string option_text(const OptionRow& row) {
  std::string help = row.help;
  help.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(help.front())));
  const std::string fallback = show_value(Options{}.*(row.value), row.unit);
  if (row.most == 1) return fmt::format("{}. {}; default {}.", help, row.unit, fallback);
  const std::string word = row.word != nullptr ? fmt::format(", or {}", row.word) : "";
  return fmt::format("{}. In {}, {} to {}{}; default {}.", help, row.unit, show_value(row.least, row.unit),
                     show_value(row.most, row.unit), word, fallback);
}

}  // namespace

std::string render_library_page(const Edition& edition) {
  Roff page({"libneap", 7, edition.date, "neap " + edition.version,
             "a malloc whose resident memory stays close to the live bytes"});
  page.section("description");
  page.prose(about);
  page.section("environment");
  page.prose(options_about);
  for (const OptionRow& row : kOptionTable) page.item(bold(row.name), option_text(row));
  page.section("diagnostics");
  page.prose(misuse_about);
  page.section("limits");
  page.prose(limits_about);
  page.section("see also");
  page.line("\\fBneap\\fP(1),\n\\fBlibneap\\fP(3),\n\\fBmalloc\\fP(3),\n\\fBld.so\\fP(8)");
  return page.text();
}

std::string render_calls_page(const Edition& edition) {
  Roff page(
      {"libneap", 3, edition.date, "neap " + edition.version, "figures of the allocator, and giving memory back"});
  page.section("synopsis");
  page.line("\\fB#include <neap/neap.h>\\fP");
  for (const CallRow& call : call_table) page.line(bold(call.declaration));
  page.line("Link with \\fI\\-lneap\\fP.");
  page.section("description");
  page.prose(calls_about);
  for (const CallRow& call : call_table) page.item(bold(call.declaration), call.help);
  page.section("see also");
  page.line("\\fBlibneap\\fP(7),\n\\fBmalloc_trim\\fP(3),\n\\fBmallinfo2\\fP(3)");
  return page.text();
}

}  // namespace neap::manual
