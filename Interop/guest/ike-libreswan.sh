# Sourced in the guest: Libreswan (pluto) as the IKEv1 daemon, either role.

ike_start() {  # ike_start client|server
  local right=%any left_port=17/1701 right_port=17/%any port=${L2TP_PORT:-1701}
  if [ "$1" = client ]; then
    right=$REMOTE right_port=17/1701
    [ "$port" = 0 ] && left_port=17/%any || left_port=17/$port
  fi
  # An absent line means the daemon's own default: its proposals, and PFS, which it asks for.
  local ike="ike=${IKE_PROPOSALS:-aes256-sha2_256;modp2048,aes128-sha1;modp2048}"
  local esp="phase2alg=${ESP_PROPOSALS:-aes256-sha2_256,aes128-sha1}" pfs=pfs=no
  [ "${IKE_PROPOSALS:-}" != default ] || ike=
  [ "${ESP_PROPOSALS:-}" != default ] || esp='' pfs=''
  mkdir -p /run/pluto /var/lib/ipsec/nss /etc/ipsec.d
  [ -e /var/lib/ipsec/nss/cert9.db ] || ipsec initnss --nssdir /var/lib/ipsec/nss
  echo ": PSK \"$PSK\"" >/etc/ipsec.secrets
  { cat <<X; } | grep -v '^ *$' >/etc/ipsec.conf
config setup
    logfile=/job/pluto.log
    ikev1-policy=accept
    virtual-private=%v4:10.0.0.0/8,%v4:192.168.0.0/16,%v4:172.16.0.0/12
    uniqueids=no
conn l2tp
    type=transport
    left=$ADDRESS
    leftprotoport=$left_port
    right=$right
    rightprotoport=$right_port
    authby=secret
    ikev2=no
    encapsulation=${ENCAPSULATION:-auto}
    $ike
    $esp
    $pfs
    ikelifetime=${IKE_LIFETIME:-8h}
    salifetime=${ESP_LIFETIME:-1h}
    dpddelay=${DPD:-15}
    dpdtimeout=$((${DPD:-15} * 4))
    dpdaction=clear
    auto=add
X
  /usr/libexec/ipsec/pluto --config /etc/ipsec.conf --nofork --logfile /job/pluto.log \
    >>/job/pluto.out 2>&1 &
  echo $! >/run/ike.pid
  wait_for 10 test -S /run/pluto/pluto.ctl || { echo "pluto did not start"; return 1; }
  ipsec whack --listen
  ipsec auto --add l2tp
}

ike_up() { timeout "$TIMEOUT" ipsec auto --up l2tp; }

ike_down() {
  timeout 3 ipsec auto --delete l2tp
  timeout 3 ipsec whack --shutdown
  end_process /run/ike.pid
}
