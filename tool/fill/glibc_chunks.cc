#include "tool/fill/glibc_chunks.h"

namespace neap::glibc {
namespace {

constexpr int chain_length = 8;

}  // namespace

bool begins_chain(Window& probe, std::uint64_t at, const Rules& rules, Patience& patience) {
  std::uint64_t last_size = 0, last_head = 0;
  for (int i = 0; i < chain_length; ++i) {
    std::uint64_t head = 0, previous_size = 0;
    if (--patience.probes < 0 || at >= rules.end || rules.end - at < header_bytes || !probe.word(at + 8, head))
      return false;
    const bool used = (head & previous_used) != 0;  // the one before
    if (i > 0 && !used && (!probe.word(at, previous_size) || previous_size != last_size)) return false;
    if (i > 0 && used && rules.worker && (last_head & is_worker) == 0) return false;
    if (at == rules.top || (i > 0 && is_fence(head))) return true;
    if (!may_be_chunk(head, at, rules)) return false;
    last_size = chunk_size(head);
    last_head = head;
    at += last_size;
  }
  return true;
}

std::uint64_t find_chain(AddressSpace& space, std::uint64_t from, std::uint64_t limit, const Rules& rules,
                         Patience& patience) {
  Window window(space, from, rules.end), probe(space, from, rules.end);
  for (std::uint64_t at = (from + alignment - 1) & ~(alignment - 1); at < limit; at += alignment) {
    std::uint64_t head = 0;
    if (patience.probes < 0 || !window.word(at + 8, head)) return limit;
    if (at == rules.top || (may_be_chunk(head, at, rules) && begins_chain(probe, at, rules, patience))) return at;
  }
  return limit;
}

}  // namespace neap::glibc
