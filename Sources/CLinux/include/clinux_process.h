#ifndef CLINUX_PROCESS_H
#define CLINUX_PROCESS_H

#include <stddef.h>
#include <stdint.h>

// Overwrites memory in a way the compiler may not leave out.
void clinux_explicit_bzero(void *bytes, size_t count);

// Binds the calling thread to one processor.
int clinux_pin_thread(int cpu);

// Sends one datagram to a UNIX socket; a name that begins with '@' is in the abstract name space.
int clinux_notify(const char *name, const void *bytes, size_t count);

// Keeps only the capabilities of `mask` (bit n = capability n) in the effective, permitted and
// bounding sets of the calling thread and forbids gaining any by exec. Permanent.
int clinux_keep_capabilities(uint64_t mask);

// The effective capabilities of the calling thread.
int clinux_effective_capabilities(uint64_t *mask);

// Lets this process have as many descriptors as it may allow itself.
int clinux_raise_descriptor_limit(void);

// Allocations of this many bytes and more are pages of their own from now on.
int clinux_map_allocations(size_t bytes);

#endif
