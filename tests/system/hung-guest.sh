#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A guest's QEMU answers nothing any more: its stream waits, and nobody else does.
source "$(dirname "$0")/functions.sh"
source "$(dirname "$0")/hydration.sh"
source "$(dirname "$0")/listeners.sh"
requires virt-stream nbdkit qemu-img

# begin GUEST: in the middle of its stream
begin() {
  make_overlay "$dir/$1.qcow2" "$(nbd_uri remote)"
  start_guest "$1" "$dir/$1.qcow2"
  virt-stream -q start "$1" vda --bandwidth 1M
  wait_until 20 is_hydrated "$1"
}

# at_once COMMAND...: libvirt would have it wait for half a minute
at_once() {
  timeout 10 "$@" || fail "waits for the hung guest: $*"
}

qemu_pid() {
  cat "$XDG_RUNTIME_DIR/libvirt/qemu/run/$1.pid"
}

lists() {
  at_once virt-stream list > "$dir/list"
  grep -qE "^ *$1 +vda +running " "$dir/list"
}

# goes_on GUEST: its stream is let go, and ends
goes_on() {
  at_once virt-stream -q set "$1" vda --bandwidth 0
  wait_until 60 job_is_over "$1"
  assert_eq "$(backing_file "$dir/$1.qcow2")" ""
}

start_nbdkit remote --filter=delay pattern 64M rdelay=10ms
start_libvirtd
start_daemon
begin hung
begin other
begin gone
hung_pid=$(qemu_pid hung)
cleanup_fn "kill -CONT $hung_pid"
kill -STOP "$hung_pid"
kill -STOP "$(qemu_pid gone)"

# --- two are silent, and have been asked by now: the others are served ---
sleep 3
lists hung
lists gone
lists other
at_once virt-stream info hung vda > "$dir/info"
assert_match "$dir/info" "^State: *running$"
begin late
goes_on other
goes_on late

# --- one of them is destroyed: its stream ends ---
listen watch qemu:///session
virsh -q destroy gone
all_hear gone vda "stopped: the guest was destroyed"
lists hung
! grep gone "$dir/list" || fail "the guest that is no more is listed"

# --- virtstreamd ends all the same, and the next one serves all but that guest ---
status=0
end_process daemon TERM || status=$?
assert_eq "$status" 1
assert_match "$dir/daemon.log" "a guest does not answer, and is not waited for"
start_daemon
begin last
goes_on last

# --- it answers again: its stream is found, and goes on ---
kill -CONT "$hung_pid"
wait_until 60 lists hung
goes_on hung
wait_until 20 nothing_is_left hung
for guest in hung other late last; do
  qemu_is_sound "$guest"
done
