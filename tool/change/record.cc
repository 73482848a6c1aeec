#include "tool/change/record.h"

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

json as_json(const Record& record) {
  json files = json::array();
  for (const FileChange& file : record.files)
    files.push_back({{"path", file.path},
                     {"original", as_json(file.original)},
                     {"from", as_json(file.from)},
                     {"to", as_json(file.to)},
                     {"is_edit", file.is_edit}});
  json written{{"version", format_version},     {"target", record.target},
               {"allocator", record.allocator}, {"library", record.library},
               {"previous", record.previous},   {"since", record.since},
               {"complete", record.complete},   {"files", files},
               {"folders", record.folders},     {"effective", record.effective}};
  if (record.bytes_before) written["bytes_before"] = *record.bytes_before;
  if (record.bytes_after) written["bytes_after"] = *record.bytes_after;
  for (const auto& [unit, mark] : record.marks) written["marks"][unit] = as_json(mark);
  if (!record.part_of.empty()) written["part_of"] = record.part_of;
  if (record.probation_until != 0) written["probation_until"] = record.probation_until;
  return written;
}

Record record_of(const json& written) {
  if (written.at("version").get<int>() != format_version) throw Failure("of another version of neap");
  Record record;
  record.target = written.at("target");
  record.allocator = written.at("allocator");
  record.library = written.at("library");
  record.previous = written.at("previous");
  record.since = written.at("since");
  record.complete = written.at("complete");
  record.effective = written.at("effective");
  record.folders = written.at("folders").get<std::vector<std::string>>();
  for (const json& file : written.at("files"))
    record.files.push_back({file.at("path"), image_of(file.at("original")), image_of(file.at("from")),
                            image_of(file.at("to")), file.value("is_edit", false)});
  if (written.contains("bytes_before")) record.bytes_before = written["bytes_before"].get<std::uint64_t>();
  if (written.contains("bytes_after")) record.bytes_after = written["bytes_after"].get<std::uint64_t>();
  if (written.contains("marks"))
    for (const auto& [unit, mark] : written["marks"].items()) record.marks[unit] = mark_of(mark);
  record.part_of = written.value("part_of", "");
  record.probation_until = written.value("probation_until", std::int64_t{0});
  return record;
}

Record read_record(const std::string& path, const std::string& text) {
  try {
    return record_of(json::parse(text));
  } catch (const std::exception& error) {
    throw Failure(fmt::format("the journal entry {} cannot be read ({}); look at the files it names, then move it away",
                              path, error.what()));
  }
}

}  // namespace

Record begin_record(const std::string& target, const Allocator& allocator) {
  Record record;
  record.target = target;
  record.allocator = allocator.label;
  record.library = allocator.library;
  record.since = std::time(nullptr);
  return record;
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

Standing standing_of(const Root& root, const Record& record) {
  if (!edited_files(root, record).empty()) return Standing::edited;
  for (const FileChange& file : record.files)
    if (file.path == record.effective) return standing_of(root, file);
  return Standing::restored;
}

std::vector<std::string> edited_files(const Root& root, const Record& record) {
  std::vector<std::string> edited;
  for (const FileChange& file : record.files)
    if (standing_of(root, file) == Standing::edited) edited.push_back(file.path);
  return edited;
}

// A unit's name has no slash; "program NAME" may have one in it.
std::string RecordStore::path_of(const std::string& target) const {
  std::string name = target;
  std::replace(name.begin(), name.end(), '/', '|');
  return folder_ + "/" + name + ".json";
}

std::optional<Record> RecordStore::load(const std::string& target) const {
  const std::string path = path_of(target);
  const std::optional<FileImage> image = read_image(path);
  if (!image) return std::nullopt;
  return read_record(path, image->bytes);
}

std::vector<Record> RecordStore::load_all(std::vector<BrokenRecord>& broken) const {
  std::vector<Record> records;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder_, ignored)) {
    const std::string path = entry.path().string();
    if (entry.path().extension() != ".json") continue;
    try {
      if (const std::optional<FileImage> image = read_image(path)) records.push_back(read_record(path, image->bytes));
    } catch (const Failure& failure) {
      broken.push_back({entry.path().stem().string(), failure.what()});
    }
  }
  std::sort(records.begin(), records.end(), [](const Record& a, const Record& b) { return a.target < b.target; });
  return records;
}

void RecordStore::save(const Record& record) const {
  write_durably(path_of(record.target), fresh_image(as_json(record).dump(1) + "\n"));
}

void RecordStore::clear_unfinished() const {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder_, ignored))
    if (entry.path().extension() == unfinished_extension) std::filesystem::remove(entry.path(), ignored);
}

void RecordStore::erase(const std::string& target) const { remove_durably(path_of(target)); }

}  // namespace neap
