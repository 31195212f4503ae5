#!/bin/bash
# The guest as L2TP/IPsec server (IKE responder, xl2tpd as LNS, pppd).
#   server.sh serve     starts everything
#   server.sh stop      stops everything in order (StopCCN, IKE deletes)
. /job/guest/common.sh

serve() {
  ike_start server || return 1
  mkdir -p /etc/xl2tpd
  {
    ppp_options
    # "any": the client chooses, by refusing what is offered first.
    [ "${PPP_AUTH:-}" = any ] && echo refuse-eap || echo "require-$(ppp_auth_name)"
    cat <<X
auth
name reference-server
ms-dns 10.111.0.1
X
  } >/etc/ppp/options.server
  printf '"%s" * "%s" *\n' "$USER_NAME" "$PASSWORD" bob builder |
    tee /etc/ppp/chap-secrets >/etc/ppp/pap-secrets
  chmod 600 /etc/ppp/*-secrets
  cat >/etc/xl2tpd/xl2tpd.conf <<X
[global]
port = 1701
debug tunnel = yes
debug state = yes
debug avp = yes
[lns default]
ip range = 10.111.0.10-10.111.0.200
local ip = 10.111.0.1
require authentication = yes
pppoptfile = /etc/ppp/options.server
length bit = yes
$(tunnel_authentication)
X
  xl2tpd_start server || return 1
  iperf3 -s -D >/dev/null 2>&1
}

case $1 in
  serve) serve ;;
  stop) xl2tpd_stop; ike_down ;;
  *) echo "unknown command $1"; exit 2 ;;
esac
