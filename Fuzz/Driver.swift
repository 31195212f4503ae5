// Nothing but a reason to link: libFuzzer brings `main` and asks the library for the entry points.
import Glibc
