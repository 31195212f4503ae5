#define _GNU_SOURCE
#include "clinux_process.h"

#include <limits.h>
#include <linux/capability.h>
#include <malloc.h>
#include <sched.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "fault.h"

void clinux_explicit_bzero(void *bytes, size_t count) { explicit_bzero(bytes, count); }

int clinux_pin_thread(int cpu) {
  if (cpu < 0 || cpu >= CPU_SETSIZE) return -EINVAL;
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  return SYSTEM_CALL(sched_setaffinity(0, sizeof set, &set));
}

int clinux_notify(const char *name, const void *bytes, size_t count) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  size_t length = strlen(name);
  if (length < 2 || length >= sizeof address.sun_path || (name[0] != '/' && name[0] != '@'))
    return -EINVAL;
  memcpy(address.sun_path, name, length);
  if (name[0] == '@') address.sun_path[0] = 0;
  int fd = SYSTEM_CALL(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (fd < 0) return fd;
  // An abstract name ends with the address length, not with a zero byte.
  socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
  int sent = SYSTEM_CALL(sendto(
      fd, bytes, count, MSG_NOSIGNAL | MSG_DONTWAIT, (const struct sockaddr *)&address, size));
  close(fd);
  return sent;
}

static int capability_sets(int call, struct __user_cap_data_struct sets[2]) {
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
  return SYSTEM_CALL(syscall(call, &header, sets));
}

int clinux_effective_capabilities(uint64_t *mask) {
  struct __user_cap_data_struct sets[2] = {0};
  int result = capability_sets(SYS_capget, sets);
  if (result < 0) return result;
  *mask = (uint64_t)sets[1].effective << 32 | sets[0].effective;
  return 0;
}

int clinux_keep_capabilities(uint64_t mask) {
  int result = SYSTEM_CALL(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
  if (result < 0) return result;
  struct __user_cap_data_struct sets[2] = {0};
  result = capability_sets(SYS_capget, sets);
  if (result < 0) return result;
  // The bounding set can only be cut with CAP_SETPCAP; without it there is nothing to cut from,
  // for no_new_privs already keeps exec from adding any.
  if (sets[0].effective & (1u << CAP_SETPCAP)) {
    for (unsigned n = 0; n < 64; n++) {
      if (mask >> n & 1) continue;
      result = SYSTEM_CALL(prctl(PR_CAPBSET_DROP, n, 0, 0, 0));
      if (result == -EINVAL) break;  // past the kernel's last capability
      if (result < 0) return result;
    }
  }
  for (int word = 0; word < 2; word++) {
    uint32_t kept = sets[word].permitted & (uint32_t)(mask >> (32 * word));
    sets[word].effective = sets[word].permitted = kept;
    sets[word].inheritable = 0;
  }
  return capability_sets(SYS_capset, sets);
}

int clinux_raise_descriptor_limit(void) {
  struct rlimit limit;
  int result = SYSTEM_CALL(getrlimit(RLIMIT_NOFILE, &limit));
  if (result < 0) return result;
  limit.rlim_cur = limit.rlim_max;
  return SYSTEM_CALL(setrlimit(RLIMIT_NOFILE, &limit));
}

int clinux_map_allocations(size_t bytes) {
  // Setting it also keeps the C library from moving it.
  return bytes <= INT_MAX && mallopt(M_MMAP_THRESHOLD, (int)bytes) == 1 ? 0 : -EINVAL;
}
