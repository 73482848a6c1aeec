#include "tool/change/describe.h"

#include <fmt/format.h>

#include "tool/change/apply.h"
#include "tool/change/edit.h"

namespace neap {
namespace {

void append_lines(std::string& text, char mark, std::string_view lines) {
  for (std::size_t start = 0; start < lines.size();) {
    const std::size_t end = std::min(lines.find('\n', start), lines.size());
    text += fmt::format("{} {}\n", mark, lines.substr(start, end - start));
    start = end + 1;
  }
}

std::string_view bytes_of(const std::optional<FileImage>& image) {
  return image ? std::string_view(image->bytes) : std::string_view();
}

}  // namespace

std::string describe_change(const Entry& entry) {
  std::string text;
  for (const FileChange& file : entry.files) {
    if (file.from == file.to) continue;
    text += fmt::format("{}{}\n", file.path, !file.from ? " (new)" : !file.to ? " (removed)" : "");
    const Difference lines = difference(bytes_of(file.from), bytes_of(file.to));
    append_lines(text, '-', lines.before);
    append_lines(text, '+', lines.after);
  }
  if (!text.empty()) text.pop_back();
  return text;
}

std::string describe_restore(const Root& root, Entry entry) {
  refuse_edited(root, entry);
  for (FileChange& file : entry.files)
    file = {file.path, {}, read_image(root.at(file.path)), as_before(root, file, file.original)};
  return describe_change(entry);
}

}  // namespace neap
