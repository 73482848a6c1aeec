#include "tool/trace/cut.h"

#include <fmt/core.h>

#include <filesystem>
#include <memory>

#include "tool/files/target.h"
#include "tool/model/text.h"
#include "tool/render/quantity.h"
#include "tool/trace/commands/trace_verbs.h"

namespace neap {
namespace {

struct CutOptions {
  std::string input;
  std::string output;
  Cut cut;
  bool force = false;
};

int write_cut(const CutOptions& options, const Invocation& invocation) {
  NewFile file(options.output, {FileKind::trace, {options.input}, options.force});
  const std::uint64_t events = cut_trace(options.input, file.unfinished(), options.cut);
  const Bytes size{std::filesystem::file_size(file.unfinished())};
  file.publish();
  if (!invocation.quiet) tell(fmt::format("{} events in {} ({})", events, options.output, show_bytes(size)));
  return 0;
}

}  // namespace

VerbBody define_trace_cut(CommandLine& command, const Invocation& invocation) {
  auto options = std::make_shared<CutOptions>();
  command.add_option("INPUT", options->input, "A neap trace or a .trc.zst one").required();
  command.add_option("OUTPUT", options->output, "The new trace").required();
  command.add_option("--from", options->cut.from.count, "Seconds after the start").takes_duration().not_negative();
  command.add_option("--until", options->cut.until.count, "Seconds after the start (default: the end)")
      .takes_duration()
      .above_zero();
  command.add_option("--level", options->cut.compression_level, "zstd's compression level")
      .within(1, 19)
      .shows_default();
  command.add_flag("--force", options->force, "Replace an existing trace");
  command.footer("Without --from and --until the whole trace is copied, so this also converts a .trc.zst trace.");
  return [options, &invocation] { return write_cut(*options, invocation); };
}

}  // namespace neap
