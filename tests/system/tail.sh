#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A guest whose disk is longer than the image below it reads there all the time, and finds zeroes: from the
# start of a stream to after its end, by virtstreamd or in process, and in the pulls of others where it may
# be suspended for that. Without us it finds what was in its buffer.
source "$(dirname "$0")/functions.sh"
source "$(dirname "$0")/hydration.sh"
source "$(dirname "$0")/drawn-guest.sh"
requires virt-stream nbdkit qemu-img

delay=10ms

# begin_life [FACET=VALUE...]: a guest that works, and whose disk is twice as long as its template, or
# has $size
begin_life() {
  take_guest "$@"
  facet[tail]=yes # the table has none of those that are refused
  start_remote
  make_images guest
  [ -z "${size:-}" ] || qemu-img resize -q "$dir/guest.qcow2" "$size"
  define_drawn guest
  boot_drawn guest
  has_worked
}

# has_worked: some batches of writes, and reads of the tail after each, since now
has_worked() {
  local before
  before=$(wc -l < "$dir/guest.acks")
  wait_until 60 eval "((\$(wc -l < '$dir/guest.acks') > $before + 5)) || sees_garbage"
}

sees_garbage() {
  grep -q "^guest: error" "$dir/guest.log"
}

# end_life: it has seen nothing wrong
end_life() {
  has_worked
  ! sees_garbage || fail "the guest has read wrong data: $(grep "^guest: error" "$dir/guest.log")"
  verify_linux guest
  wait_until 10 nothing_is_left guest "$disk"
  stop_linux guest
  qemu_is_sound guest
  forget_life
}

forget_life() {
  virsh -q undefine guest
  end_process remote KILL || true
  rm -f "$dir"/guest.* "$dir"/guest-*
}

told() {
  virt-stream info guest "$disk" --json | assert_json "$1"
}

make_linux 96
start_libvirtd

# --- the witness: a stock pull, slow enough for the guest to look around ---
begin_life
virsh -q blockpull guest "$disk" --bytes 1
wait_until 60 sees_garbage
virsh -q destroy guest
forget_life

# --- in process ---
begin_life
virt-stream start guest "$disk" --wait
end_life

# --- by virtstreamd; a limit gives the guest time ---
start_daemon
stream_unseen() {
  virt-stream -q start guest "$disk" --bandwidth 8M
  has_worked
  told "'time_tail' not in it['streams'][0]"
  virt-stream -q set guest "$disk" --bandwidth 0
  wait_until 60 job_is_over guest "$disk"
}

for guest in "" "template=qcow2 layers=2" "encryption=luks" "throttle=own"; do
  echo "${guest:-plain}"
  # shellcheck disable=SC2086 # FACET=VALUE...
  begin_life $guest
  stream_unseen
  end_life
done

# --- where it cannot be prevented, it is refused: QEMU 10.0 may hang a guest with an iothread that is
# suspended, 7.2 aborts where a controller has one ---
refused_for() {
  run_fails 1 "the guest would read wrong data there: $1" virt-stream start guest "$disk"
  job_is_over guest "$disk"
  has_worked
}

begin_life iothread=own
if [[ $(qmp guest query-version) == *'"major":7'* ]]; then
  controller="QEMU aborts"
  stream_unseen
else
  controller="a guest with an iothread may hang when it is suspended"
  refused_for "$controller"
fi
end_life
begin_life bus=scsi iothread=controller
refused_for "$controller"
end_life

# --- 20 GiB; stopped and started again ---
size=20G begin_life
qemu_pid=$(cat "$XDG_RUNTIME_DIR/libvirt/qemu/run/guest.pid")
virt-stream -q start guest "$disk" --bandwidth 8M
has_worked
virt-stream -q stop guest "$disk"
has_worked
virt-stream start guest "$disk" --wait
kill -0 "$qemu_pid"
end_life

# --- the pulls of others: zeroed at once, and told; or while the guest is suspended ---
begin_life
virsh -q blockpull guest "$disk" 8
wait_until 20 told "it['streams'][0]['time_tail'] > 0"
virsh -q destroy guest
forget_life
stop_daemon
echo 'standstill_others = 2000' > "$HOME/.config/libvirt/virtstreamd.conf"
start_daemon
begin_life
virsh -q blockpull guest "$disk" 8
wait_until 20 is_hydrated guest "$disk"
told "0 < it['streams'][0]['time_tail'] < 3000" # from the pull's beginning until it was suspended
virsh -q destroy guest
forget_life
stop_daemon
