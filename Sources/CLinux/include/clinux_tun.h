#ifndef CLINUX_TUN_H
#define CLINUX_TUN_H

#include <stddef.h>

// The longest interface name, without the terminating zero byte (IFNAMSIZ - 1).
enum { CLINUX_INTERFACE_NAME_MAX = 15 };

// Room for a name and its terminating zero byte.
typedef struct {
  char text[CLINUX_INTERFACE_NAME_MAX + 1];
} clinux_interface_name;

int clinux_tun_open(void);
// Attaches an open TUN descriptor to the non-persistent interface `name` (in: "" lets the kernel
// choose, a "%d" is replaced by it; out: what it is called).
int clinux_tun_attach(int fd, clinux_interface_name *name);

#endif
