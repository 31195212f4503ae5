#ifndef DRAWBRIDGE_PROCESS_END_H
#define DRAWBRIDGE_PROCESS_END_H

/* Writes the sentence to standard error and aborts: for a host whose library or kernel lacks what
 * no key can be made without. Unlike a Swift precondition it speaks in optimised builds too. */
_Noreturn void cc_end_process(const char *sentence);

#endif
