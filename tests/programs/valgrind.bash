# valgrind: it hands out addresses upwards, from the lowest on. The heap grows by many chunks there, and nothing is refused.
. "$(dirname "$0")/stage.bash"
need valgrind g++
cat >"$work/grows.cc" <<'CPP'
#include <cstdio>
#include <cstdlib>
int main() {
  std::size_t refused = 0, bytes = 0;
  const auto take = [&](std::size_t size) {
    char* volatile p = static_cast<char*>(std::malloc(size));
    if (p == nullptr) { ++refused; return; }
    p[0] = p[size - 1] = 1;
    bytes += size;
  };
  for (std::size_t i = 0; i < 60; ++i) {
    take((1 + i * 7 % 200) << 20);
    for (std::size_t k = 0; k < 200; ++k) take(1000 + 300 * k);
  }
  std::printf("%zu bytes, %zu refused\n", bytes, refused);
}
CPP
g++ -O1 -o "$work/grows" "$work/grows.cc" || fail "cannot compile"
runs=$(amount 4 40)
for ((i = 0; i < runs; ++i)); do same grows valgrind -q --tool=none "$work/grows"; done
remark "$runs runs, each at addresses of its own"
