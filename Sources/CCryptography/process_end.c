#include "process_end.h"

#include <stdio.h>
#include <stdlib.h>

_Noreturn void cc_end_process(const char *sentence) {
  (void)fprintf(stderr, "%s\n", sentence);
  abort();
}
