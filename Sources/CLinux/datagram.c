#define _GNU_SOURCE
#include "clinux_datagram.h"

#include <endian.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fault.h"

// Room for a packet-info and a segment-size control message of either family.
enum { CONTROL_BYTES = 128 };

_Static_assert(
    CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_SPACE(sizeof(int)) <= CONTROL_BYTES,
    "control data of one datagram");

typedef union {
  struct sockaddr any;
  struct sockaddr_in v4;
  struct sockaddr_in6 v6;
} socket_name;

struct clinux_batch {
  struct mmsghdr messages[CLINUX_BATCH_MAX];
  struct iovec pieces[CLINUX_BATCH_MAX];
  socket_name names[CLINUX_BATCH_MAX];
  _Alignas(struct cmsghdr) uint8_t control[CLINUX_BATCH_MAX][CONTROL_BYTES];
  int slot_of[CLINUX_BATCH_MAX];
};

clinux_batch *clinux_batch_create(void) { return calloc(1, sizeof(clinux_batch)); }

void clinux_batch_destroy(clinux_batch *batch) { free(batch); }


static struct in6_addr v6_bytes(const clinux_address *address) {
  struct in6_addr bytes;
  uint64_t words[2] = {htobe64(address->high), htobe64(address->low)};
  memcpy(&bytes, words, sizeof bytes);
  return bytes;
}

static void set_v6(clinux_address *address, const struct in6_addr *bytes, uint32_t interface) {
  uint64_t words[2];
  memcpy(words, bytes, sizeof words);
  address->high = be64toh(words[0]);
  address->low = be64toh(words[1]);
  // Only link-local addresses need their interface; forcing it on others would bypass routing.
  address->interface = IN6_IS_ADDR_LINKLOCAL(bytes) ? interface : 0;
  address->family = 6;
}

static socklen_t socket_name_of(const clinux_address *address, socket_name *name) {
  memset(name, 0, sizeof *name);
  if (address->family == 6) {
    name->v6.sin6_family = AF_INET6;
    name->v6.sin6_port = htons(address->port);
    name->v6.sin6_addr = v6_bytes(address);
    name->v6.sin6_scope_id = address->interface;
    return sizeof name->v6;
  }
  name->v4.sin_family = AF_INET;
  name->v4.sin_port = htons(address->port);
  name->v4.sin_addr.s_addr = htonl((uint32_t)address->low);
  return sizeof name->v4;
}

static clinux_address address_of(const socket_name *name) {
  clinux_address address = {0};
  if (name->any.sa_family == AF_INET6) {
    set_v6(&address, &name->v6.sin6_addr, name->v6.sin6_scope_id);
    address.port = ntohs(name->v6.sin6_port);
  } else if (name->any.sa_family == AF_INET) {
    address.low = ntohl(name->v4.sin_addr.s_addr);
    address.port = ntohs(name->v4.sin_port);
    address.family = 4;
  }
  return address;
}


static int set_integer(int fd, int level, int option, int value) {
  return SYSTEM_CALL(setsockopt(fd, level, option, &value, sizeof value));
}

int clinux_datagram_socket(int family, int raw, int protocol) {
  int type = (raw ? SOCK_RAW : SOCK_DGRAM) | SOCK_CLOEXEC | SOCK_NONBLOCK;
  int fd = SYSTEM_CALL(socket(family == 6 ? AF_INET6 : AF_INET, type, protocol));
  if (fd < 0) return fd;
  int result;
  if (family == 6) {
    // Raw sockets are of one family as it is, and refuse the option.
    result = raw ? 0 : set_integer(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    if (result >= 0) result = set_integer(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
    if (result >= 0)
      result = set_integer(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DONT);
  } else {
    result = set_integer(fd, IPPROTO_IP, IP_PKTINFO, 1);
    if (result >= 0) result = set_integer(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT);
  }
  if (result >= 0) return fd;
  close(fd);
  return result;
}

int clinux_set_option(int fd, int option, int value) {
  switch (option) {
    case CLINUX_REUSE_ADDRESS: return set_integer(fd, SOL_SOCKET, SO_REUSEADDR, value);
    case CLINUX_REUSE_PORT: return set_integer(fd, SOL_SOCKET, SO_REUSEPORT, value);
    case CLINUX_UDP_GRO: return set_integer(fd, SOL_UDP, UDP_GRO, value);
    case CLINUX_UDP_SEGMENT: return set_integer(fd, SOL_UDP, UDP_SEGMENT, value);
    default: return -ENOPROTOOPT;
  }
}

int clinux_set_buffers(int fd, int receive_bytes, int send_bytes) {
  // The forced form needs CAP_NET_ADMIN in the namespace's owner; the plain one is capped.
  int result = set_integer(fd, SOL_SOCKET, SO_RCVBUFFORCE, receive_bytes);
  if (result < 0) result = set_integer(fd, SOL_SOCKET, SO_RCVBUF, receive_bytes);
  if (result < 0) return result;
  result = set_integer(fd, SOL_SOCKET, SO_SNDBUFFORCE, send_bytes);
  if (result < 0) result = set_integer(fd, SOL_SOCKET, SO_SNDBUF, send_bytes);
  return result;
}

int clinux_bind(int fd, const clinux_address *address) {
  socket_name name;
  socklen_t length = socket_name_of(address, &name);
  return SYSTEM_CALL(bind(fd, &name.any, length));
}

int clinux_local_address(int fd, clinux_address *address) {
  socket_name name = {0};
  socklen_t length = sizeof name;
  int result = SYSTEM_CALL(getsockname(fd, &name.any, &length));
  if (result >= 0) *address = address_of(&name);
  return result;
}


static void read_control(struct msghdr *header, clinux_slot *slot) {
  for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c)) {
    if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO &&
        c->cmsg_len >= CMSG_LEN(sizeof(struct in_pktinfo))) {
      struct in_pktinfo packet;
      memcpy(&packet, CMSG_DATA(c), sizeof packet);
      // spec_dst is the address to answer from, also when the datagram was broadcast.
      slot->local.low = ntohl(packet.ipi_spec_dst.s_addr);
      slot->local.family = 4;
    } else if (
        c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO &&
        c->cmsg_len >= CMSG_LEN(sizeof(struct in6_pktinfo))) {
      struct in6_pktinfo packet;
      memcpy(&packet, CMSG_DATA(c), sizeof packet);
      set_v6(&slot->local, &packet.ipi6_addr, (uint32_t)packet.ipi6_ifindex);
    } else if (
        c->cmsg_level == SOL_UDP && c->cmsg_type == UDP_GRO &&
        c->cmsg_len >= CMSG_LEN(sizeof(int))) {
      int stride;
      memcpy(&stride, CMSG_DATA(c), sizeof stride);
      slot->segment = (uint16_t)stride;
    }
  }
}

