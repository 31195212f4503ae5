#define _GNU_SOURCE
#include "clinux_descriptor.h"

#include <fcntl.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "fault.h"

// Linux releases the descriptor even when close reports EINTR: never repeat it.
int clinux_close(int fd) { return close(fd) < 0 ? -errno : 0; }

int clinux_open_file(const char *path, int writable) {
  return SYSTEM_CALL(open(path, (writable ? O_WRONLY : O_RDONLY) | O_CLOEXEC));
}

int clinux_read(int fd, void *bytes, size_t count) { return SYSTEM_CALL(read(fd, bytes, count)); }

int clinux_write(int fd, const void *bytes, size_t count) {
  return SYSTEM_CALL(write(fd, bytes, count));
}

int clinux_epoll_create(void) { return SYSTEM_CALL(epoll_create1(EPOLL_CLOEXEC)); }

static struct epoll_event epoll_interest(uint64_t token, int interest) {
  struct epoll_event event = {0};
  if (interest & CLINUX_READABLE) event.events |= EPOLLIN;
  if (interest & CLINUX_WRITABLE) event.events |= EPOLLOUT;
  event.data.u64 = token;
  return event;
}

int clinux_epoll_add(int epoll, int fd, uint64_t token, int interest) {
  struct epoll_event event = epoll_interest(token, interest);
  return SYSTEM_CALL(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event));
}

int clinux_epoll_modify(int epoll, int fd, uint64_t token, int interest) {
  struct epoll_event event = epoll_interest(token, interest);
  return SYSTEM_CALL(epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &event));
}

int clinux_epoll_remove(int epoll, int fd) {
  return SYSTEM_CALL(epoll_ctl(epoll, EPOLL_CTL_DEL, fd, NULL));
}

int clinux_epoll_wait(int epoll, clinux_event *events, int count, int block) {
  struct epoll_event ready[CLINUX_EVENTS_MAX];
  if (count > CLINUX_EVENTS_MAX) count = CLINUX_EVENTS_MAX;
  int found = SYSTEM_CALL(epoll_wait(epoll, ready, count, block ? -1 : 0));
  for (int i = 0; i < found; i++) {
    uint32_t bits = ready[i].events;
    events[i].token = ready[i].data.u64;
    events[i].readiness = (bits & EPOLLIN ? CLINUX_READABLE : 0) |
                          (bits & EPOLLOUT ? CLINUX_WRITABLE : 0) |
                          (bits & (EPOLLERR | EPOLLHUP) ? CLINUX_FAILED : 0);
  }
  return found;
}

int clinux_timer_create(void) {
  return SYSTEM_CALL(timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK));
}

int clinux_timer_set(int timer, int64_t nanoseconds) {
  struct itimerspec when = {0};
  when.it_value.tv_sec = nanoseconds / 1000000000;
  when.it_value.tv_nsec = nanoseconds % 1000000000;
  return SYSTEM_CALL(timerfd_settime(timer, TFD_TIMER_ABSTIME, &when, NULL));
}

int clinux_eventfd_create(void) { return SYSTEM_CALL(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)); }

int clinux_netlink_create(void) {
  int fd = SYSTEM_CALL(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (fd < 0) return fd;
  // The kernel answers within the send call; the limit only guards against waiting for ever.
  struct timeval patience = {.tv_sec = 2};
  // Strict checking and extended errors are wishes: older kernels have neither.
  int on = 1;
  setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on);
  int result = SYSTEM_CALL(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience));
  if (result < 0) {
    close(fd);
    return result;
  }
  return fd;
}

int clinux_netlink_send(int fd, const void *bytes, size_t count) {
  struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
  return SYSTEM_CALL(
      sendto(fd, bytes, count, 0, (const struct sockaddr *)&kernel, sizeof kernel));
}

int clinux_netlink_receive(int fd, void *bytes, size_t count) {
  struct sockaddr_nl sender = {0};
  struct iovec piece = {.iov_base = bytes, .iov_len = count};
  struct msghdr message = {
      .msg_name = &sender, .msg_namelen = sizeof sender, .msg_iov = &piece, .msg_iovlen = 1};
  int received = SYSTEM_CALL(recvmsg(fd, &message, 0));
  if (received < 0) return received;
  if (message.msg_flags & MSG_TRUNC) return -EMSGSIZE;
  // Only the kernel (port 0) may answer; anything else is another process's datagram.
  return sender.nl_pid == 0 ? received : 0;
}

const char *clinux_error_name(int error) { return strerrorname_np(error); }

const char *clinux_error_text(int error) { return strerrordesc_np(error); }
