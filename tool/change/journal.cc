#include "tool/change/journal.h"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "tool/change/edit.h"
#include "tool/model/failure.h"

namespace neap {
namespace {

using nlohmann::json;

constexpr int format_version = 1;

// Text stays readable for whoever has to repair by hand; bytes that are no UTF-8 become a list of numbers.
json bytes_as_json(const std::string& bytes) {
  try {
    json text = bytes;
    (void)text.dump();
    return text;
  } catch (const json::type_error&) {
    json numbers = json::array();
    for (const char each : bytes) numbers.push_back(static_cast<unsigned char>(each));
    return numbers;
  }
}

std::string bytes_of(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  std::string bytes;
  for (const json& number : value) bytes += static_cast<char>(number.get<unsigned char>());
  return bytes;
}

json as_json(const std::optional<FileImage>& image) {
  if (!image) return nullptr;
  return {
      {"bytes", bytes_as_json(image->bytes)}, {"mode", image->mode}, {"owner", image->owner}, {"group", image->group}};
}

std::optional<FileImage> image_of(const json& value) {
  if (value.is_null()) return std::nullopt;
  return FileImage{bytes_of(value.at("bytes")), value.at("mode").get<mode_t>(), value.at("owner").get<uid_t>(),
                   value.at("group").get<gid_t>()};
}

json as_json(const UnitMark& mark) {
  return {{"invocation", mark.invocation},
          {"restarts", mark.restarts},
          {"oom_kills", mark.oom_kills},
          {"workers", mark.workers}};
}

UnitMark mark_of(const json& written) {
  return {written.at("invocation"), written.at("restarts"), written.at("oom_kills"),
          written.at("workers").get<std::vector<std::string>>()};
}

json as_json(const Entry& entry) {
  json files = json::array();
  for (const FileChange& file : entry.files)
    files.push_back({{"path", file.path},
                     {"original", as_json(file.original)},
                     {"from", as_json(file.from)},
                     {"to", as_json(file.to)},
                     {"is_edit", file.is_edit}});
  json written{{"version", format_version},    {"target", entry.target},
               {"allocator", entry.allocator}, {"library", entry.library},
               {"previous", entry.previous},   {"since", entry.since},
               {"complete", entry.complete},   {"files", files},
               {"folders", entry.folders},     {"effective", entry.effective}};
  if (entry.bytes_before) written["bytes_before"] = *entry.bytes_before;
  if (entry.bytes_after) written["bytes_after"] = *entry.bytes_after;
  for (const auto& [unit, mark] : entry.marks) written["marks"][unit] = as_json(mark);
  if (!entry.part_of.empty()) written["part_of"] = entry.part_of;
  if (entry.probation_until != 0) written["probation_until"] = entry.probation_until;
  return written;
}

Entry entry_of(const json& written) {
  if (written.at("version").get<int>() != format_version) throw Failure("of another version of neap");
  Entry entry;
  entry.target = written.at("target");
  entry.allocator = written.at("allocator");
  entry.library = written.at("library");
  entry.previous = written.at("previous");
  entry.since = written.at("since");
  entry.complete = written.at("complete");
  entry.effective = written.at("effective");
  entry.folders = written.at("folders").get<std::vector<std::string>>();
  for (const json& file : written.at("files"))
    entry.files.push_back({file.at("path"), image_of(file.at("original")), image_of(file.at("from")),
                           image_of(file.at("to")), file.value("is_edit", false)});
  if (written.contains("bytes_before")) entry.bytes_before = written["bytes_before"].get<std::uint64_t>();
  if (written.contains("bytes_after")) entry.bytes_after = written["bytes_after"].get<std::uint64_t>();
  if (written.contains("marks"))
    for (const auto& [unit, mark] : written["marks"].items()) entry.marks[unit] = mark_of(mark);
  entry.part_of = written.value("part_of", "");
  entry.probation_until = written.value("probation_until", std::int64_t{0});
  return entry;
}

Entry read_entry(const std::string& path, const std::string& text) {
  try {
    return entry_of(json::parse(text));
  } catch (const std::exception& error) {
    throw Failure(fmt::format("the journal entry {} cannot be read ({}); look at the files it names, then move it away",
                              path, error.what()));
  }
}

}  // namespace

Entry begin_entry(const std::string& target, const Allocator& allocator) {
  Entry entry;
  entry.target = target;
  entry.allocator = allocator.label;
  entry.library = allocator.library;
  entry.since = std::time(nullptr);
  return entry;
}

std::optional<FileImage> as_before(const Root& root, const FileChange& change, const std::optional<FileImage>& before) {
  std::optional<FileImage> now = read_image(root.at(change.path));
  if (!change.is_edit || !now || !before || !change.to || now == change.to) return before;
  if (const auto bytes = undo_edit(before->bytes, change.to->bytes, now->bytes)) now->bytes = *bytes;
  return now;
}

Standing standing_of(const Root& root, const FileChange& change) {
  const std::optional<FileImage> now = read_image(root.at(change.path));
  if (now == change.to) return Standing::in_force;
  if (now == change.from) return Standing::before;
  if (now == change.original) return Standing::restored;
  if (change.is_edit && now && change.original && change.to)
    return undo_edit(change.original->bytes, change.to->bytes, now->bytes) ? Standing::in_force : Standing::restored;
  return Standing::edited;
}

Standing standing_of(const Root& root, const Entry& entry) {
  if (!edited_files(root, entry).empty()) return Standing::edited;
  for (const FileChange& file : entry.files)
    if (file.path == entry.effective) return standing_of(root, file);
  return Standing::restored;
}

std::vector<std::string> edited_files(const Root& root, const Entry& entry) {
  std::vector<std::string> edited;
  for (const FileChange& file : entry.files)
    if (standing_of(root, file) == Standing::edited) edited.push_back(file.path);
  return edited;
}

// A unit's name has no slash; "program NAME" may have one in it.
std::string Journal::path_of(const std::string& target) const {
  std::string name = target;
  std::replace(name.begin(), name.end(), '/', '|');
  return folder_ + "/" + name + ".json";
}

std::optional<Entry> Journal::load(const std::string& target) const {
  const std::string path = path_of(target);
  const std::optional<FileImage> image = read_image(path);
  if (!image) return std::nullopt;
  return read_entry(path, image->bytes);
}

std::vector<Entry> Journal::load_all(std::vector<BrokenEntry>& broken) const {
  std::vector<Entry> entries;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder_, ignored)) {
    const std::string path = entry.path().string();
    if (entry.path().extension() != ".json") continue;
    try {
      if (const std::optional<FileImage> image = read_image(path)) entries.push_back(read_entry(path, image->bytes));
    } catch (const Failure& failure) {
      broken.push_back({entry.path().stem().string(), failure.what()});
    }
  }
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.target < b.target; });
  return entries;
}

void Journal::save(const Entry& entry) const {
  write_durably(path_of(entry.target), fresh_image(as_json(entry).dump(1) + "\n"));
}

void Journal::clear_unfinished() const {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder_, ignored))
    if (entry.path().extension() == unfinished_extension) std::filesystem::remove(entry.path(), ignored);
}

void Journal::erase(const std::string& target) const { remove_durably(path_of(target)); }

}  // namespace neap
