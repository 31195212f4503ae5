/* Swift's runtime calls these pointers instead of its own functions while the flag is set; the
 * Allocations instrument uses them the same way. */
#include "CBenchmarks.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

typedef void *object;

extern object (*_swift_retain)(object);
extern void (*_swift_release)(object);
extern object (*_swift_retain_n)(object, uint32_t);
extern void (*_swift_release_n)(object, uint32_t);
extern atomic_bool _swift_enableSwizzlingOfAllocationAndRefCountingFunctions_forInstrumentsOnly;

static object (*retain)(object);
static void (*release)(object);
static object (*retain_n)(object, uint32_t);
static void (*release_n)(object, uint32_t);

static atomic_uint_fast64_t references;

static void count(void) { atomic_fetch_add_explicit(&references, 1, memory_order_relaxed); }

/* Some of the runtime's callers expect more registers to survive than the C convention promises:
 * keeping them all is right for every caller. */
__attribute__((preserve_most)) static object counted_retain(object value) {
  count();
  return retain(value);
}

__attribute__((preserve_most)) static void counted_release(object value) {
  count();
  release(value);
}

__attribute__((preserve_most)) static object counted_retain_n(object value, uint32_t number) {
  count();
  return retain_n(value, number);
}

__attribute__((preserve_most)) static void counted_release_n(object value, uint32_t number) {
  count();
  release_n(value, number);
}

void bench_count_references(int on) {
  if (retain == NULL) {
    retain = _swift_retain;
    release = _swift_release;
    retain_n = _swift_retain_n;
    release_n = _swift_release_n;
    _swift_retain = (object (*)(object))counted_retain;
    _swift_release = (void (*)(object))counted_release;
    _swift_retain_n = (object (*)(object, uint32_t))counted_retain_n;
    _swift_release_n = (void (*)(object, uint32_t))counted_release_n;
  }
  _swift_enableSwizzlingOfAllocationAndRefCountingFunctions_forInstrumentsOnly = on != 0;
}

uint64_t bench_references(void) {
  return atomic_load_explicit(&references, memory_order_relaxed);
}
