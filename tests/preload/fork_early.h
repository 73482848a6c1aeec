/* What a library that is initialised before a preloaded allocator does around fork, and when the process ends. Null:
 * nothing. */
#ifndef NEAP_TESTS_PRELOAD_FORK_EARLY_H
#define NEAP_TESTS_PRELOAD_FORK_EARLY_H

struct fork_early {
  void (*prepare)(void);
  void (*parent)(void);
  void (*child)(void);
  void (*end)(void);
};
extern struct fork_early fork_early;

#endif
