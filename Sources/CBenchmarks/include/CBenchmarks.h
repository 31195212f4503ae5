/* Counts what the packet path must not do (allocate, count references), and measures time and
 * memory. */
#ifndef CBENCHMARKS_H
#define CBENCHMARKS_H

#include <stdint.h>

/* Calls of malloc and its kin by the whole process since it began. */
uint64_t bench_allocations(void);

/* Begins or ends the counting of Swift's retains and releases. Meanwhile they are slower, and a
 * retained string ends the process (the runtime hands the hook what it takes for an object): so
 * only around the code in question, and not where time is measured. */
void bench_count_references(int on);

/* Retains and releases while they were counted. */
uint64_t bench_references(void);

/* CPU time of the calling thread in nanoseconds. */
uint64_t bench_thread_nanoseconds(void);

/* Bytes that are allocated and not freed, with what the allocator adds. */
uint64_t bench_heap_bytes(void);

/* Resident bytes of the process, after giving back what is free. */
uint64_t bench_resident_bytes(void);

#endif
