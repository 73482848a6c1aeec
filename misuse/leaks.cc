#include "misuse/leaks.h"

#include <dlfcn.h>
#include <string.h>
#include <sys/prctl.h>

#include <algorithm>

#include "misuse/memory.h"
#include "misuse/objects.h"
#include "misuse/report.h"
#include "misuse/roots.h"
#include "misuse/sandbox.h"
#include "misuse/stopped_threads.h"

namespace neap::misuse {
namespace {

constexpr std::size_t kMaxObjects = std::size_t{1} << 26, kMaxSites = 1 << 16, kMaxTold = 256;

enum class Reach : std::uint32_t { lost, reached, by_lost };

struct Live {
  std::uint64_t begin, size;
  StackNumber made;
  Reach reach;
};

struct Site {
  Known first;
  std::uint64_t bytes, objects;
  bool is_indirect;
};

// Items in the checker's own memory. Items that come when the pile is full are left out.
template <class Item>
struct Pile {
  Item* items;
  std::size_t count = 0, room;
  explicit Pile(std::size_t wanted) : items(static_cast<Item*>(take_memory(wanted * sizeof(Item)))), room(wanted) {
    if (items == nullptr) room = 0;
  }
  Pile(const Pile&) = delete;
  Pile& operator=(const Pile&) = delete;
  ~Pile() {
    if (items != nullptr) munmap(items, room * sizeof(Item));
  }
  void put(const Item& item) {
    if (count < room) items[count++] = item;
  }
  bool is_full() const { return count == room; }
  bool holds(std::uint64_t address) const {
    return address - reinterpret_cast<std::uint64_t>(items) < room * sizeof(Item);
  }
};

class Search {
 public:
  Search() : objects_(kMaxObjects), pending_(kMaxObjects) { each_live(add, &objects_); }

  // False when memory was out: objects that were left out would seem to be lost.
  bool is_whole() const { return !objects_.is_full() && !pending_.is_full(); }

  bool is_skipped(std::uint64_t begin, std::uint64_t end) const {
    const Live* const next = first_behind(begin);
    if (next != objects_.items + objects_.count && next->begin < end) return true;
    if (next != objects_.items && next[-1].begin + next[-1].size > begin) return true;
    return is_own_memory(begin) || objects_.holds(begin) || pending_.holds(begin);
  }

  // Marks as reached every object that one of the words points into, and all objects that these lead to.
  void follow(const std::uint64_t* from, const std::uint64_t* to, Reach reach) {
    look_through(from, to, reach);
    while (pending_.count > 0) {
      const Live& object = objects_.items[pending_.items[--pending_.count]];
      const auto* const words = reinterpret_cast<const std::uint64_t*>(object.begin);
      look_through(words, words + object.size / sizeof *words, reach);
    }
  }

  // The lost objects that other lost objects lead to.
  void tell_apart() {
    for (std::size_t i = 0; i < objects_.count; ++i) {
      if (objects_.items[i].reach != Reach::lost) continue;
      const auto* const words = reinterpret_cast<const std::uint64_t*>(objects_.items[i].begin);
      follow(words, words + objects_.items[i].size / sizeof *words, Reach::by_lost);
      objects_.items[i].reach = Reach::lost;
    }
  }

  const Pile<Live>& objects() const { return objects_; }

 private:
  static void add(const Known& known, void* with) {
    static_cast<Pile<Live>*>(with)->put({known.begin, known.size == 0 ? 1 : known.size, known.made, Reach::lost});
  }
  const Live* first_behind(std::uint64_t address) const {
    return std::upper_bound(objects_.items, objects_.items + objects_.count, address,
                            [](std::uint64_t at, const Live& object) { return at < object.begin; });
  }
  // (Where the program's memory is unclean for a checker of its compiler's, that is not ours to say.)
  [[gnu::no_sanitize_address]] void look_through(const std::uint64_t* from, const std::uint64_t* to, Reach reach) {
    if (objects_.count == 0) return;
    const std::uint64_t least = objects_.items[0].begin;
    const Live& last = objects_.items[objects_.count - 1];
    const std::uint64_t reachable = last.begin + last.size - least;
    for (; from < to; ++from) {
      if (*from - least >= reachable) continue;
      const Live* const next = first_behind(*from);
      if (next == objects_.items || *from - next[-1].begin >= next[-1].size || next[-1].reach != Reach::lost) continue;
      const auto index = static_cast<std::uint32_t>(next - 1 - objects_.items);
      objects_.items[index].reach = reach;
      pending_.put(index);
    }
  }

