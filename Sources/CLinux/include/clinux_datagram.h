#ifndef CLINUX_DATAGRAM_H
#define CLINUX_DATAGRAM_H

#include <stddef.h>
#include <stdint.h>

// An address as numbers in host order; LinuxIO's `IOAddress` has the same layout.
typedef struct {
  uint64_t high;       // IPv6: the first eight bytes
  uint64_t low;        // IPv6: the last eight bytes; IPv4: the address
  uint32_t interface;  // 0, or the index of the interface a link-local address belongs to
  uint16_t port;       // 0 for protocols without ports
  uint8_t family;      // 4, 6, or 0 for "none"
  uint8_t reserved;
} clinux_address;

// One datagram in a caller's arena; LinuxIO's `IOSlot` has the same layout.
typedef struct {
  uint32_t offset;
  uint32_t capacity;
  uint32_t length;
  uint16_t segment;
  uint16_t failure;
  clinux_address remote;
  clinux_address local;
} clinux_slot;

_Static_assert(sizeof(clinux_address) == 24, "layout shared with IOAddress");
_Static_assert(sizeof(clinux_slot) == 64, "layout shared with IOSlot");

// The most datagrams of one system call.
enum { CLINUX_BATCH_MAX = 64 };

// `failure` of a received slot whose datagram was longer than its capacity.
enum { CLINUX_TRUNCATED = 1 };

// Message headers, vectors, addresses and control data for one batch; reused for every call.
typedef struct clinux_batch clinux_batch;

clinux_batch *clinux_batch_create(void);
void clinux_batch_destroy(clinux_batch *batch);

// A socket of `type` (SOCK_DGRAM, or SOCK_RAW with `protocol`) for `family` 4 or 6 that reports
// and accepts the local address of every datagram and lets the network fragment.
int clinux_datagram_socket(int family, int raw, int protocol);

enum {
  CLINUX_REUSE_ADDRESS,
  CLINUX_REUSE_PORT,
  CLINUX_UDP_GRO,
  CLINUX_UDP_SEGMENT,
};
int clinux_set_option(int fd, int option, int value);
// Sets the sizes of the socket's buffers, past the system's limits when the process may.
int clinux_set_buffers(int fd, int receive_bytes, int send_bytes);
int clinux_bind(int fd, const clinux_address *address);
int clinux_local_address(int fd, clinux_address *address);

// Receives up to `count` datagrams into the slots' pieces of `arena`. Returns how many.
int clinux_receive(
    int fd, clinux_batch *batch, uint8_t *arena, void *slots, int count, uint16_t local_port);

// Sends the slots in order; with `offload` a slot with a segment size is one message that the
// kernel cuts, without it this function cuts. Returns the number of messages the kernel took and
// sets `done` to the number of slots wholly sent; a slot sent in part has been shortened.
int clinux_send(
    int fd, clinux_batch *batch, const uint8_t *arena, void *slots, int count, int offload,
    int *done);

#endif
