#include "tool/misuse/frame_names.h"

namespace neap {

NamedFrame FrameNames::named(const misuse::Frame& frame) {
  NamedFrame named;
  named.file = file_.module(frame.module);
  if (named.file.empty()) return named;
  std::unique_ptr<Symbols>& symbols = symbols_[named.file];
  if (symbols == nullptr)
    symbols = std::make_unique<Symbols>(std::vector<SampledModule>{{0, UINT64_MAX, 0, named.file}}, "");
  const std::string& name = symbols->name(frame.offset);
  if (name.find("+0x") == std::string::npos && name != "?") named.name = name;
  named.source = symbols->source(frame.offset);
  return named;
}

}  // namespace neap
