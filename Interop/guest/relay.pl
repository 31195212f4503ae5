#!/usr/bin/perl
# relay.pl client REMOTE | server : carries L2TP between xl2tpd 1.3.18, which speaks IPv4 only, and
# UDP port 1701 of IPv6, where IPsec waits. What is in the datagrams stays as it is.
#
#   client   xl2tpd at 127.0.0.1:1701 calls 127.0.0.1:1702; the other end is REMOTE
#   server   xl2tpd at 127.0.0.1:1701 is called from a port of its own for every peer
use strict;
use warnings;
use IO::Select;
use IO::Socket::IP;

my ($role, $remote) = @ARGV;
sub udp { IO::Socket::IP->new(Proto => 'udp', @_) or die "relay: $@" }
my $outer = udp(LocalHost => '::', LocalService => 1701, V6Only => 1);
my $select = IO::Select->new($outer);
my (%inner, %peer, $called);   # a socket for each peer, a peer for each socket

if ($role eq 'client') {
  $called = udp(LocalHost => '127.0.0.1', LocalService => 1702);
  my (undef, $address) = Socket::getaddrinfo($remote, 1701, { socktype => SOCK_DGRAM });
  $inner{$address->{addr}} = $called;
  $peer{$called} = $address->{addr};
  $select->add($called);
}
my $xl2tpd = Socket::pack_sockaddr_in(1701, Socket::inet_aton('127.0.0.1'));

sub inner {
  my $from = shift;
  return $inner{$from} if $inner{$from} || $role eq 'client';
  my $socket = udp(LocalHost => '127.0.0.1', LocalService => 0);
  $peer{$socket} = $from;
  $select->add($socket);
  $inner{$from} = $socket;
}

while (1) {
  for my $socket ($select->can_read) {
    my $from = $socket->recv(my $datagram, 65535);
    next unless defined $from && length $from;
    if ($socket == $outer) {
      my $to = inner($from) or next;
      $to->send($datagram, 0, $xl2tpd);
    } else {
      $outer->send($datagram, 0, $peer{$socket});
    }
  }
}
