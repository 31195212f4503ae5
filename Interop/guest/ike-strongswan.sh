# Sourced in the guest: strongSwan (charon and swanctl) as the IKEv1 daemon, either role.

CRYPTO="random drbg nonce openssl aes gmp curve25519 sha1 sha2 md5 hmac kdf gcm pem pkcs1 pkcs8 x509 \
pubkey revocation constraints"

ike_start() {  # ike_start client|server
  local remote=%any remote_id=%any me='' port=${L2TP_PORT:-1701}
  local local_selector='dynamic[udp/1701]' remote_selector='dynamic[udp]'
  # A server takes PFS or leaves it; a client that offers it once offers it always.
  local phase2=aes256-sha256-modp2048,aes128-sha1-modp2048,aes256-sha256,aes128-sha1
  if [ "$1" = client ]; then
    phase2=aes256-sha256,aes128-sha1
    remote=$REMOTE me="id = $ADDRESS" remote_selector='dynamic[udp/1701]'
    # It says INITIAL-CONTACT only to whom it knows by name.
    [ "${INITIAL_CONTACT:-no}" = no ] || remote_id=$REMOTE
    [ "$port" = 0 ] && local_selector='dynamic[udp]' || local_selector="dynamic[udp/$port]"
  fi
  # An absent proposal line means the daemon's own default list.
  local ike="proposals = ${IKE_PROPOSALS:-aes256-sha256-modp2048,aes128-sha1-modp2048}"
  local esp="esp_proposals = ${ESP_PROPOSALS:-$phase2}"
  [ "${IKE_PROPOSALS:-}" != default ] || ike=
  [ "${ESP_PROPOSALS:-}" != default ] || esp=
  local encap=no
  [ "${ENCAPSULATION:-auto}" != yes ] || encap=yes   # lies in its NAT-D payloads
  cat >/etc/strongswan.conf <<X
charon {
  load = $CRYPTO kernel-netlink socket-default vici xauth-generic updown
  load_modular = no
  threads = 8
  install_virtual_ip = no
  retransmit_timeout = 2.0
  plugins { vici { socket = unix:///run/charon.vici } }
  filelog { job { path = /job/charon.log
    default = 1
    flush_line = yes
    append = yes
    time_format = %H:%M:%S
    ike_name = yes } }
}
swanctl { load = $CRYPTO }
X
  mkdir -p /etc/swanctl/conf.d
  cat >/etc/swanctl/swanctl.conf <<X
connections {
  l2tp {
    version = 1
    remote_addrs = $remote
    $ike
    encap = $encap
    mobike = no
    dpd_delay = ${DPD:-15}
    dpd_timeout = $((${DPD:-15} * 4))
    rekey_time = ${IKE_LIFETIME:-8h}
    ${REKEY_MARGIN:+over_time = ${REKEY_MARGIN}s}
    local { auth = psk
      $me }
    remote { auth = psk
      id = $remote_id }
    children { l2tp {
        mode = transport
        local_ts = $local_selector
        remote_ts = $remote_selector
        $esp
        rekey_time = ${ESP_LIFETIME:-1h}
        ${REKEY_MARGIN:+life_time = $((${ESP_LIFETIME%s} + REKEY_MARGIN))s}
        dpd_action = clear
        start_action = none } }
  }
}
secrets { ike-1 { secret = "$PSK" } }
X
  /usr/lib/ipsec/charon >>/job/charon.out 2>&1 &
  echo $! >/run/ike.pid
  wait_for 10 test -S /run/charon.vici || { echo "charon did not start"; return 1; }
  # The socket is there a moment before anybody listens at it.
  wait_for 5 swanctl --load-all || swanctl --load-all
}

ike_up() { swanctl --initiate --child l2tp --timeout "$TIMEOUT"; }

ike_down() {
  swanctl --terminate --ike l2tp --timeout 3
  end_process /run/ike.pid
  rm -f /run/charon.vici
}
