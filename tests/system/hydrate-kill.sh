#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# virtstreamd, libvirtd and QEMU are killed in the middle of hydration, while something else is done to
# a guest that writes: no acknowledged write is lost, no byte differs, the work goes on.
source "$(dirname "$0")/functions.sh"
source "$(dirname "$0")/hydration.sh"
source "$(dirname "$0")/storm.sh"

# no backup: libvirt 9.0 never ends one in whose beginning it was killed
meanwhile=(
  "suspend guest"
  "blockjob guest $disk --bandwidth 64"
  "blockjob guest $disk --abort; save guest $dir/saved"
  "blockjob guest $disk --abort; blockcopy guest $disk $dir/copy.qcow2 --transient-job"
  "blockjob guest $disk --abort; blockresize guest $disk 256M"
)

# in_the_middle COMMAND...: of one of those
in_the_middle() {
  local what=${meanwhile[RANDOM % ${#meanwhile[@]}]}
  echo "   of $what"
  rm -f "$dir"/{saved,copy.qcow2}
  virsh -q "$what" > "$dir/meanwhile.log" 2>&1 &
  sleep "0.$((RANDOM % 4))"
  "$@"
  wait $! || true # it may have lost what it talked to
}

can_be_asked() {
  virsh domblkinfo guest "$disk" || guest_is guest "shut off"
}

# recover: what was done meanwhile is done, or not
recover() {
  wait_until 60 can_be_asked
  if guest_is guest "shut off"; then
    restored
  elif guest_is guest paused; then
    virsh -q resume guest
  fi
  virsh -q blockjob guest "$disk" --abort 2> /dev/null || true # a copy
  wait_until 30 job_is_over guest "$disk"
}

do_kill_virtstreamd() {
  in_the_middle kill_daemon
  start_daemon
  recover
}
do_kill_libvirtd() {
  in_the_middle kill_libvirtd
  start_libvirtd
  recover
}
do_kill_qemu() {
  in_the_middle kill -KILL "$(cat "$XDG_RUNTIME_DIR/libvirt/qemu/run/guest.pid")"
  wait_until 60 guest_is guest "shut off"
  end_process remote KILL 2> /dev/null || true # nbdkit 1.32 may abort when its client is killed
  start_remote
  renew_life
}

run_storm
