// The library's options: ONE table gives the parser, the help text and the manual. NEAP_OPTIONS="key:value,key:value".
// Parsed once, before main, by api/start.cc; read-only afterwards. No OS, no state of its own.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/line.h"

namespace neap {

// The value of `soft_limit:cgroup`.
inline constexpr std::uint64_t kByControlGroup = UINT64_MAX;

struct Options {
  std::uint64_t decay_events = 10000;
  std::uint64_t dirty_percent = 5;
  std::uint64_t dirty_floor = 512 << 10;
  std::uint64_t cache_bytes = 48 << 10;
  std::uint64_t cpu_caches = 1;
  std::uint64_t huge_pages = 1;
  std::uint64_t deepbind = 0;
  std::uint64_t check = 0;
  std::uint64_t soft_limit = 0;
  std::uint64_t stats = 0;
  std::uint64_t hardened = 0;
  std::uint64_t zero_on_free = 0;
  std::uint64_t quarantine = 0;
  std::uint64_t canaries = 0;
  std::uint64_t random_slots = 0;
  std::uint64_t guard_pages = 0;
  std::uint64_t no_reuse_of_addresses = 0;
};

// The options that `hardened:1` sets. A switch that comes behind it in NEAP_OPTIONS overrides it.
struct HardenedOption {
  std::uint64_t Options::*value;
  std::uint64_t when_hardened;
};
inline constexpr HardenedOption kHardenedOptions[] = {
    {&Options::zero_on_free, 1}, {&Options::quarantine, 1 << 20}, {&Options::canaries, 1},
    {&Options::random_slots, 1}, {&Options::guard_pages, 1},      {&Options::no_reuse_of_addresses, 1},
    {&Options::check, 1},
};

inline void harden(Options& options, bool yes) {
  const Options defaults;
  for (const HardenedOption& one : kHardenedOptions) options.*one.value = yes ? one.when_hardened : defaults.*one.value;
}

// Whether any switch of a hardened heap is on. (`check` is none of them: it only adds a look to the default's way.)
constexpr bool is_hardened(const Options& options) {
  return (options.zero_on_free | options.quarantine | options.canaries | options.random_slots | options.guard_pages |
          options.no_reuse_of_addresses) != 0;
}

struct OptionRow {
  const char* name;
  std::uint64_t Options::*value;
  std::uint64_t least, most;
  const char* unit;
  const char* help;
  const char* word = nullptr;  // may stand for a number, and means UINT64_MAX
};

inline constexpr OptionRow kOptionTable[] = {
    {"decay_events", &Options::decay_events, 0, std::uint64_t{1} << 40, "heap events",
     "a wholly free page goes back to the system after this many mallocs and frees; 0: at once"},
    {"dirty_percent", &Options::dirty_percent, 0, 100, "percent",
     "most free pages kept, as a part of the resident heap"},
    {"dirty_floor", &Options::dirty_floor, 0, std::uint64_t{1} << 40, "bytes",
     "free pages that are always allowed to stay, beside dirty_percent"},
    {"cache_bytes", &Options::cache_bytes, 0, 1 << 20, "bytes",
     "most freed memory one thread keeps at hand; a quarter of it from 24 threads on, up to 16 times as much in a "
     "large heap"},
    {"cpu_caches", &Options::cpu_caches, 0, 1, "0 or 1",
     "1 lets the threads of one CPU share a cache where the kernel can restart sequences; 0: each has its own"},
    {"huge_pages", &Options::huge_pages, 0, 1, "0 or 1",
     "1 asks for transparent huge pages in large objects of sizes that were seen to be written whole"},
    {"deepbind", &Options::deepbind, 0, 1, "0 or 1",
     "0 opens plug-ins without RTLD_DEEPBIND, which would tie them to libc's malloc; 1 leaves the flag as it is"},
    {"check", &Options::check, 0, 1, "0 or 1", "1 checks the size given to C++ sized delete"},
    {"soft_limit", &Options::soft_limit, 0, std::uint64_t{1} << 46, "bytes",
     "near this much memory the heap keeps nothing that it can give back; cgroup: near the limit of the process's "
     "control group; 0: there is none",
     "cgroup"},
    {"stats", &Options::stats, 0, 1, "0 or 1", "1 prints the allocator's figures to stderr at exit"},
    {"hardened", &Options::hardened, 0, 1, "0 or 1",
     "1 finds misuse that the default lets pass: it turns on check and all switches below, each of which can be set "
     "behind it"},
    {"zero_on_free", &Options::zero_on_free, 0, 1, "0 or 1",
     "1 clears an object when it is freed, and finds what is written to it afterwards"},
    {"quarantine", &Options::quarantine, 0, 1 << 30, "bytes",
     "freed small objects that wait before they are used again, and leave in random order; 1M where hardened"},
    {"canaries", &Options::canaries, 0, 1, "0 or 1",
     "1 finds at free, and at realloc, what was written beside an object, from the first byte on"},
    {"random_slots", &Options::random_slots, 0, 1, "0 or 1", "1 places an object at random within its slab"},
    {"guard_pages", &Options::guard_pages, 0, 1, "0 or 1",
     "1 puts memory that cannot be touched behind every slab and every large object"},
    {"no_reuse_of_addresses", &Options::no_reuse_of_addresses, 0, 1, "0 or 1",
     "1 keeps the addresses of freed large objects out of use, 4 GiB of them and 4,096 objects at most"},
};

// Parses `text` into `options`. Each unknown key or bad value is handed to complain(const Line&), a full sentence
// without newline, and the default is kept.
template <class Complain>
void parse_options(const char* text, Options& options, Complain complain);

namespace detail {

inline bool same(const char* text, std::size_t length, const char* name) {
  std::size_t i = 0;
  while (i < length && name[i] != '\0' && text[i] == name[i]) ++i;
  return i == length && name[i] == '\0';
}

// A decimal number with an optional suffix K, M or G (powers of 1024). False when it is not one or does not fit.
inline bool parse_number(const char* text, std::size_t length, std::uint64_t& out) {
  std::uint64_t value = 0;
  std::size_t i = 0;
  for (; i < length && text[i] >= '0' && text[i] <= '9'; ++i) {
    if (value > (UINT64_MAX >> 36)) return false;
    value = value * 10 + static_cast<std::uint64_t>(text[i] - '0');
  }
  if (i == 0) return false;
  unsigned shift = 0;
  if (i + 1 == length) shift = text[i] == 'K' ? 10 : text[i] == 'M' ? 20 : text[i] == 'G' ? 30 : 0;
  if (i + (shift != 0 ? 1 : 0) != length) return false;
  if (value > (UINT64_MAX >> 30)) return false;
  out = value << shift;
  return true;
}

// Sets `out`, if the text is one of the option's values; otherwise it gives false and has set nothing.
inline bool parse_value(const OptionRow& row, const char* text, std::size_t length, std::uint64_t& out) {
  std::uint64_t number = UINT64_MAX;
  const bool is_word = row.word != nullptr && same(text, length, row.word);
  const bool fits = is_word || (parse_number(text, length, number) && number >= row.least && number <= row.most);
  if (fits) out = number;
  return fits;
}

inline const OptionRow* find_option(const char* text, std::size_t length) {
  for (const OptionRow& row : kOptionTable) {
    if (same(text, length, row.name)) return &row;
  }
  return nullptr;
}

inline Line unknown_key(const char* key, std::size_t length) {
  Line line;
  line.text("NEAP_OPTIONS: no option '").text(key, length).text("' (there are:");
  for (const OptionRow& row : kOptionTable) line.text(" ").text(row.name);
  line.text(")");
  return line;
}

inline Line bad_value(const OptionRow& row, const char* value, std::size_t length) {
  Line line;
  line.text("NEAP_OPTIONS: '").text(row.name).text("' takes ").number(row.least).text(" to ").number(row.most);
  line.text(" (").text(row.unit).text(")");
  if (row.word != nullptr) line.text(" or '").text(row.word).text("'");
  line.text(", not '").text(value, length).text("'; the default stays");
  return line;
}

}  // namespace detail

template <class Complain>
void parse_options(const char* text, Options& options, Complain complain) {
  while (*text != '\0') {
    std::size_t key = 0;
    while (text[key] != '\0' && text[key] != ':' && text[key] != ',') ++key;
    const bool has_value = text[key] == ':';
    const char* value = text + key + (has_value ? 1 : 0);
    std::size_t length = 0;
    while (has_value && value[length] != '\0' && value[length] != ',') ++length;
    if (const OptionRow* row = detail::find_option(text, key)) {
      if (!detail::parse_value(*row, value, length, options.*(row->value))) {
        complain(detail::bad_value(*row, value, length));
      } else if (row->value == &Options::hardened) {
        harden(options, options.hardened != 0);
      }
    } else if (key != 0) {
      complain(detail::unknown_key(text, key));
    }
    text = value + length;
    if (*text == ',') ++text;
  }
}

}  // namespace neap
