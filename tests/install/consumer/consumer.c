/* A program that knows libneap: its objects are counted, and its version is the one that was installed. */
#include <neap/neap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(void) {
  struct neap_telemetry before, after;
  memset(&before, 0, sizeof before);
  memset(&after, 0, sizeof after);
  if (neap_stats(&before, sizeof before) != sizeof before) return 1;
  void* volatile object = malloc(10 << 20);
  if (neap_stats(&after, sizeof after) != sizeof after) return 2;
  if (after.magic != NEAP_TELEMETRY_MAGIC || after.size != sizeof after) return 3;
  if (after.served <= before.served || after.large_bytes < before.large_bytes + (10u << 20)) return 4;
  free(object);
  neap_trim();
  puts(neap_version());
  return 0;
}
