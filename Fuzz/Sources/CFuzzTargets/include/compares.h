/* What the fuzzer learns from the comparisons of the code under test. */

#ifndef CFUZZTARGETS_COMPARES_H
#define CFUZZTARGETS_COMPARES_H

/* Whether it learns anything; from the beginning it does. */
void fuzz_watch_compares(int watches);

#endif
