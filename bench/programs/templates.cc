// A translation unit that keeps a compiler busy: standard containers and deep templates. For the
// programs group and bench/record-traces.
#include <algorithm>
#include <functional>
#include <iostream>
#include <map>
#include <string>
#include <tuple>
#include <unordered_map>
#include <variant>
#include <vector>

template <int N>
struct Node {
  using Left = typename Node<N - 1>::Value;
  using Value = std::variant<int, std::string, std::vector<std::pair<int, Left>>>;
  std::map<int, Value> values;
  std::unordered_map<std::string, std::function<int(const Value&)>> calls;
  int fold(const Value& value) {
    values.emplace(N, value);
    calls.emplace(std::to_string(N), [](const Value& each) { return static_cast<int>(each.index()) + N; });
    std::vector<int> numbers;
    for (const auto& [key, call] : calls) numbers.push_back(call(value));
    std::sort(numbers.begin(), numbers.end(), std::greater<>{});
    return Node<N - 1>{}.fold({}) + numbers.front();
  }
};

template <>
struct Node<0> {
  using Value = int;
  int fold(int) { return 0; }
};

template <std::size_t... I>
auto spread(std::index_sequence<I...>) {
  return std::tuple{std::pair{static_cast<int>(I), std::to_string(I)}...};
}

int main(int count, char** words) {
  int total = Node<3>{}.fold({});
  for (int i = 0; i < count; ++i) {
    const std::string word = words[i];
    total += static_cast<int>(std::count(word.begin(), word.end(), '='));
  }
  std::apply([&](const auto&... each) { ((total += each.first), ...); }, spread(std::make_index_sequence<16>{}));
  std::cout << total << '\n';
}
