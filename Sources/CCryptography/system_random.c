/* The kernel's generator, asked once for many numbers. The buffer belongs to the thread, not to a
 * value of the caller: a copied value would hand out the same numbers twice. */

#include "system_random.h"

#include <errno.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/random.h>

/* 256 bytes: what getrandom(2) delivers whole, without being interrupted by signals. */
#define WORDS 32

static _Thread_local uint64_t words[WORDS];
static _Thread_local size_t available;
static pthread_once_t fork_once = PTHREAD_ONCE_INIT;

/* A forked child starts with its parent's buffer and must not use the same numbers. */
static void forget(void) { available = 0; }
static void watch_fork(void) { (void)pthread_atfork(NULL, NULL, forget); }

int cc_random(uint64_t *word) {
  if (available == 0) {
    (void)pthread_once(&fork_once, watch_fork);
    ssize_t received;
    do {
      received = getrandom(words, sizeof words, 0);
    } while (received < 0 && errno == EINTR);
    if (received != (ssize_t)sizeof words) return -1;
    available = WORDS;
  }
  available -= 1;
  *word = words[available];
  words[available] = 0;
  return 0;
}
