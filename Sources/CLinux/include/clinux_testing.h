#ifndef CLINUX_TESTING_H
#define CLINUX_TESTING_H

// What only tests call.

// Fault injection for tests: makes the `nth` system call (1 = the next one) that this thread makes
// through this module fail with `error` without reaching the kernel. 0 switches it off. Closing a
// descriptor is never made to fail.
void clinux_fail_call(unsigned nth, int error);

// Whether the fault asked for has not happened yet.
int clinux_fault_pending(void);

// Moves the calling thread into a new, empty network namespace with a descriptor table of its own;
// both go away with the thread.
int clinux_enter_new_namespace(void);

#endif