  Pile<Live> objects_;
  Pile<std::uint32_t> pending_;
};

bool is_skipped(std::uint64_t begin, std::uint64_t end, const void* with) {
  return static_cast<const Search*>(with)->is_skipped(begin, end);
}
void scan(const std::uint64_t* from, const std::uint64_t* to, void* with) {
  static_cast<Search*>(with)->follow(from, to, Reach::reached);
}

// By the stacks that made them.
void sum_up(const Pile<Live>& objects, Pile<Site>& sites) {
  Pile<std::uint32_t> places(std::size_t{2} << kStackBits);  // 0: none yet; else one above the site's index
  if (places.items == nullptr) return;
  for (std::size_t i = 0; i < objects.count; ++i) {
    const Live& object = objects.items[i];
    if (object.reach == Reach::reached) continue;
    const bool is_indirect = object.reach == Reach::by_lost;
    std::uint32_t& place = places.items[object.made * 2 + (is_indirect ? 1 : 0)];
    const Known known = find_entry(object.begin)->read(object.begin);
    if (place == 0) {
      if (sites.is_full()) continue;
      sites.put({known, 0, 0, is_indirect});
      place = static_cast<std::uint32_t>(sites.count);
    }
    Site& site = sites.items[place - 1];
    site.bytes += known.size;
    ++site.objects;
  }
}

// Frames of the loader's end are not the program's. exit() counts as one of the program's, because it keeps its
// caller's registers.
bool is_of_the_end(std::uint64_t pc) {
  if (is_own(pc)) return true;
  Dl_info info{};
  return dladdr(reinterpret_cast<void*>(pc - 1), &info) != 0 && info.dli_fname != nullptr &&
         strstr(info.dli_fname, "/ld-linux") != nullptr;
}

// While it lives, a process that changed its user may read its own /proc again.
class LooksAtItself {
 public:
  LooksAtItself() : before_(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0)) { prctl(PR_SET_DUMPABLE, 1, 0, 0, 0); }
  LooksAtItself(const LooksAtItself&) = delete;
  LooksAtItself& operator=(const LooksAtItself&) = delete;
  ~LooksAtItself() {
    if (before_ == 0) prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  }

 private:
  int before_;
};

// False when it cannot be known what is lost.
bool search(std::uint64_t own_stack, Pile<Site>& sites) {
  const LooksAtItself itself;
  const StoppedThreads others;  // stopped first: an object that they make meanwhile would seem to be lost
  Search all;
  Pile<std::uint64_t> stacks(others.stacks().size() + 2);
  for (const std::uint64_t stack : others.stacks()) stacks.put(stack);
  stacks.put(own_stack);
  if (!all.is_whole() || stacks.is_full()) return false;
  if (!each_root({stacks.items, stacks.count}, is_skipped, scan, &all)) return false;
  all.tell_apart();
  sum_up(all.objects(), sites);
  return true;
}

bool goes_before(const Site& a, const Site& b) {
  return a.is_indirect != b.is_indirect ? b.is_indirect : a.bytes > b.bytes;
}

void tell(const Site& site) {
  Finding finding{.kind = Kind::leak, .address = site.first.begin, .object = site.first};
  finding.object.ended_by = Call::none;
  finding.is_indirect = site.is_indirect;
  finding.leaked_bytes = site.bytes;
  finding.leaked_objects = site.objects;
  report(finding, {});
}

}  // namespace

void find_leaks() {
  if (is_sandboxed()) return note_unsearched();
  const std::uint64_t own_stack = begin_of_caller(is_of_the_end);
  Pile<Site> sites(kMaxSites);
  if (!search(own_stack, sites)) return note_unsearched();
  std::sort(sites.items, sites.items + sites.count, goes_before);
  for (std::size_t i = 0; i < sites.count && i < kMaxTold; ++i) tell(sites.items[i]);
}

}  // namespace neap::misuse
