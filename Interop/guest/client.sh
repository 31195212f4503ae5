#!/bin/bash
# The guest as L2TP/IPsec client (IKE initiator, xl2tpd as LAC, pppd).
#   client.sh connect          IPsec up, then a tunnel with a session
#   client.sh ipsec            IPsec only
#   client.sh session          a session: in the present tunnel, or in a new one
#   client.sh second-session   asks for one more session in the present tunnel
#   client.sh hang-up          ends the session (CDN) and leaves the tunnel
#   client.sh disconnect       StopCCN, IKE deletes, daemons stopped
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
  cat >/etc/xl2tpd/xl2tpd.conf <<X
[global]
port = ${L2TP_PORT:-1701}
debug tunnel = yes
debug state = yes
debug avp = yes
[lac vpn]
lns = $REMOTE
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
ends() { grep -cE 'Connection .* closed|Call .* disconnected' /job/xl2tpd.log; }

session() {
  if [ ! -e /run/xl2tpd.pid ]; then write_settings; xl2tpd_start || return 1; fi
  # A session that has just ended leaves its interface behind for a moment; the next one would get
  # another name.
  wait_for 10 ppp_is_gone
  local before; before=$(ends)
  tell_xl2tpd c vpn
  up_or_refused() { ppp_is_up || [ "$(ends)" -gt "$before" ]; }
  wait_for "$TIMEOUT" up_or_refused
  ppp_is_up || { echo "no session"; return 1; }
}

down() {
  tell_xl2tpd d vpn && sleep 0.5
  xl2tpd_stop
  ike_down >/dev/null 2>&1
  wait_for 3 ppp_is_gone
}

case $1 in
  connect) up_ipsec && session ;;
  ipsec) up_ipsec ;;
  session) session ;;
  second-session) tell_xl2tpd c "$(local_id Connection)"; sleep 1 ;;
  hang-up) tell_xl2tpd h "$(local_id Call)"; wait_for 5 ppp_is_gone ;;
  disconnect) down ;;
  *) echo "unknown command $1"; exit 2 ;;
esac