int clinux_receive(
    int fd, clinux_batch *batch, uint8_t *arena, void *slots, int count, uint16_t local_port) {
  clinux_slot *slot = slots;
  if (count > CLINUX_BATCH_MAX) count = CLINUX_BATCH_MAX;
  for (int i = 0; i < count; i++) {
    batch->pieces[i].iov_base = arena + slot[i].offset;
    batch->pieces[i].iov_len = slot[i].capacity;
    batch->messages[i].msg_hdr = (struct msghdr){
        .msg_name = &batch->names[i],
        .msg_namelen = sizeof batch->names[i],
        .msg_iov = &batch->pieces[i],
        .msg_iovlen = 1,
        .msg_control = batch->control[i],
        .msg_controllen = CONTROL_BYTES,
    };
  }
  int received =
      SYSTEM_CALL(recvmmsg(fd, batch->messages, (unsigned)count, MSG_DONTWAIT, NULL));
  for (int i = 0; i < received; i++) {
    struct msghdr *header = &batch->messages[i].msg_hdr;
    slot[i].length = batch->messages[i].msg_len;
    slot[i].segment = 0;
    slot[i].failure = header->msg_flags & MSG_TRUNC ? CLINUX_TRUNCATED : 0;
    slot[i].remote = address_of(&batch->names[i]);
    slot[i].local = (clinux_address){.port = local_port};
    read_control(header, &slot[i]);
  }
  return received;
}


static struct cmsghdr *append_control(
    struct msghdr *header, void *control, int level, int type, const void *data, size_t size) {
  struct cmsghdr *c = (struct cmsghdr *)((uint8_t *)control + header->msg_controllen);
  memset(c, 0, CMSG_SPACE(size));
  c->cmsg_level = level;
  c->cmsg_type = type;
  c->cmsg_len = CMSG_LEN(size);
  memcpy(CMSG_DATA(c), data, size);
  header->msg_control = control;
  header->msg_controllen += CMSG_SPACE(size);
  return c;
}

static void write_control(struct msghdr *header, void *control, const clinux_slot *slot, int cut) {
  const clinux_address *local = &slot->local;
  if (local->family == 4) {
    struct in_pktinfo packet = {.ipi_spec_dst.s_addr = htonl((uint32_t)local->low)};
    append_control(header, control, IPPROTO_IP, IP_PKTINFO, &packet, sizeof packet);
  } else if (local->family == 6) {
    struct in6_pktinfo packet = {
        .ipi6_addr = v6_bytes(local), .ipi6_ifindex = (unsigned)local->interface};
    append_control(header, control, IPPROTO_IPV6, IPV6_PKTINFO, &packet, sizeof packet);
  }
  if (cut) {
    append_control(header, control, SOL_UDP, UDP_SEGMENT, &slot->segment, sizeof slot->segment);
  }
}

int clinux_send(
    int fd, clinux_batch *batch, const uint8_t *arena, void *slots, int count, int offload,
    int *done) {
  clinux_slot *slot = slots;
  int built = 0;
  int current = 0;      // the slot being cut
  uint32_t cursor = 0;  // bytes of it already in messages
  while (built < CLINUX_BATCH_MAX && current < count) {
    const clinux_slot *s = &slot[current];
    uint32_t rest = s->length - cursor;
    int segmented = s->segment != 0 && rest > s->segment;
    uint32_t bytes = segmented && !offload ? s->segment : rest;
    struct msghdr *header = &batch->messages[built].msg_hdr;
    batch->pieces[built].iov_base = (uint8_t *)(uintptr_t)(arena + s->offset + cursor);
    batch->pieces[built].iov_len = bytes;
    *header = (struct msghdr){.msg_iov = &batch->pieces[built], .msg_iovlen = 1};
    header->msg_name = &batch->names[built];
    header->msg_namelen = socket_name_of(&s->remote, &batch->names[built]);
    write_control(header, batch->control[built], s, segmented && offload);
    batch->slot_of[built++] = current;
    cursor += bytes;
    if (cursor == s->length) {
      current++;
      cursor = 0;
    }
  }
  *done = 0;
  int sent = SYSTEM_CALL(sendmmsg(fd, batch->messages, (unsigned)built, MSG_DONTWAIT));
  if (sent <= 0) return sent;
  // A slot is wholly sent when the first message not sent belongs to another one.
  int next = sent < built ? batch->slot_of[sent] : current;
  uint32_t partial = 0;
  for (int i = sent - 1; i >= 0 && batch->slot_of[i] == next; i--) {
    partial += (uint32_t)batch->pieces[i].iov_len;
  }
  if (next < count) {
    slot[next].offset += partial;
    slot[next].length -= partial;
  }
  *done = next;
  return sent;
}
