#define _GNU_SOURCE
#include "clinux_testing.h"

#include <linux/close_range.h>
#include <sched.h>
#include <unistd.h>

#include "fault.h"

// Per thread, so that tests in parallel do not disturb each other; zero in production.
static _Thread_local unsigned calls_until_fault;
static _Thread_local int fault_error;

void clinux_fail_call(unsigned nth, int error) {
  calls_until_fault = nth;
  fault_error = error;
}

int clinux_fault_pending(void) { return calls_until_fault != 0; }

int clinux_fault_due(void) {
  if (calls_until_fault == 0 || --calls_until_fault != 0) return 0;
  errno = fault_error;
  return 1;
}

int clinux_enter_new_namespace(void) { return SYSTEM_CALL(unshare(CLONE_NEWNET)); }

int clinux_start_descriptor_table(void) {
  return SYSTEM_CALL(close_range(3, ~0u, CLOSE_RANGE_UNSHARE));
}
