#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# libvirtd goes away during streams and comes back: clients get errors meanwhile, virtstreamd does not
# start it, and afterwards every stream goes on or has its end.
source "$(dirname "$0")/functions.sh"
source "$(dirname "$0")/listeners.sh"
source "$(dirname "$0")/callers.sh"
requires virt-stream nbdkit qemu-img

# start_stream NAME RATE
start_stream() {
  make_overlay "$dir/$1.qcow2" "$(nbd_uri remote)"
  start_guest "$1" "$dir/$1.qcow2"
  virt-stream -q start "$1" vda --bandwidth "$2"
}

# lists NAME REGEX: the stream's line of the list
lists() {
  virt-stream list | grep -E "^ *$1 +vda +$2"
}

stands_alone() {
  [ -z "$(backing_file "$dir/$1.qcow2")" ]
}

# call_says NAME REGEX: its newest call, or one before, has such an error
call_says() {
  call "$1"
  grep -qE "^error: .*$2" "$dir/$1.log"
}

make_template "$dir/template.raw" 16
start_nbdkit remote file "$dir/template.raw"
start_libvirtd
start_daemon
listen by-daemon-1 qemu:///session
listen by-daemon-2 qemu:///session

for signal in KILL TERM; do
  start_stream "stays-$signal" 128K
  start_stream "dies-$signal" 128K
  start_stream "ends-$signal" 8M
  start_caller "caller-$signal" "stays-$signal" vda
  call "caller-$signal"
  wait_line 10 "caller-$signal" "^state 1$"

  # --- away: calls fail at once, the running one as well as later ones ---
  if [ "$signal" = KILL ]; then
    kill -STOP "${pids[libvirtd]}"
    call "caller-$signal"
  fi
  end_process libvirtd "$signal" || true
  [ "$signal" != KILL ] || wait_line 10 "caller-$signal" "^error: "
  wait_until 10 call_says "caller-$signal" "virtstreamd is not connected to libvirt \(qemu:///session\)"
  run_fails 1 "failed to connect to the hypervisor" virt-stream list

  # --- meanwhile one job ends, one guest dies; nobody starts a libvirtd ---
  kill -KILL "$(cat "$XDG_RUNTIME_DIR/libvirt/qemu/run/dies-$signal.pid")"
  wait_until 60 stands_alone "ends-$signal"
  ! connects "$XDG_RUNTIME_DIR/libvirt/libvirt-sock" 2> /dev/null || fail "a libvirtd has been started"
  kill -0 "${pids[daemon]}"

  # --- back ---
  start_libvirtd
  all_hear "ends-$signal" vda "completed"
  all_hear "dies-$signal" vda "(stopped|failed): .*"
  wait_until 30 lists "stays-$signal" running
  run_fails 0 "^Bandwidth limit: +128.0 KiB/s$" virt-stream info "stays-$signal" vda
  virt-stream -q set "stays-$signal" vda --bandwidth 0
  all_hear "stays-$signal" vda "completed"
  assert_eq "$(grep "^stays-$signal" "$dir/by-daemon-1.log" | xargs)" \
    "stays-$signal vda started stays-$signal vda completed"
done

heard_each_once
