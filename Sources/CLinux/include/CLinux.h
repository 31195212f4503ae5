// The part of Linux that Swift's Glibc module does not import: batched datagrams with control
// messages, TUN ioctls, capabilities, and a few constants that are macros.
//
// Every function returns a value >= 0, or -errno. None blocks; all descriptors are opened with
// close-on-exec and, where they can be read or written, non-blocking.
#ifndef CLINUX_H
#define CLINUX_H

#include "clinux_datagram.h"
#include "clinux_descriptor.h"
#include "clinux_process.h"
#include "clinux_testing.h"
#include "clinux_tun.h"

#endif
