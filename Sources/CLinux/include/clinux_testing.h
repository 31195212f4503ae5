#ifndef CLINUX_TESTING_H
#define CLINUX_TESTING_H

// What only tests call.

// Fault injection for tests: makes the `nth` system call (1 = the next one) that this thread makes
// through this module fail with `error` without reaching the kernel. 0 switches it off. Closing a
// descriptor is never made to fail.
void clinux_fail_call(unsigned nth, int error);

// Whether the fault asked for has not happened yet.
int clinux_fault_pending(void);

// Moves the calling thread into a new, empty network namespace, which goes away with the thread and
// the sockets made there.
int clinux_enter_new_namespace(void);

// Gives the calling thread a descriptor table of its own, with standard input, output and error only.
// For code that stays on this thread: a descriptor from here names a stranger's file on any other.
int clinux_start_descriptor_table(void);

#endif
