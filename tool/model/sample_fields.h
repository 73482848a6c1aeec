// The table of what a sample holds: name, unit, help, access. The recording's schema, its reader, CSV, JSON and the
// documentation derive from it. New fields go to the end; older recordings then read as empty there.
#pragma once
#include <array>
#include <cmath>
#include <cstdint>
#include <optional>

#include "tool/model/sample.h"

namespace neap {

struct SampleField {
  const char* name;
  const char* unit;
  const char* help;
  std::optional<std::int64_t> (*get)(const Sample&);
  void (*set)(Sample&, std::int64_t);
};

namespace sample_access {

constexpr std::int64_t whole(Bytes bytes) { return static_cast<std::int64_t>(bytes.count); }
constexpr std::int64_t whole(std::uint64_t count) { return static_cast<std::int64_t>(count); }
constexpr std::int64_t whole(std::uint32_t count) { return count; }
inline std::int64_t whole(Seconds seconds) { return std::llround(seconds.count * 1e6); }

constexpr void assign(Bytes& field, std::int64_t value) { field = {static_cast<std::uint64_t>(value)}; }
constexpr void assign(std::uint64_t& field, std::int64_t value) { field = static_cast<std::uint64_t>(value); }
constexpr void assign(std::uint32_t& field, std::int64_t value) { field = static_cast<std::uint32_t>(value); }
constexpr void assign(Seconds& field, std::int64_t value) { field = {static_cast<double>(value) / 1e6}; }

template <auto member>
struct Always {
  static std::optional<std::int64_t> get(const Sample& sample) { return whole(sample.*member); }
  static void set(Sample& sample, std::int64_t value) { assign(sample.*member, value); }
};

template <auto member>
struct Sometimes {
  static std::optional<std::int64_t> get(const Sample& sample) {
    if (!(sample.*member)) return std::nullopt;
    return whole(*(sample.*member));
  }
  static void set(Sample& sample, std::int64_t value) { assign((sample.*member).emplace(), value); }
};

template <class Access>
constexpr SampleField field(const char* name, const char* unit, const char* help) {
  return {name, unit, help, Access::get, Access::set};
}

}  // namespace sample_access

inline constexpr std::array sample_fields = {
    sample_access::field<sample_access::Always<&Sample::at>>("at_us", "us", "time since the recording's start"),
    sample_access::field<sample_access::Always<&Sample::rss>>("rss", "bytes", "resident memory"),
    sample_access::field<sample_access::Always<&Sample::peak_rss>>("peak_rss", "bytes", "highest RSS so far"),
    sample_access::field<sample_access::Always<&Sample::swap>>("swap", "bytes", "swapped out"),
    sample_access::field<sample_access::Always<&Sample::threads>>("threads", "", "threads"),
    sample_access::field<sample_access::Always<&Sample::minor_faults>>("minor_faults", "",
                                                                       "page faults without I/O so far"),
    sample_access::field<sample_access::Always<&Sample::major_faults>>("major_faults", "",
                                                                       "page faults with I/O so far"),
    sample_access::field<sample_access::Always<&Sample::user>>("user_us", "us", "CPU time in user mode so far"),
    sample_access::field<sample_access::Always<&Sample::system>>("system_us", "us", "CPU time in the kernel so far"),
    sample_access::field<sample_access::Sometimes<&Sample::pss>>("pss", "bytes",
                                                                 "RSS, shared pages divided by their users"),
    sample_access::field<sample_access::Sometimes<&Sample::private_dirty>>("private_dirty", "bytes",
                                                                           "written, not shared"),
    sample_access::field<sample_access::Sometimes<&Sample::anonymous>>("anonymous", "bytes", "not backed by a file"),
    sample_access::field<sample_access::Sometimes<&Sample::lazy_free>>("lazy_free", "bytes",
                                                                       "given back by MADV_FREE, still resident"),
    sample_access::field<sample_access::Sometimes<&Sample::huge_pages>>("huge_pages", "bytes",
                                                                        "in transparent huge pages"),
    sample_access::field<sample_access::Sometimes<&Sample::mappings>>("mappings", "", "memory mappings (VMAs)"),
    sample_access::field<sample_access::Sometimes<&Sample::live>>("live", "bytes", "libneap: live objects"),
    sample_access::field<sample_access::Sometimes<&Sample::heap_resident>>("heap_resident", "bytes",
                                                                           "libneap: resident heap"),
    sample_access::field<sample_access::Always<&Sample::children_user>>(
        "children_user_us", "us", "CPU time in user mode of children that ended and were waited for"),
    sample_access::field<sample_access::Always<&Sample::children_system>>("children_system_us", "us",
                                                                          "the same, in the kernel"),
    sample_access::field<sample_access::Always<&Sample::children_minor_faults>>("children_minor_faults", "",
                                                                                "page faults without I/O of these"),
    sample_access::field<sample_access::Always<&Sample::children_major_faults>>("children_major_faults", "",
                                                                                "page faults with I/O of these"),
};

}  // namespace neap
