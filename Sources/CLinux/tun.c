#define _GNU_SOURCE
#include "clinux_tun.h"

#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <string.h>
#include <sys/ioctl.h>

#include "fault.h"

_Static_assert(CLINUX_INTERFACE_NAME_MAX == IFNAMSIZ - 1, "interface name length");

int clinux_tun_open(void) {
  return SYSTEM_CALL(open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC));
}

int clinux_tun_attach(int fd, clinux_interface_name *name) {
  struct ifreq request = {0};
  memcpy(request.ifr_name, name->text, CLINUX_INTERFACE_NAME_MAX);
  request.ifr_flags = IFF_TUN | IFF_NO_PI;
  int result = SYSTEM_CALL(ioctl(fd, TUNSETIFF, &request));
  if (result < 0) return result;
  memcpy(name->text, request.ifr_name, CLINUX_INTERFACE_NAME_MAX);
  name->text[CLINUX_INTERFACE_NAME_MAX] = 0;
  return 0;
}
