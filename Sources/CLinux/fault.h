#ifndef CLINUX_FAULT_INTERNAL_H
#define CLINUX_FAULT_INTERNAL_H

#include <errno.h>

// 1, with errno set, when this very call has to fail.
int clinux_fault_due(void);

// Evaluates a system call, or the injected fault instead of it: the call's value, or -errno.
#define SYSTEM_CALL(expression)                                    \
  __extension__({                                                  \
    long clinux_value = clinux_fault_due() ? -1 : (long)(expression); \
    (int)(clinux_value < 0 ? -errno : clinux_value);               \
  })

#endif
