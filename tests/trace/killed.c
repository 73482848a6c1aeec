// Makes 1,000 lasting objects and 999,000 passing ones of 64 bytes, then dies by SIGKILL.
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

int main(void) {
  for (int i = 0; i < 1000000; i++) {
    char* object = malloc(64);
    object[0] = 1;
    if (i >= 1000) free(object);
  }
  kill(getpid(), SIGKILL);
}
