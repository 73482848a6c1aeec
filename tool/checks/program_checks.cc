#include "tool/checks/program_checks.h"

#include <fmt/format.h>

#include <filesystem>

#include "tool/allocators/preflight.h"
#include "tool/inspect/elf.h"
#include "tool/model/failure.h"
#include "tool/model/text.h"

namespace neap {
namespace {

constexpr const char* link_it = "no preloaded library reaches it; build it against the library instead (-lneap)";

// Text that every program built with something contains, and that a stripped file still shows.
struct Mark {
  const char* bytes;
  const char* what;
  Severity severity;
  const char* advice;
};

constexpr Mark marks[] = {
    {"\xff Go buildinf:", "a Go program: its memory comes from Go's own heap, not from malloc", Severity::warning,
     "only its C libraries (cgo) would use the library; GOMEMLIMIT and GOGC steer the rest"},
    {"<jemalloc>: ", "has a jemalloc built in; what it takes from there stays there", Severity::warning,
     "build it without (Rust: the feature jemalloc; Redis: MALLOC=libc) to have it on the library"},
    {"partition_alloc", "has PartitionAlloc built in, as Chromium and Electron have", Severity::warning,
     "its own heap stays; the switch changes little or nothing"},
    {"mi_process_init", "has a mimalloc built in; what it takes from there stays there", Severity::warning,
     "build it without to have it on the library"},
};

void check_target(const std::string& file, const std::string& library, std::vector<Finding>& findings) {
  const ElfTarget program = read_elf_target(file), ours = read_elf_target(library);
  if (!program.is_elf || !ours.is_elf) return;
  if (program.machine != ours.machine || program.is_64_bit != ours.is_64_bit)
    findings.push_back(
        {Severity::obstacle, file, "it is built for another architecture than the library",
         fmt::format("install the library for its architecture (dpkg --add-architecture) in place of {}", library)});
  else if (const std::string loader = read_elf(file).interpreter; loader.find("musl") != std::string::npos)
    findings.push_back({Severity::obstacle, file, fmt::format("it runs on musl ({}), the library on glibc", loader),
                        "use a build of the program for glibc"});
}

}  // namespace

std::vector<Finding> check_own_heap(const std::string& file) {
  std::vector<Finding> findings;
  for (const Mark& mark : marks)
    if (file_holds(file, mark.bytes)) findings.push_back({mark.severity, file, mark.what, mark.advice});
  return findings;
}

void tell_own_heap(const std::string& file) {
  for (const Finding& finding : check_own_heap(file))
    tell(fmt::format("{}: {}; {}", finding.subject, finding.what, finding.advice));
}

std::vector<Finding> check_program(const std::string& program, const Allocator& allocator) {
  std::vector<Finding> findings;
  if (allocator.library.empty()) return findings;
  if (program.find('/') != std::string::npos && !std::filesystem::exists(program))
    return {{Severity::obstacle, program, "there is no such program", "install it, or correct ExecStart="}};
  const Preflight preflight = look_before_start(program);
  check_target(preflight.file, allocator.library, findings);
  if (!preflight.obstacle.empty() && findings.empty())
    findings.push_back({Severity::obstacle, preflight.file, preflight.obstacle, link_it});
  else if (preflight.changes_rights)
    findings.push_back({Severity::warning, preflight.file,
                        "it is setuid, setgid or has file capabilities: started by another user it drops LD_PRELOAD",
                        "neap enable --system reaches it then too"});
  if (!preflight.linked_malloc.empty())
    findings.push_back({Severity::fine,
                        preflight.file,
                        fmt::format("links {}, which the preload replaces", preflight.linked_malloc),
                        {}});
  if (preflight.linked_malloc.empty())
    for (Finding& finding : check_own_heap(preflight.file)) findings.push_back(std::move(finding));
  if (findings.empty()) findings.push_back({Severity::fine, preflight.file, "takes a preloaded malloc", {}});
  if (const std::string started = find_program(program); started != preflight.file)
    findings.push_back({Severity::fine, started,
                        fmt::format("is a script of {}; what it starts is not looked at", preflight.file),
                        "neap doctor with the path of what it starts"});
  return findings;
}

}  // namespace neap
