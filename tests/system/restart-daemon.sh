#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# virtstreamd goes away during streams: their jobs go on, clients get errors or go on without it, and a
# new one finds the streams, takes turns and all.
source "$(dirname "$0")/functions.sh"
source "$(dirname "$0")/listeners.sh"
source "$(dirname "$0")/callers.sh"
requires virt-stream nbdkit qemu-img

# new_guest NAME DISKS
new_guest() {
  local images=() i
  for ((i = 0; i < $2; i++)); do
    images+=("$dir/$1-$i.qcow2")
    make_overlay "${images[-1]}" "$(nbd_uri remote)"
  done
  start_guest "$1" "${images[@]}"
}

# phase_is GUEST DISK PHASE
phase_is() {
  prints "^Phase: +$3$" virt-stream info "$1" "$2"
}

job_is_past() {
  [ "$(virsh blockjob "$1" "$2" --raw | sed -n 's/.*cur=//p')" -gt "$3" ]
}

# await NAME: the process ends by itself, well
await() {
  wait "${pids[$1]}" || fail "'$1' ended with exit status $?"
  unset "pids[$1]"
}

start_nbdkit remote pattern size=64M
start_libvirtd
echo 'log_filters = "1:rpc.session"' > "$HOME/.config/libvirt/virtstreamd.conf"

for end in kill_daemon stop_daemon; do
  start_daemon
  listen "survivor-$end" qemu:///session
  new_guest "two-$end" 2
  virt-stream -q start "two-$end" vda --bandwidth 512K
  virt-stream -q start "two-$end" vdb
  phase_is "two-$end" vda "(pull|hydrate)"
  phase_is "two-$end" vdb wait
  new_guest "waits-$end" 1
  start_process "wait-$end" virt-stream start "waits-$end" vda --bandwidth 512K --wait
  wait_until 10 job_is_past "waits-$end" vda 0
  start_caller "caller-$end" "two-$end" vda
  call "caller-$end"
  wait_line 10 "caller-$end" "^state 1$"

  # --- away: a call in flight, which waits for libvirtd, has its answer, or fails at once ---
  kill -STOP "${pids[libvirtd]}"
  call "caller-$end"
  wait_line 10 daemon "pid=${pids[caller-$end]} .*proc=6 .*serial=3$" # after CONNECT_OPEN and a call
  if [ "$end" = kill_daemon ]; then
    kill_daemon
    wait_line 5 "caller-$end" "^error: .*connection to '.*virtstreamd-sock' is lost"
    kill -CONT "${pids[libvirtd]}"
  else
    kill -TERM "${pids[daemon]}"
    kill -CONT "${pids[libvirtd]}"
    await daemon
    assert_eq "$(tail -n 1 "$dir/caller-$end.log")" "state 1"
  fi
  run_fails 0 "two-$end +vda +running" virt-stream list
  run_fails 0 "two-$end +vdb +running" virt-stream list

  # --- back ---
  start_daemon
  listen "newcomer-$end" qemu:///session
  wait_until 10 phase_is "two-$end" vdb wait
  run_fails 0 "^Bandwidth limit: +512.0 KiB/s$" virt-stream info "two-$end" vda
  run_fails 0 " bandwidth=1048573$" virsh blockjob "two-$end" vdb --raw --bytes
  virt-stream -q set "two-$end" vda --bandwidth 0
  virt-stream -q set "waits-$end" vda --bandwidth 0
  all_hear "two-$end" vda completed
  all_hear "two-$end" vdb completed
  assert_eq "$(grep "^two.*completed" "$dir/newcomer-$end.log" | xargs)" \
    "two-$end vda completed two-$end vdb completed"
  await "wait-$end"
  assert_match "$dir/wait-$end.log" "^Stream of 'vda' completed"
  end_process "newcomer-$end" TERM
  listeners=("survivor-$end")
  heard_each_once
  end_process "survivor-$end" TERM
  listeners=()
  stop_daemon
done
