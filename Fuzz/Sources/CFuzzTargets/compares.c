/* Every comparison of the code under test calls libFuzzer, which takes a tenth of the time of a
 * script that drives engines and has no use there. `Scripts/fuzz` links the calls to here (`--wrap`),
 * and here they end, or go on to libFuzzer by a jump: it goes by who called. */

#include "compares.h"

#include <stdint.h>

#define UNWATCHED __attribute__((no_sanitize("address", "coverage")))

static int is_watching = 1;

UNWATCHED void fuzz_watch_compares(int watches) { is_watching = watches; }

#define COMPARE(name, type)                                                        \
  void __real___sanitizer_cov_trace_##name(type left, type right);                 \
  void __wrap___sanitizer_cov_trace_##name(type left, type right);                 \
  UNWATCHED void __wrap___sanitizer_cov_trace_##name(type left, type right) {      \
    if (!is_watching) return;                                                      \
    __attribute__((musttail)) return __real___sanitizer_cov_trace_##name(left, right); \
  }

COMPARE(cmp1, uint8_t)
COMPARE(cmp2, uint16_t)
COMPARE(cmp4, uint32_t)
COMPARE(cmp8, uint64_t)
COMPARE(const_cmp1, uint8_t)
COMPARE(const_cmp2, uint16_t)
COMPARE(const_cmp4, uint32_t)
COMPARE(const_cmp8, uint64_t)
