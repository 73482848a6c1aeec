// neap-manual: writes the manual pages and the shells' completion into a folder, laid out as below share/.
//   neap-manual FOLDER DATE          the date of the pages, 2026-01-31
#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <span>

#include "manual/completion.h"
#include "manual/library_pages.h"
#include "manual/verb_pages.h"
#include "tool/model/failure.h"

namespace neap::manual {
namespace {

namespace fs = std::filesystem;

void write(const fs::path& path, const std::string& content) {
  fs::create_directories(path.parent_path());
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << content;
  file.close();
  if (!file) throw Failure(fmt::format("cannot write '{}'", path.string()));
}

void write_all(const fs::path& share, const Edition& edition) {
  const CommandDescription command = read_command();
  write(share / "man/man1/neap.1", render_command_page(command, edition));
  for (const CommandDescription& verb : command.parts)
    write(share / "man/man1" / ("neap-" + verb.name + ".1"), render_verb_page(verb, command, edition));
  write(share / "man/man3/libneap.3", render_calls_page(edition));
  write(share / "man/man7/libneap.7", render_library_page(edition));
  write(share / "bash-completion/completions/neap", render_bash(command));
  write(share / "zsh/vendor-completions/_neap", render_zsh(command));
  write(share / "fish/vendor_completions.d/neap.fish", render_fish(command));
}

}  // namespace
}  // namespace neap::manual

int main(int count, char** values) try {
  const std::span all(values, static_cast<std::size_t>(count));
  if (count != 3) throw neap::UsageFailure("usage: neap-manual FOLDER DATE");
  neap::manual::write_all(all[1], {all[2], NEAP_VERSION});
  return 0;
} catch (const std::exception& error) {
  fmt::print(stderr, "neap-manual: {}\n", error.what());
  return 2;
}
