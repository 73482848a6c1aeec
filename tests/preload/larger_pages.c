/* Preloaded beside an allocator: a system whose pages are PAGE bytes, as far as the allocator sees one. getauxval says
 * so, and a call of the allocator on anything but whole pages of that size ends the program (a kernel of such pages
 * would refuse it, or take more than was meant). The rest of the program goes on with the kernel's own pages. */
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { PAGE = PAGE_KIB << 10 };

extern const char* neap_version(void) __attribute__((weak));

static struct { uintptr_t begin, end; } allocator;

static int find_allocator(struct dl_phdr_info* object, size_t size, void* unused) {
  (void)size, (void)unused;
  const uintptr_t known = (uintptr_t)&neap_version;
  for (int i = 0; i < object->dlpi_phnum; ++i) {
    const uintptr_t begin = object->dlpi_addr + object->dlpi_phdr[i].p_vaddr,
                    end = begin + object->dlpi_phdr[i].p_memsz;
    if (object->dlpi_phdr[i].p_type != PT_LOAD || known < begin || known >= end) continue;
    allocator.begin = begin;
    allocator.end = end;
    return 1;
  }
  return 0;
}

static int is_allocator(const void* caller) {
  if (allocator.end == 0) dl_iterate_phdr(find_allocator, NULL);
  return (uintptr_t)caller >= allocator.begin && (uintptr_t)caller < allocator.end;
}

static void require_whole_pages(const void* caller, const void* address, size_t size) {
  if (((uintptr_t)address | size) % PAGE == 0 || !is_allocator(caller)) return;
  static const char line[] = "larger_pages: a call on parts of a page\n";
  if (write(STDERR_FILENO, line, sizeof line - 1) > 0) abort();
  abort();
}

unsigned long getauxval(unsigned long type) {
  if (type == AT_PAGESZ) return PAGE;
  static Elf64_auxv_t all[64];
  if (all[0].a_type == AT_NULL) {
    const int file = open("/proc/self/auxv", O_RDONLY | O_CLOEXEC);
    if (file < 0 || read(file, all, sizeof all - sizeof all[0]) < 0) abort();
    close(file);
  }
  for (const Elf64_auxv_t* entry = all; entry->a_type != AT_NULL; ++entry) {
    if (entry->a_type == type) return entry->a_un.a_val;
  }
  return 0;
}

static void* map(void* address, size_t size, int protection, int flags, int file, off_t offset) {
  return (void*)syscall(SYS_mmap, address, size, protection, flags, file, offset);
}

/* What the kernel places goes to the allocator at a multiple of PAGE. */
void* mmap(void* address, size_t size, int protection, int flags, int file, off_t offset) {
  const void* caller = __builtin_return_address(0);
  require_whole_pages(caller, address, size);
  if (!is_allocator(caller) || (flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) != 0)
    return map(address, size, protection, flags, file, offset);
  char* wide = map(address, size + PAGE, protection, flags, file, offset);
  if (wide == MAP_FAILED) return MAP_FAILED;
  char* begin = (char*)(((uintptr_t)wide + PAGE - 1) / PAGE * PAGE);
  if (begin > wide) syscall(SYS_munmap, wide, begin - wide);
  if (begin < wide + PAGE) syscall(SYS_munmap, begin + size, wide + PAGE - begin);
  return begin;
}

int munmap(void* address, size_t size) {
  require_whole_pages(__builtin_return_address(0), address, size);
  return (int)syscall(SYS_munmap, address, size);
}

int mprotect(void* address, size_t size, int protection) {
  require_whole_pages(__builtin_return_address(0), address, size);
  return (int)syscall(SYS_mprotect, address, size, protection);
}

int madvise(void* address, size_t size, int advice) {
  require_whole_pages(__builtin_return_address(0), address, size);
  return (int)syscall(SYS_madvise, address, size, advice);
}

void* mremap(void* from, size_t size, size_t new_size, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  void* to = (flags & MREMAP_FIXED) != 0 ? va_arg(rest, void*) : NULL;
  va_end(rest);
  require_whole_pages(__builtin_return_address(0), from, size | new_size);
  require_whole_pages(__builtin_return_address(0), to, size);
  return (void*)syscall(SYS_mremap, from, size, new_size, flags, to);
}
