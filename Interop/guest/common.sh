# Sourced by the guest's commands: settings, small tools, what both roles give to xl2tpd and pppd.
. /job/env
. "/job/guest/ike-${IKE:-strongswan}.sh"
TIMEOUT=${TIMEOUT:-30}
CONTROL=/run/xl2tpd/l2tp-control

wait_for() {  # wait_for SECONDS COMMAND... : until the command succeeds
  local end=$((SECONDS + $1 + 1)); shift
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $end ] || return 1
    read -rt 0.05 -u 9   # init's fifo that nobody writes to: a pause without a fork
  done
  return 0
}

end_process() {  # end_process PIDFILE : TERM, then KILL after 3 s
  local pid; pid=$(cat "$1" 2>/dev/null) || return 0
  kill "$pid" 2>/dev/null
  is_gone() { [ ! -e "/proc/$pid/exe" ]; }   # a zombie has none
  wait_for 3 is_gone || kill -KILL "$pid"
  rm -f "$1"
}

tell_xl2tpd() { [ -p $CONTROL ] && timeout 10 bash -c "echo '$*' >$CONTROL"; }

ppp_auth_name() { [ "${PPP_AUTH:-mschapv2}" = mschapv2 ] && echo mschap-v2 || echo "$PPP_AUTH"; }

ppp_options() {
  cat <<X
debug
logfile /job/pppd.log
nodetach
noccp
noipv6
mtu ${MTU:-1400}
mru ${MRU:-${MTU:-1400}}
lcp-restart 1
lcp-echo-interval 10
lcp-echo-failure 4
X
}

# xl2tpd asks for tunnel authentication where there is a secret, unless it is told not to; it always
# answers with the secret when it is asked.
tunnel_authentication() { [ -z "${L2TP_SECRET:-}" ] || echo "challenge = ${L2TP_CHALLENGE:-yes}"; }

# 1.3.18 knows IPv4 only.
over_ipv6() { case $ADDRESS in *:*) return 0 ;; *) return 1 ;; esac; }

xl2tpd_start() {  # its configuration file is in place
  mkdir -p /run/xl2tpd
  rm -f /etc/xl2tpd/l2tp-secrets
  [ -z "${L2TP_SECRET:-}" ] || echo "* * $L2TP_SECRET" >/etc/xl2tpd/l2tp-secrets
  if over_ipv6 && [ ! -e /run/relay.pid ]; then
    perl /job/guest/relay.pl "$1" "${REMOTE:-}" >>/job/relay.log 2>&1 &
    echo $! >/run/relay.pid
  fi
  xl2tpd -D -c /etc/xl2tpd/xl2tpd.conf -C $CONTROL -p /run/xl2tpd.pid >>/job/xl2tpd.log 2>&1 &
  wait_for 5 test -p $CONTROL || { echo "xl2tpd did not start"; return 1; }
}

xl2tpd_stop() {
  end_process /run/xl2tpd.pid
  rm -f $CONTROL
}
