#include <malloc.h>
#include <stdio.h>
#include <unistd.h>

#include "CBenchmarks.h"

uint64_t bench_heap_bytes(void) {
  struct mallinfo2 use = mallinfo2();
  return (uint64_t)use.uordblks + (uint64_t)use.hblkhd;
}

uint64_t bench_resident_bytes(void) {
  unsigned long size, resident = 0;
  /* Without this, what others have freed would still count. */
  malloc_trim(0);
  FILE *file = fopen("/proc/self/statm", "r");
  if (file == NULL) return 0;
  if (fscanf(file, "%lu %lu", &size, &resident) != 2) resident = 0;
  fclose(file);
  return (uint64_t)resident * (uint64_t)sysconf(_SC_PAGESIZE);
}
