#ifndef CLINUX_TUN_H
#define CLINUX_TUN_H

#include <stddef.h>

// The longest interface name, without the terminating zero byte (IFNAMSIZ - 1).
enum { CLINUX_INTERFACE_NAME_MAX = 15 };

// Room for a name and its terminating zero byte.
typedef struct {
  char text[CLINUX_INTERFACE_NAME_MAX + 1];
} clinux_interface_name;

enum {
  CLINUX_TUN_VIRTIO_HEADER = 1,  // every packet follows a struct virtio_net_hdr
  CLINUX_TUN_MULTI_QUEUE = 2,    // the interface may have more than one descriptor
};

// sizeof(struct virtio_net_hdr)
enum { CLINUX_VIRTIO_HEADER_BYTES = 10 };

int clinux_tun_open(void);
// Attaches an open TUN descriptor to the non-persistent interface `name` (in: "" lets the kernel
// choose; out: what it is called).
int clinux_tun_attach(int fd, clinux_interface_name *name, int flags);
// Sets the header's size, then asks for checksum and segmentation offload. Returns 2 when the
// device passes uncut TCP and UDP, 1 for TCP only, 0 for neither.
int clinux_tun_offload(int fd);

#endif
