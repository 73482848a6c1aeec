/* Sandboxes that end the process at a call that they did not foresee.
 *   sandboxed prctl|seccomp  the process sets a filter itself, either way, that lets pass what glibc's malloc calls and
 *                            no more, as OpenSSH, chrony and others do
 *   sandboxed started        it is started under systemd's SystemCallFilter=@system-service, as far as memory goes */
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

static struct sock_filter not_for_services[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
                                                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mincore, 0, 1),
                                                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
                                                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};

static void* work(void* unused) {
  ask_system();
  return unused;
}

static int forbid(struct sock_filter* rules, size_t count, int by_prctl) {
  struct sock_fprog filter = {(unsigned short)count, rules};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return -1;
  if (by_prctl) return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter);
  return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter);
}

static int start_filtered(char** argv) {
  char* again[] = {argv[0], "work", NULL};
  if (forbid(not_for_services, sizeof not_for_services / sizeof *not_for_services, 1) != 0) return SKIPPED;
  execv("/proc/self/exe", again);
  return 3;
}

static int sandbox_itself(const char* how) {
  return strcmp(how, "work") == 0 ? 0 : forbid(calls, sizeof calls / sizeof *calls, strcmp(how, "prctl") == 0);
}

int main(int argc, char** argv) {
  const char* how = argc > 1 ? argv[1] : "prctl";
  if (strcmp(how, "started") == 0) return start_filtered(argv);
  free(opaque(malloc(10)));
  mallopt(M_ARENA_MAX, 1); /* glibc would ask for the number of CPUs */
  if (sandbox_itself(how) != 0) return SKIPPED;
  ask_system();
  pthread_t thread;
  EXPECT(pthread_create(&thread, NULL, work, NULL) == 0);
  EXPECT(pthread_join(thread, NULL) == 0);
  _exit(verdict());
}
