#include "tool/change/describe.h"

#include <fmt/format.h>

#include "tool/change/apply.h"

namespace neap {
namespace {

void append_lines(std::string& text, char mark, const std::optional<FileImage>& image) {
  if (!image) return;
  for (std::size_t start = 0; start < image->bytes.size();) {
    const std::size_t end = std::min(image->bytes.find('\n', start), image->bytes.size());
    text += fmt::format("{} {}\n", mark, image->bytes.substr(start, end - start));
    start = end + 1;
  }
}

}  // namespace

std::string describe_change(const Record& record) {
  std::string text;
  for (const FileChange& file : record.files) {
    if (file.from == file.to) continue;
    text += fmt::format("{}{}\n", file.path, !file.from ? " (new)" : !file.to ? " (removed)" : "");
    append_lines(text, '-', file.from);
    append_lines(text, '+', file.to);
  }
  if (!text.empty()) text.pop_back();
  return text;
}

std::string describe_restore(const Root& root, Record record) {
  refuse_edited(root, record);
  for (FileChange& file : record.files) file = {file.path, {}, read_image(root.at(file.path)), file.original};
  return describe_change(record);
}

}  // namespace neap
