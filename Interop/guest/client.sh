#!/bin/bash
# The guest as L2TP/IPsec client (IKE initiator, xl2tpd as LAC, pppd).
#   client.sh connect          IPsec up, then a tunnel with a session
#   client.sh ipsec            IPsec only
#   client.sh session          a session: in the present tunnel, or in a new one
#   client.sh second-session   asks for one more session in the present tunnel
#   client.sh hang-up          ends the session (CDN) and leaves the tunnel
#   client.sh disconnect       StopCCN, IKE deletes, daemons stopped
#   client.sh crash            daemons killed, the kernel's SAs gone: nothing is said to anybody
. /job/guest/common.sh

up_ipsec() {
  [ ! -e /run/ike.pid ] || down
  ike_start client || return 1
  ike_up || { echo "IKE failed"; return 1; }
}

write_settings() {
  mkdir -p /etc/xl2tpd
  {
    ppp_options
    # Answers to one authentication protocol only.
    for a in pap chap mschap mschap-v2 eap; do
      [ "$a" = "$(ppp_auth_name)" ] || echo "refuse-$a"
    done
    cat <<X
noauth
ipcp-accept-local
ipcp-accept-remote
noipdefault
nodefaultroute
usepeerdns
name "$USER_NAME"
password "$PASSWORD"
X
  } >/etc/ppp/options.client
  # pppd runs this when it has done everything itself: its interface goes up and down before.
  mkdir -p /etc/ppp/ip-up.d
  {
    echo '#!/bin/sh'
    [ -z "${ROUTE:-}" ] || echo "ip route replace $ROUTE dev ppp0"
    [ -z "${INTERFACE_MTU:-}" ] || echo "ip link set ppp0 mtu $INTERFACE_MTU"
    echo 'touch /run/ppp-ready'
  } >/etc/ppp/ip-up.d/lab
  chmod +x /etc/ppp/ip-up.d/lab
  cat >/etc/xl2tpd/xl2tpd.conf <<X
[global]
port = ${L2TP_PORT:-1701}
debug tunnel = yes
debug state = yes
debug avp = yes
[lac vpn]
lns = $(over_ipv6 && echo 127.0.0.1:1702 || echo "$REMOTE")
${L2TP_HOST_NAME:+hostname = $L2TP_HOST_NAME}
$(tunnel_authentication)
pppoptfile = /etc/ppp/options.client
length bit = yes
require authentication = no
autodial = no
X
}

ppp_is_up() { ip -4 -o addr show dev ppp0 | grep -q ' peer '; }
ppp_is_gone() { ! ip link show dev ppp0; }
# The number xl2tpd gave to the present call (or tunnel), from its own log.
local_id() { sed -n "s/.*$1 established.*Local: \([0-9]*\).*/\1/p" /job/xl2tpd.log | tail -1; }
ends() { grep -cE 'Connection .*closed|Call .* disconnected' /job/xl2tpd.log; }

session() {
  if [ ! -e /run/xl2tpd.pid ]; then write_settings; xl2tpd_start client || return 1; fi
  # A session that has just ended leaves its interface behind for a moment; the next one would get
  # another name.
  wait_for 10 ppp_is_gone
  rm -f /run/ppp-ready
  local before; before=$(ends)
  tell_xl2tpd c vpn || { echo "xl2tpd takes no orders"; return 1; }
  up_or_refused() { ppp_is_up || [ "$(ends)" -gt "$before" ]; }
  wait_for "$TIMEOUT" up_or_refused
  ppp_is_up || { echo "no session"; return 1; }
  wait_for 5 test -e /run/ppp-ready
}

down() {
  tell_xl2tpd d vpn && sleep 0.5
  xl2tpd_stop
  ike_down >/dev/null 2>&1
  wait_for 3 ppp_is_gone
}

crash() {
  # Stopped first: xl2tpd would tell the gateway that its pppd is gone.
  local all; all=$(pidof pppd; cat /run/xl2tpd.pid /run/ike.pid)
  kill -STOP $all; kill -KILL $all
  # charon would take a process that nobody has waited for yet for another charon.
  rm -f /run/xl2tpd.pid /run/ike.pid /run/charon.vici /var/run/charon.pid $CONTROL
  ip xfrm state flush; ip xfrm policy flush
  wait_for 5 ppp_is_gone
}

case $1 in
  connect) up_ipsec && session ;;
  ipsec) up_ipsec ;;
  session) session ;;
  second-session) tell_xl2tpd c "$(local_id Connection)"; sleep 1 ;;
  hang-up) tell_xl2tpd h "$(local_id Call)"; wait_for 5 ppp_is_gone ;;
  disconnect) down ;;
  crash) crash ;;
  *) echo "unknown command $1"; exit 2 ;;
esac
