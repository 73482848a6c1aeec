/* A libneap that is fine for as long as neap enable watches it, and kills tor afterwards: a bad release, as a fleet
 * meets it. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

static const unsigned seconds_of_good_behaviour = 20;

__attribute__((constructor)) static void begin(void) {
  if (strcmp(program_invocation_short_name, "tor") == 0) alarm(seconds_of_good_behaviour);
}
