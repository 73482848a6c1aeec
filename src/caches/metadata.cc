#include "caches/metadata.h"

#include "os/guarded.h"
#include "os/os.h"

namespace neap {
namespace {

// The system is asked for so much at a time.
constexpr std::size_t kStep = std::size_t{64} << 10;

}  // namespace

char* Metadata::take(std::size_t bytes, Accounts& sums) {
  if (static_cast<std::size_t>(end_ - begin_) < bytes) {
    char* more = static_cast<char*>(os::reserve_guarded(kStep));
    if (more == nullptr) return nullptr;
    if (!os::commit(more, kStep)) {
      os::unreserve_guarded(more, kStep);
      return nullptr;
    }
    begin_ = more;
    end_ = more + kStep;
    sums.metadata_bytes.add(kStep);
  }
  char* const taken = begin_;
  begin_ += bytes;
  return taken;
}

}  // namespace neap
