# g++ and clang++ compile large C++: the object file must be, byte for byte, the one made on plain libc.
. "$(dirname "$0")/stage.bash"
need g++
cat >"$work/large.cc" <<'CPP'
#include <bits/stdc++.h>
template <int N> struct Tower { std::map<std::array<int, N>, std::vector<std::string>> rooms; Tower<N - 1> below;
  std::size_t count() const { std::size_t n = below.count(); for (auto& [key, names] : rooms) n += names.size(); return n; } };
template <> struct Tower<0> { std::size_t count() const { return 0; } };
std::size_t build(const std::string& text) {
  Tower<DEPTH> tower;
  std::regex words("([a-z]+)[0-9]*");
  for (std::sregex_iterator it(text.begin(), text.end(), words), end; it != end; ++it)
    tower.rooms[{static_cast<int>(it->position())}].push_back((*it)[1]);
  std::vector<std::variant<int, double, std::string>> mixed(100);
  std::ranges::sort(mixed);
  return tower.count() + static_cast<std::size_t>(std::count_if(mixed.begin(), mixed.end(), [](auto& v) { return v.index() == 2; }));
}
CPP
compilers=(g++)
for clang in clang++ clang++-14; do ! command -v $clang >/dev/null || { compilers+=("$clang"); break; }; done
[ ${#compilers[@]} = 2 ] || [ "$PROGRAMS_SHORT" = 1 ] || fail "clang++ is not installed"
for compiler in "${compilers[@]}"; do
  command=("$compiler" -std=c++20 -O2 -g -DDEPTH="$(amount 2 60)" -c "$work/large.cc")
  "${command[@]}" -o "$work/large.libc.o" || fail "$compiler fails on plain libc"
  NEAP_OPTIONS=stats:1 under "${command[@]}" -o "$work/large.under.o" 2>"$work/errors" || fail "$compiler: $(tail -1 "$work/errors")"
  cmp "$work/large.libc.o" "$work/large.under.o" || fail "$compiler: the object file differs"
  # The driver and the compiler proper (cc1plus, the assembler) each report for themselves.
  is_neap && { grep -q '^libneap: served' "$work/errors" || fail "libneap did not serve $compiler"; }
done
remark "${compilers[*]}: same object files"
