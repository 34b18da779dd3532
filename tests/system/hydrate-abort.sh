#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Somebody else ends a job that is hydrated, and saves the guest within milliseconds: QEMU survives it,
# also while virtstreamd waits for another guest's QEMU that does not answer.
# ROUNDS, and DELAY (of the source, and so of a request) can be set.
source "$(dirname "$0")/functions.sh"
source "$(dirname "$0")/hydration.sh"
requires virt-stream nbdkit qemu-img

rounds=${ROUNDS:-8} delay=${DELAY:-10ms}
image=$dir/guest.qcow2
room=$((1 << 30)) # of the overlay, then it is made anew

start_fresh() {
  rm -f "$image"
  make_overlay "$image" "$(nbd_uri remote)"
  virsh -q start guest
}

# One shell for all: a process for each command would take longer than what is attacked
tell_virsh() {
  printf '%s\n' "$@" "echo :told" >&"${shell[1]}"
  sed -u '/^:told$/q' <&"${shell[0]}" > "$dir/told"
}

told_hydrated() {
  tell_virsh "qemu-monitor-command guest '{\"execute\":\"query-block-exports\"}'"
  grep -q streamdisk- "$dir/told"
}

start_pull() {
  tell_virsh "blockpull guest vda"
  wait_until 10 told_hydrated
}

abort_and_save() {
  tell_virsh "blockjob guest vda --abort" "save guest $dir/saved" "domstate guest"
  qemu_is_sound guest || fail "QEMU aborted: $(cat "$dir/told")"
  assert_match "$dir/told" "saved to"
  qemu-img check -q "$image"
}

start_nbdkit remote --filter=delay pattern 8G rdelay="$delay"
start_libvirtd
start_daemon
define_guest guest "$image"
start_fresh
coproc shell { exec stdbuf -oL setsid --wait virsh; }

for ((round = 0; round < rounds; round++)); do
  start_pull
  sleep "0.0$((RANDOM % 100))"
  abort_and_save
  if has_allocated "$image" $room; then
    start_fresh
  else
    virsh -q restore "$dir/saved"
  fi
  wait_until 5 nothing_is_left guest
done

make_overlay "$dir/stuck.qcow2" "$(nbd_uri remote)"
start_guest stuck "$dir/stuck.qcow2"
virsh -q blockpull stuck vda
wait_until 10 is_hydrated stuck
start_pull
kill -STOP "$(cat "$XDG_RUNTIME_DIR/libvirt/qemu/run/stuck.pid")"
sleep 1.5 # by then virtstreamd has asked how far its job is
abort_and_save
kill -CONT "$(cat "$XDG_RUNTIME_DIR/libvirt/qemu/run/stuck.pid")"
virsh -q blockjob stuck vda --abort
wait_until 5 nothing_is_left stuck
qemu_is_sound stuck
echo "delay $delay: saved $((rounds + 1)) times"
echo quit >&"${shell[1]}"
