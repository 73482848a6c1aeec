// dlopen without RTLD_DEEPBIND. A plug-in that was opened with the flag finds libc's malloc before ours, and then frees
// our objects through libc. The call goes on to libc's dlopen, which tells by its return address whose RUNPATH, $ORIGIN
// and namespace count. So libc's function is entered by a jump, which the compiler makes of a last call of the same
// shape. dlmopen is left alone.
// This file is for libneap.so only: in libneap.a the name would meet libc.a's.
#include <dlfcn.h>

#include "api/exempt.h"
#include "api/export.h"
#include "api/next.h"
#include "api/process.h"
#include "api/start.h"

namespace {

using Dlopen = void* (*)(const char*, int) noexcept;
constinit neap::Next<Dlopen> next{"dlopen"};

bool may_bind_deep() { return neap::server == neap::Server::libc || neap::heap.options.deepbind != 0; }

}  // namespace

extern "C" NEAP_EXPORT void* dlopen(const char* path, int mode) noexcept {
  neap::read_environment();
  const Dlopen libc = next.get();
  if (libc == nullptr) [[unlikely]]
    return nullptr;
  return libc(path, may_bind_deep() ? mode : mode & ~RTLD_DEEPBIND);
}
