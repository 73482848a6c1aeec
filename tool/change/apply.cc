#include "tool/change/apply.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "tool/model/failure.h"

namespace neap {
namespace {

const FileChange* find_change(const std::optional<Entry>& entry, const std::string& path) {
  if (!entry) return nullptr;
  for (const FileChange& file : entry->files)
    if (file.path == path) return &file;
  return nullptr;
}

void remove_folders(const Root& root, const std::vector<std::string>& folders) {
  for (auto folder = folders.rbegin(); folder != folders.rend(); ++folder) remove_folder_if_empty(root.at(*folder));
}

// Makes the journal what it was before `next`: with the entry that `next` replaced, or without any.
void reinstate(const Journal& journal, const std::optional<Entry>& replaced, const Entry& next) {
  if (replaced)
    journal.save(*replaced);
  else
    journal.erase(next.target);
}

void put_back(const Root& root, const Entry& next, std::size_t written) {
  for (std::size_t left = written; left > 0; --left)
    put_durably(root.at(next.files[left - 1].path), as_before(root, next.files[left - 1], next.files[left - 1].from));
}

}  // namespace

void refuse_edited(const Root& root, const Entry& entry) {
  const std::vector<std::string> edited = edited_files(root, entry);
  if (edited.empty()) return;
  throw UsageFailure(
      fmt::format("{} was edited since neap wrote it; neap overwrites no edit: move your lines to a file of your own, "
                  "remove this one and try again",
                  fmt::join(edited, ", ")));
}

void take_stock(const Root& root, const std::optional<Entry>& replaced, Entry& next) {
  if (replaced) {
    refuse_edited(root, *replaced);
    next.folders = replaced->folders;
    next.previous = replaced->allocator;
    // What the new switch does without goes last: until then the old drop-in may still name it.
    for (const FileChange& old : replaced->files)
      if (!find_change(next, old.path)) next.files.push_back({old.path, old.original, {}, old.original, old.is_edit});
  }
  for (FileChange& file : next.files) {
    file.from = read_image(root.at(file.path));
    const FileChange* old = find_change(replaced, file.path);
    file.original = old == nullptr ? file.from
                    : file.is_edit ? as_before(root, *old, old->original)  // with what others changed since
                                   : old->original;
    for (const std::string& folder : missing_folders(root.at(file.path))) {
      const std::string inside = folder.substr(root.at("").size());
      if (std::find(next.folders.begin(), next.folders.end(), inside) == next.folders.end())
        next.folders.push_back(inside);
    }
  }
}

void apply(const Root& root, const Journal& journal, const std::optional<Entry>& replaced, const Entry& next) {
  std::size_t written = 0;
  try {
    journal.save(next);
    for (const std::string& folder : next.folders) make_folder_durably(root.at(folder));
    for (; written < next.files.size(); ++written)
      put_durably(root.at(next.files[written].path), next.files[written].to);
  } catch (const Failure&) {
    put_back(root, next, written);
    if (!replaced) remove_folders(root, next.folders);
    reinstate(journal, replaced, next);
    throw;
  }
}

std::optional<Entry> what_it_replaced(const Entry& entry) {
  if (entry.previous.empty()) return std::nullopt;
  Entry replaced = entry;
  replaced.allocator = entry.previous;
  replaced.previous.clear();
  for (FileChange& file : replaced.files) file.to = file.from, file.from = file.original;
  return replaced;
}

void roll_back(const Root& root, const Journal& journal, const std::optional<Entry>& replaced, const Entry& next) {
  refuse_edited(root, next);
  put_back(root, next, next.files.size());
  if (!replaced) remove_folders(root, next.folders);
  reinstate(journal, replaced, next);
}

void restore(const Root& root, const Journal& journal, const Entry& entry) {
  refuse_edited(root, entry);
  for (auto file = entry.files.rbegin(); file != entry.files.rend(); ++file)
    put_durably(root.at(file->path), as_before(root, *file, file->original));
  remove_folders(root, entry.folders);
  journal.erase(entry.target);
}

}  // namespace neap
