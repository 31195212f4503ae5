#ifndef CLINUX_DESCRIPTOR_H
#define CLINUX_DESCRIPTOR_H

#include <stddef.h>
#include <stdint.h>

// What a descriptor is ready for; the bits are this module's own, not epoll's.
enum {
  CLINUX_READABLE = 1,
  CLINUX_WRITABLE = 2,
  CLINUX_FAILED = 4,
};

typedef struct {
  uint64_t token;
  uint32_t readiness;
} clinux_event;

// The most events one wait returns.
enum { CLINUX_EVENTS_MAX = 64 };

int clinux_close(int fd);
int clinux_open_file(const char *path, int writable);
int clinux_read(int fd, void *bytes, size_t count);
int clinux_write(int fd, const void *bytes, size_t count);

int clinux_epoll_create(void);
int clinux_epoll_add(int epoll, int fd, uint64_t token, int interest);
int clinux_epoll_modify(int epoll, int fd, uint64_t token, int interest);
int clinux_epoll_remove(int epoll, int fd);
// Waits without a timeout when `block` is not 0, else only looks.
int clinux_epoll_wait(int epoll, clinux_event *events, int count, int block);

// A timer on CLOCK_BOOTTIME, which runs on while the machine is suspended.
int clinux_timer_create(void);
// Fires at `nanoseconds` of the boot clock; 0 disarms.
int clinux_timer_set(int timer, int64_t nanoseconds);

int clinux_eventfd_create(void);

// An rtnetlink socket; receive flags a message that did not fit with -EMSGSIZE.
int clinux_netlink_create(void);
int clinux_netlink_send(int fd, const void *bytes, size_t count);
int clinux_netlink_receive(int fd, void *bytes, size_t count);

// The name ("EPERM") and the text ("Operation not permitted") of an error number, or NULL.
const char *clinux_error_name(int error);
const char *clinux_error_text(int error);

#endif
