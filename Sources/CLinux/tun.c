#define _GNU_SOURCE
#include "clinux_tun.h"

#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <string.h>
#include <sys/ioctl.h>

#include "fault.h"

// Missing in the headers of Linux 6.1 (linux/if_tun.h).
#ifndef TUN_F_USO4
#define TUN_F_USO4 0x20
#define TUN_F_USO6 0x40
#endif

_Static_assert(
    CLINUX_VIRTIO_HEADER_BYTES == sizeof(struct virtio_net_hdr), "header before a packet");
_Static_assert(CLINUX_INTERFACE_NAME_MAX == IFNAMSIZ - 1, "interface name length");

int clinux_tun_open(void) {
  return SYSTEM_CALL(open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC));
}

int clinux_tun_attach(int fd, clinux_interface_name *name, int flags) {
  struct ifreq request = {0};
  memcpy(request.ifr_name, name->text, CLINUX_INTERFACE_NAME_MAX);
  request.ifr_flags = IFF_TUN | IFF_NO_PI;
  if (flags & CLINUX_TUN_VIRTIO_HEADER) request.ifr_flags |= IFF_VNET_HDR;
  if (flags & CLINUX_TUN_MULTI_QUEUE) request.ifr_flags |= IFF_MULTI_QUEUE;
  int result = SYSTEM_CALL(ioctl(fd, TUNSETIFF, &request));
  if (result < 0) return result;
  memcpy(name->text, request.ifr_name, CLINUX_INTERFACE_NAME_MAX);
  name->text[CLINUX_INTERFACE_NAME_MAX] = 0;
  return 0;
}

int clinux_tun_offload(int fd) {
  int header = CLINUX_VIRTIO_HEADER_BYTES;
  int result = SYSTEM_CALL(ioctl(fd, TUNSETVNETHDRSZ, &header));
  if (result < 0) return result;
  unsigned long tcp = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6;
  // UDP segmentation came with Linux 6.2; an older kernel refuses the whole set.
  if (SYSTEM_CALL(ioctl(fd, TUNSETOFFLOAD, tcp | TUN_F_USO4 | TUN_F_USO6)) >= 0) return 2;
  return SYSTEM_CALL(ioctl(fd, TUNSETOFFLOAD, tcp)) >= 0 ? 1 : 0;
}
