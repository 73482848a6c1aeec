/* fork, vfork with exec, and posix_spawn: each child allocates in its turn, and the parent's heap is as it was. */
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "expect.h"

enum { LIVE = 500, ROUNDS = 60 };
static char* objects[LIVE];
extern char** environ;

static size_t size_of(int i) { return (size_t)(i * 37 % 3000 + 1) * (i % 50 == 0 ? 100 : 1); }

static void fill(int mark) {
  for (int i = 0; i < LIVE; ++i) {
    objects[i] = malloc(size_of(i));
    memset(objects[i], mark, size_of(i));
  }
}

static void check_and_free(int mark) {
  for (int i = 0; i < LIVE; ++i) {
    EXPECT(objects[i][0] == mark && objects[i][size_of(i) - 1] == mark);
    free(objects[i]);
  }
}

static int exit_code_of(pid_t child) {
  int status = 0;
  EXPECT(waitpid(child, &status, 0) == child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void child_work(void) { /* frees the parent's objects, makes its own, and forks once more */
  check_and_free('a');
  fill('b');
  const pid_t grandchild = fork();
  if (grandchild == 0) {
    check_and_free('b');
    _exit(verdict());
  }
  EXPECT(exit_code_of(grandchild) == 0);
  check_and_free('b');
}

static void forks(void) {
  for (int round = 0; round < ROUNDS; ++round) {
    fill('a');
    const pid_t child = fork();
    if (child == 0) {
      child_work();
      exit(verdict());
    }
    EXPECT(exit_code_of(child) == 0);
    check_and_free('a');
  }
}

static void spawns(const char* self) {
  char* const arguments[] = {(char*)self, (char*)"child", NULL};
  for (int round = 0; round < ROUNDS; ++round) {
    pid_t child = vfork();
    if (child == 0) {
      execv(self, arguments);
      _exit(111);
    }
    EXPECT(exit_code_of(child) == 0);
    EXPECT(posix_spawn(&child, self, NULL, NULL, arguments, environ) == 0);
    EXPECT(exit_code_of(child) == 0);
  }
}

int main(int argc, char** argv) {
  if (argc == 2) { /* what vfork and posix_spawn start */
    fill('c');
    check_and_free('c');
    return verdict();
  }
  forks();
  fill('a');
  spawns(argv[0]);
  check_and_free('a');
  return verdict();
}
