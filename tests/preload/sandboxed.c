/* A sandbox made for the C library's malloc: a filter that ends the process at any system call but those that glibc's
 * malloc makes, as OpenSSH, chrony and others set for themselves.   sandboxed prctl|seccomp: how the filter is set. */
#define _GNU_SOURCE
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "asks_system.h"

#define ALLOW(call) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##call, 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

static struct sock_filter calls[] = {
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)), ALLOW(mmap), ALLOW(munmap), ALLOW(mprotect),
    ALLOW(mremap), ALLOW(madvise), ALLOW(brk), ALLOW(futex),
    /* what a thread's begin and end need, and the program's own */
    ALLOW(clone), ALLOW(clone3), ALLOW(set_robust_list), ALLOW(rt_sigaction), ALLOW(rt_sigprocmask), ALLOW(exit),
    ALLOW(exit_group), ALLOW(write), ALLOW(rseq), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS)};

static void* work(void* unused) {
  ask_system();
  return unused;
}

static int forbid(const char* how) {
  struct sock_fprog filter = {sizeof calls / sizeof calls[0], calls};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return -1;
  if (strcmp(how, "prctl") == 0) return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter);
  return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter);
}

int main(int argc, char** argv) {
  free(opaque(malloc(10)));
  mallopt(M_ARENA_MAX, 1); /* glibc would ask for the number of CPUs */
  if (forbid(argc > 1 ? argv[1] : "prctl") != 0) return SKIPPED;
  ask_system();
  pthread_t thread;
  EXPECT(pthread_create(&thread, NULL, work, NULL) == 0);
  EXPECT(pthread_join(thread, NULL) == 0);
  _exit(verdict());
}
