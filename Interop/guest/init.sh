#!/bin/bash
# Process 1 of a guest. The guest's root is the host's own / (hostfs, read-only) under a tmpfs
# overlay: every program of the host runs here and nothing written here reaches the host. The job
# folder ($JOB, a kernel argument) is the only thing shared read-write:
#
#   env        settings (shell assignments)          status   "ready" once commands are accepted
#   in/N.sh    commands from the host                out/N.*  their output and exit status
#   stop       create it and the guest powers off    *.log    what the daemons say
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C

power_off() {  # reboot(2) itself: there is no init to ask
  perl -e 'syscall(169, 0xfee1dead, 672274793, 0x4321fedc, 0)'
  sleep 60
}

enter_overlay() {
  mount -t proc proc /proc
  mount -t tmpfs tmpfs /run
  . "$JOB/env"
  # The modules are not under the host's /lib/modules: give modprobe a root of its own.
  mkdir -p /run/modules/lib/modules
  ln -s "/usr/lib/uml/modules/$(uname -r)" /run/modules/lib/modules/
  modprobe -d /run/modules overlay
  mkdir -p /run/lower /run/layer /run/root
  mount -t tmpfs tmpfs /run/layer && mkdir /run/layer/upper /run/layer/work
  mount --bind / /run/lower
  [ -z "${LAYER:-}" ] || cp -a "$LAYER/." /run/layer/upper/
  mount -t overlay overlay \
    -o lowerdir=/run/lower,upperdir=/run/layer/upper,workdir=/run/layer/work /run/root || power_off
  cd /run/root || power_off
  mkdir -p job lib/modules
  mount -t hostfs none job -o "$JOB"
  mount -t proc proc proc; mount -t sysfs sys sys; mount -t devtmpfs dev dev
  mkdir -p dev/pts dev/shm
  mount -t devpts devpts dev/pts; mount -t tmpfs shm dev/shm
  mount -t tmpfs tmpfs run; mount -t tmpfs tmpfs tmp; mkdir -p var/run run/lock
  ln -sfn "/usr/lib/uml/modules/$(uname -r)" "lib/modules/$(uname -r)"
  STAGE=overlay exec chroot . /bin/bash /job/guest/init.sh
}

[ "${STAGE:-}" = overlay ] || enter_overlay

. /job/env
modprobe -a esp4 xfrm_user af_key xfrm_algo authenc echainiv seqiv cbc des_generic hmac \
  sha512_generic gcm ctr l2tp_ppp ppp_generic pppox sch_netem >/job/modprobe.log 2>&1
case $ADDRESS in *:*) modprobe -a ipv6 esp6 >>/job/modprobe.log 2>&1; nodad=nodad ;; esac
[ -e /dev/ppp ] || mknod /dev/ppp c 108 0
hostname guest; ip link set lo up
if [ -e /sys/class/net/vec0 ]; then
  ip link set vec0 name eth0; ip link set eth0 up
  ip addr add "$ADDRESS/$PREFIX" dev eth0 ${nodad:-}; ip route add default via "$ROUTER"
  # netem works on what the guest sends; the host's kernel need not have it.
  [ -z "${NETEM:-}" ] || tc qdisc add dev eth0 root netem $NETEM 2>>/job/modprobe.log
fi
sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0 \
  net.ipv4.conf.all.accept_redirects=0 net.ipv4.conf.all.send_redirects=0
[ -s /job/modprobe.log ] && echo "broken: see modprobe.log" >/job/status || echo ready >/job/status

# Commands come numbered. A fork costs a guest 20 ms, so the loop has none but for the commands.
mkfifo /tmp/never; exec 9<>/tmp/never
n=0
while [ ! -e /job/stop ]; do
  while [ -e "/job/in/$n.sh" ]; do
    { bash "/job/in/$n.sh" >"/job/out/$n.txt" 2>&1 </dev/null; echo $? >"/job/out/$n.status"; } &
    n=$((n + 1))
  done
  read -r -t 0.05 -u 9
done
dmesg >/job/dmesg.log
power_off
