#include "tool/profile/profile_files.h"

#include <fmt/format.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "tool/model/failure.h"
#include "tool/profile/protobuf.h"
#include "tool/render/embedded.h"
#include "tool/render/svg_writer.h"

namespace neap {
namespace {

// ';' and line ends separate in folded stacks.
std::string one_word(std::string name) {
  for (char& letter : name)
    if (letter == ';' || letter == '\n') letter = ':';
  return name;
}

struct Node {
  double value = 0;
  std::map<std::string, Node> inner;
};

nlohmann::ordered_json as_json(const std::string& name, const Node& node, double least) {
  nlohmann::ordered_json json = {{"n", name}, {"v", node.value}};
  for (const auto& [inner_name, inner] : node.inner)
    if (inner.value >= least) json["c"].push_back(as_json(inner_name, inner, least));
  return json;
}

std::string folded_stacks(const Sites& sites, const ProfileValue& value, const std::string&) {
  std::map<std::string, double> lines;
  for (const Site& site : sites.all) {
    if (site.*value.value < 1) continue;
    std::string line;
    for (auto frame = site.frames.rbegin(); frame != site.frames.rend(); ++frame)
      line += (line.empty() ? "" : ";") + one_word(*frame);
    lines[line] += site.*value.value;
  }
  std::string text;
  for (const auto& [line, sum] : lines) text += fmt::format("{} {:.0f}\n", line, sum);
  return text;
}

// The fields of https://github.com/google/pprof/blob/main/proto/profile.proto that a profile by names needs.
std::string pprof_profile(const Sites& sites, const ProfileValue& value, const std::string&) {
  std::vector<std::string> strings{""};
  std::map<std::string, std::uint64_t> index, functions;
  const auto text = [&](const std::string& string) {
    const auto [place, fresh] = index.emplace(string, strings.size());
    if (fresh) strings.push_back(string);
    return place->second;
  };
  ProtobufMessage profile, type;
  type.number(1, text(value.name)).number(2, text("bytes"));
  profile.message(1, type);
  for (const Site& site : sites.all) {
    if (site.*value.value < 1) continue;
    std::vector<std::uint64_t> locations;
    for (const std::string& frame : site.frames)
      locations.push_back(functions.emplace(frame, functions.size() + 1).first->second);
    ProtobufMessage sample;
    sample.numbers(1, locations).numbers(2, {static_cast<std::uint64_t>(site.*value.value)});
    profile.message(2, sample);
  }
  for (const auto& [name, id] : functions) {
    ProtobufMessage line, location, function;
    line.number(1, id);
    location.number(1, id).message(4, line);
    function.number(1, id).number(2, text(name));
    profile.message(4, location).message(5, function);
  }
  for (const std::string& string : strings) profile.bytes(6, string);
  return profile.text();
}

// Frames are names here: each has an address of its own that means nothing else.
std::string gperftools_profile(const Sites& sites, const ProfileValue& value, const std::string& program) {
  constexpr std::uint64_t apart = 4096;
  std::map<std::string, std::uint64_t> addresses;
  std::string stacks;
  double objects = 0, bytes = 0;
  const auto figures = [](double count, double size) {
    return fmt::format("{0:.0f}: {1:.0f} [{0:.0f}: {1:.0f}] @", count, size);
  };
  for (const Site& site : sites.all) {
    if (site.*value.value < 1) continue;
    objects += site.objects, bytes += site.*value.value;
    stacks += figures(site.objects, site.*value.value);
    for (const std::string& frame : site.frames)
      stacks += fmt::format(" {:#018x}", addresses.emplace(frame, (addresses.size() + 1) * apart).first->second);
    stacks += "\n";
  }
  std::string text = fmt::format("--- symbol\nbinary={}\n", program);
  for (const auto& [frame, address] : addresses) text += fmt::format("{:#018x} {}\n", address, one_word(frame));
  return text + "---\nheap profile: " + figures(objects, bytes) + " heapprofile\n" + stacks + "\nMAPPED_LIBRARIES:\n";
}

std::string flame_page(const Sites& sites, const ProfileValue& value, const std::string& program) {
  Node root;
  for (const Site& site : sites.all) {
    if (site.*value.value <= 0) continue;
    Node* node = &root;
    node->value += site.*value.value;
    for (auto frame = site.frames.rbegin(); frame != site.frames.rend(); ++frame) {
      node = &node->inner[*frame];
      node->value += site.*value.value;
    }
  }
  std::string data =
      as_json("all", root, root.value / 5000).dump(-1, ' ', true, nlohmann::ordered_json::error_handler_t::replace);
  for (std::size_t at = 0; (at = data.find("</", at)) != std::string::npos;) data.replace(at, 2, "<\\/");
  return fmt::format(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{0}: "
      "{1}</title>\n<style>\n{2}</style></head>\n"
      "<body><h1>{1}</h1><p id=\"about\">{0}</p><div id=\"flame\"></div>\n<script>\nconst "
      "profile={3};\n{4}</script></body></html>\n",
      escape_markup(program), escape_markup(value.title), embedded::flame_css, data, embedded::flame_js);
}

}  // namespace

constexpr ProfileFormat profile_formats[] = {
    {".html", flame_page}, {".folded", folded_stacks}, {".pb", pprof_profile}, {".heap", gperftools_profile}};

std::vector<std::pair<std::string, double>> read_folded(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw UsageFailure(fmt::format("cannot read '{}'", path));
  std::vector<std::pair<std::string, double>> stacks;
  for (std::string line; std::getline(file, line);) {
    const auto space = line.rfind(' ');
    char* rest = nullptr;
    const double value = space == std::string::npos ? 0 : std::strtod(line.c_str() + space + 1, &rest);
    if (space == std::string::npos || rest == line.c_str() + space + 1 || *rest != '\0')
      throw UsageFailure(fmt::format("'{}' holds no folded stacks (neap profile -o FILE.folded writes them)", path));
    stacks.emplace_back(line.substr(0, space), value);
  }
  return stacks;
}

}  // namespace neap
