#include "tool/misuse/misuse_report.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "format/misuse_text.h"

namespace neap {
namespace {

using namespace misuse;
using Json = nlohmann::ordered_json;

// What format/misuse_text.h writes to.
class Text {
 public:
  explicit Text(FrameNames& names) : names_(names) {}
  void text(const char* text) { all_ += text; }
  void number(std::uint64_t value) { all_ += fmt::format("{}", value); }
  void hex(std::uint64_t value) { all_ += fmt::format("{:x}", value); }
  void frame(std::size_t index, const Frame& frame) {
    const NamedFrame named = names_.named(frame);
    all_ += fmt::format("    #{} {:#x}", index, frame.pc);
    if (!named.name.empty()) all_ += " in " + named.name;
    if (!named.source.empty()) all_ += " " + named.source;
    if (!named.file.empty()) all_ += fmt::format(" ({}+{:#x})", named.file, frame.offset);
    all_ += "\n";
  }
  const std::string& all() const { return all_; }

 private:
  FrameNames& names_;
  std::string all_;
};

// The innermost frame that says where: of the call, or where the object came from.
std::string where(const Report& report, FrameNames& names) {
  for (const Stack* stack : {&report.here, &report.object.made})
    for (std::uint32_t i = 0; i < stack->depth; ++i) {
      const NamedFrame named = names.named(stack->frame[i]);
      if (!named.name.empty())
        return fmt::format(" {}{}in {}", named.source, named.source.empty() ? "" : " ", named.name);
    }
  return {};
}

const char* kind_of(const Report& report) { return kKindNames[static_cast<std::size_t>(report.kind)]; }

std::string hex(std::uint64_t value) { return fmt::format("{:#x}", value); }

Json stack_json(const Stack& stack, FrameNames& names) {
  Json frames = Json::array();
  for (std::uint32_t i = 0; i < stack.depth; ++i) {
    const NamedFrame named = names.named(stack.frame[i]);
    frames.push_back({{"pc", hex(stack.frame[i].pc)},
                      {"name", named.name},
                      {"source", named.source},
                      {"file", named.file},
                      {"offset", hex(stack.frame[i].offset)}});
  }
  return frames;
}

Json object_json(const Object& object, FrameNames& names) {
  if (object.begin == 0) return nullptr;
  Json json = {{"begin", hex(object.begin)},
               {"size", object.size},
               {"allocated_by", name_of(object.made_by)},
               {"allocated_in_thread", object.made_in},
               {"allocated", stack_json(object.made, names)}};
  if (object.ended_by != 0) {
    json["freed_by"] = name_of(object.ended_by);
    json["freed_in_thread"] = object.ended_in;
    json["freed"] = stack_json(object.ended, names);
  }
  return json;
}

Json leak_json(const Report& report, FrameNames& names) {
  return {{"pid", report.pid},
          {"bytes", report.leaked_bytes},
          {"objects", report.leaked_objects},
          {"indirect", report.is_indirect != 0},
          {"allocated_by", name_of(report.object.made_by)},
          {"allocated", stack_json(report.object.made, names)}};
}

Json report_json(const Report& report, FrameNames& names) {
  constexpr const char* accesses[] = {"none", "read", "write"};
  const auto access = std::min<std::size_t>(static_cast<std::size_t>(report.access), 2);
  return {{"pid", report.pid},
          {"kind", kind_of(report)},
          {"address", hex(report.address)},
          {"access", accesses[access]},
          {"bytes", report.bytes},
          {"bytes_are_least", report.is_least != 0},
          {"found_by", report.call},
          {"thread", report.thread},
          {"stack", stack_json(report.here, names)},
          {"object", object_json(report.object, names)},
          {"beside", object_json(report.beside, names)}};
}

}  // namespace

std::string misuse_text(const MisuseReport& report, FrameNames& names) {
  Text text(names);
  write_report(report.get(), text);
  if (report.kind == Kind::leak) return text.all() + "\n";
  return fmt::format("{}SUMMARY: libneap: {}{}\n", text.all(), kind_of(report.get()), where(report.get(), names));
}

std::string leaks_head(const MisuseReport& first) {
  return fmt::format("{:=<65}\n=={}==ERROR: libneap: detected memory leaks\n\n", "", first.get().pid);
}

std::string leaks_summary(const std::vector<MisuseReport>& reports) {
  std::uint64_t bytes = 0, objects = 0;
  for (const MisuseReport& report : reports)
    if (report.kind == Kind::leak) bytes += report.get().leaked_bytes, objects += report.get().leaked_objects;
  return fmt::format("SUMMARY: libneap: {} byte(s) leaked in {} object(s).\n", bytes, objects);
}

std::string misuse_json(const std::vector<MisuseReport>& reports, const MisuseFile& log, FrameNames& names) {
  Json json = {{"schema", "neap.misuse/1"},
               {"errors", Json::array()},
               {"leaks", Json::array()},
               {"lost", log.lost()},
               {"leaks_unsearched", log.unsearched()}};
  for (const MisuseReport& report : reports) {
    if (report.kind == Kind::leak)
      json["leaks"].push_back(leak_json(report.get(), names));
    else
      json["errors"].push_back(report_json(report.get(), names));
  }
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace neap
