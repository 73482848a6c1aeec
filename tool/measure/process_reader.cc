#include "tool/measure/process_reader.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <string_view>
#include <utility>

namespace neap {
namespace {

std::uint64_t to_number(std::string_view text) {
  const auto start = text.find_first_of("0123456789");
  std::uint64_t value = 0;
  if (start != std::string_view::npos) std::from_chars(text.data() + start, text.data() + text.size(), value);
  return value;
}

// The number behind "NAME:" at the start of a line.
std::optional<std::uint64_t> find_number(std::string_view text, std::string_view name) {
  for (std::size_t at = text.find(name); at != std::string_view::npos; at = text.find(name, at + 1)) {
    if (at != 0 && text[at - 1] != '\n') continue;
    const std::string_view rest = text.substr(at + name.size());
    return to_number(rest.substr(0, rest.find('\n')));
  }
  return std::nullopt;
}

std::optional<Bytes> find_kibibytes(std::string_view text, std::string_view name) {
  const auto number = find_number(text, name);
  if (!number) return std::nullopt;
  return kibibytes(*number);
}

constexpr std::uint64_t exiting_flag = 0x4;  // PF_EXITING: its memory is being torn down

Seconds from_ticks(std::uint64_t ticks) {
  static const auto per_second = static_cast<double>(::sysconf(_SC_CLK_TCK));
  return {static_cast<double>(ticks) / per_second};
}

}  // namespace

File& File::operator=(File&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

File::~File() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

ProcessReader::ProcessReader(pid_t pid)
    : pid_(pid),
      folder_(::open(("/proc/" + std::to_string(pid)).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)),
      stat_(opened("stat")),
      status_(opened("status")) {}

File ProcessReader::opened(const char* name) const {
  return File(folder_.get() < 0 ? -1 : ::openat(folder_.get(), name, O_RDONLY | O_CLOEXEC));
}

std::string_view ProcessReader::read_start(const File& file) {
  const ssize_t got = file.get() < 0 ? -1 : ::pread(file.get(), buffer_.data(), buffer_.size(), 0);
  return got <= 0 ? std::string_view() : std::string_view(buffer_.data(), static_cast<std::size_t>(got));
}

bool ProcessReader::read_stat(Sample& sample) {
  const std::string_view text = read_start(stat_);
  const auto open = text.find('(');
  const auto close = text.rfind(')');
  if (open == std::string_view::npos || close == std::string_view::npos || close + 2 >= text.size()) return false;
  name_ = text.substr(open + 1, close - open - 1);
  std::array<std::string_view, 22> fields{};  // from the third field of proc(5) on
  std::string_view rest = text.substr(close + 2);
  for (std::string_view& field : fields) {
    const auto end = std::min(rest.find(' '), rest.size());
    field = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  if (fields[0] == "Z" || fields[0] == "X" || (to_number(fields[6]) & exiting_flag) != 0) return false;
  parent_pid_ = static_cast<pid_t>(to_number(fields[1]));
  sample.minor_faults = to_number(fields[7]);
  sample.children_minor_faults = to_number(fields[8]);
  sample.major_faults = to_number(fields[9]);
  sample.children_major_faults = to_number(fields[10]);
  sample.user = from_ticks(to_number(fields[11]));
  sample.system = from_ticks(to_number(fields[12]));
  sample.children_user = from_ticks(to_number(fields[13]));
  sample.children_system = from_ticks(to_number(fields[14]));
  sample.threads = static_cast<std::uint32_t>(to_number(fields[17]));
  start_tick_ = to_number(fields[19]);
  return true;
}

bool ProcessReader::read_status(Sample& sample) {
  const std::string_view text = read_start(status_);
  const auto rss = find_kibibytes(text, "VmRSS:");
  if (!rss) return false;  // no memory of its own any more
  sample.rss = *rss;
  sample.peak_rss = find_kibibytes(text, "VmHWM:").value_or(*rss);
  sample.swap = find_kibibytes(text, "VmSwap:").value_or(Bytes{});
  return true;
}

bool ProcessReader::read_identity() {
  Sample ignored;
  return read_stat(ignored);
}

bool ProcessReader::read_basics(Sample& sample) {
  return read_status(sample) && read_stat(sample);  // in this order: whoever exits in between is noticed
}

std::optional<Bytes> ProcessReader::read_anonymous() { return find_kibibytes(read_start(status_), "RssAnon:"); }

void ProcessReader::read_shares(Sample& sample) {
  const std::string_view text = read_start(opened("smaps_rollup"));
  if (const auto pss = find_kibibytes(text, "Pss:")) {
    sample.pss = pss;
    sample.rss =
        find_kibibytes(text, "Rss:").value_or(sample.rss);  // exact, where the cheap one is the kernel's estimate
    sample.private_dirty = find_kibibytes(text, "Private_Dirty:");
    sample.anonymous = find_kibibytes(text, "Anonymous:");
    sample.lazy_free = find_kibibytes(text, "LazyFree:");
    sample.huge_pages = find_kibibytes(text, "AnonHugePages:");
  }
}

void ProcessReader::read_details(Sample& sample) {
  read_shares(sample);
  const File maps = opened("maps");
  std::uint32_t lines = 0;
  off_t offset = 0;
  ssize_t got = 0;
  while (maps.get() >= 0 && (got = ::pread(maps.get(), buffer_.data(), buffer_.size(), offset)) > 0) {
    lines += static_cast<std::uint32_t>(std::count(buffer_.data(), buffer_.data() + got, '\n'));
    offset += got;
  }
  if (lines > 0) sample.mappings = lines;
}

// The kernel lists children by the thread that made them.
void ProcessReader::add_children(const char* thread, std::vector<pid_t>& children) {
  const File file = opened(("task/" + std::string(thread) + "/children").c_str());
  std::string text;
  ssize_t got = 0;
  while (file.get() >= 0 && (got = ::read(file.get(), buffer_.data(), buffer_.size())) > 0)
    text.append(buffer_.data(), static_cast<std::size_t>(got));
  for (std::string_view list = text; !list.empty();) {
    const auto end = std::min(list.find(' '), list.size());
    if (const auto child = static_cast<pid_t>(to_number(list.substr(0, end))); child > 0) children.push_back(child);
    list.remove_prefix(std::min(end + 1, list.size()));
  }
}

std::vector<pid_t> ProcessReader::read_children(bool every_thread) {
  std::vector<pid_t> children;
  if (!every_thread) {
    add_children(std::to_string(pid_).c_str(), children);
    return children;
  }
  DIR* tasks = ::fdopendir(::openat(folder_.get(), "task", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (tasks == nullptr) return children;
  while (const dirent* task = ::readdir(tasks))
    if (task->d_name[0] != '.') add_children(task->d_name, children);
  ::closedir(tasks);
  return children;
}

}  // namespace neap
