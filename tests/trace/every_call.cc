// Each allocating call 1,000 times with a size of its own, so that a trace shows which of them was seen.
#include <malloc.h>
#include <stdlib.h>

#include <new>

namespace {

constexpr int kTimes = 1000;

template <typename Make, typename Drop>
void repeat(Make make, Drop drop) {
  for (int i = 0; i < kTimes; i++) drop(make());
}

}  // namespace

int main() {
  const auto by_free = [](void* object) { free(object); };
  const auto by_delete = [](void* object) { ::operator delete(object); };
  const std::align_val_t wide{256};
  repeat([] { return malloc(20001); }, by_free);
  repeat([] { return calloc(3, 6668); }, by_free);
  repeat([] { return realloc(nullptr, 20005); }, by_free);
  repeat([] { return reallocarray(nullptr, 3, 6669); }, by_free);
  repeat([] { return memalign(64, 20009); }, by_free);
  repeat([] { return aligned_alloc(64, 20032); }, by_free);
  repeat([] { return valloc(20011); }, by_free);
  repeat(
      [] {
        void* object = nullptr;
        return posix_memalign(&object, 128, 20013) == 0 ? object : nullptr;
      },
      by_free);
  repeat([] { return ::operator new(20015); }, by_delete);
  repeat([] { return ::operator new(20017, std::nothrow); }, by_delete);
  repeat([wide] { return ::operator new(20224, wide); }, [wide](void* object) { ::operator delete(object, wide); });
  repeat([] { return ::operator new[](20019); }, [](void* object) { ::operator delete[](object); });
  return 0;
}
