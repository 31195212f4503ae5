#!/usr/bin/perl
# facts.pl KIND... : what the guest's kernel and daemons know, as one JSON object. Perl, because
# starting a process costs a guest 20 ms. KIND: ike ipsec l2tp ppp.
use strict;
use warnings;

sub content { local (@ARGV, $/) = ($_[0]); -e $_[0] ? <> // '' : '' }
sub count { my ($text, $pattern) = @_; my $n = () = $text =~ /$pattern/g; $n }
sub object { my %facts = @_; '{' . join(',', map { qq("$_":) . value($facts{$_}) } sort keys %facts) . '}' }
sub value { my $v = shift // 'absent'; $v =~ /^(\d+|\{.*\})$/s ? $v : qq("$v") }

my $libreswan = -e '/job/pluto.log';

# Phase 1: now, and ever since the guest booted.
sub ike {
  my $now = $libreswan
    ? count(scalar `timeout 3 ipsec whack --showstates 2>/dev/null`, qr/ISAKMP SA established/)
    : -S '/run/charon.vici'
    ? count(scalar `timeout 3 swanctl --list-sas 2>/dev/null`, qr/^l2tp:.*ESTABLISHED/m) : 0;
  my $ever = $libreswan
    ? count(content('/job/pluto.log'), qr/ISAKMP SA established/)
    : count(content('/job/charon.log'), qr/IKE_SA l2tp\[\d+\] established/);
  my $contacts = count(content('/job/charon.log'), qr/generating ID_PROT.* N\(INITIAL_CONTACT\)/);
  object(sas => $now, established => $ever, initialContacts => $contacts);
}

# Phase 2: the kernel's states (two for each pair), and pairs ever since the guest booted.
sub ipsec {
  my $states = `ip xfrm state`;
  my $sas = count($states, qr/^src/m);
  my $ever = $libreswan
    ? count(content('/job/pluto.log'), qr/IPsec SA established/)
    : count(content('/job/charon.log'), qr/CHILD_SA l2tp\{\d+\} established/);
  my ($encryption, $key) = $states =~ /enc (\S+) 0x(\w+)/ ? ($1, $2)
    : $states =~ /aead (\S+) 0x(\w+)/ ? ($1, substr $2, 8) : ();   # behind it 32 bits of salt
  my ($integrity) = $states =~ /auth-trunc (\S+)/;
  # Quick modes by who began them; a repeated message has the same number.
  my ($log, %began) = content('/job/charon.log');
  $began{$1}{$2} = 1 while $log =~ /(generating|parsed) QUICK_MODE request (\d+) \[ HASH SA /g;
  object(
    begun => scalar keys %{$began{generating}}, answered => scalar keys %{$began{parsed}},
    sas => $sas, established => $ever, encryption => $encryption, integrity => $integrity,
    keyBits => defined $key ? 4 * length $key : undef,
    encapsulation => $sas == 0 ? undef : $states =~ /encap type espinudp/ ? 'udp' : 'none');
}

# What xl2tpd saw and did since the guest booted.
sub l2tp {
  my $log = content('/job/xl2tpd.log');
  object(
    tunnels => count($log, qr/Connection established/), calls => count($log, qr/Call established/),
    refusals => count($log, qr/message type 14 \(Call-Disconnect/),
    stops => count($log, qr/message type 4 \(Stop-Control/),
    running => -p '/run/xl2tpd/l2tp-control' && content('/run/xl2tpd.pid') =~ /(\d+)/
      && -e "/proc/$1" ? 'yes' : 'no');
}

sub ppp {
  my ($address, $peer) = `ip -4 -o addr show` =~ /ppp\d+ +inet (\S+) peer ([\d.]+)/;
  # The authentication that both sides settled on: in the last LCP request that was acknowledged.
  my ($method) = reverse content('/job/pppd.log') =~ /(?:sent|rcvd) \[LCP ConfAck .*<auth ([^>]+)>/g;
  my %names = ('chap MS-v2' => 'mschapv2', 'chap MD5' => 'chap');
  object(
    state => defined $peer ? 'up' : 'down', address => $address, peer => $peer,
    authentication => defined $method ? $names{$method} // $method : undef,
    interfaces => count(join("\n", glob '/sys/class/net/*'), qr/ppp\d+$/m));
}

my %kinds = (ike => \&ike, ipsec => \&ipsec, l2tp => \&l2tp, ppp => \&ppp);
print object(map { $_ => $kinds{$_}->() } @ARGV), "\n";
