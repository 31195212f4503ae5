#ifndef DRAWBRIDGE_SYSTEM_RANDOM_H
#define DRAWBRIDGE_SYSTEM_RANDOM_H

#include <stdint.h>

/* 64 bits of the kernel's generator, from a small buffer of the calling thread. Returns 0, or -1
 * when the kernel gives none. */
int cc_random(uint64_t *word);

#endif
