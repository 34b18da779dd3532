#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# matrix.sh [PART/PARTS]: guests as production has them write while their disk is streamed, stopped, backed
# up, saved, restored and streamed to the end: none dies, and no byte of any is wrong, unless libvirt's own
# pull of the same guest fails, too. matrix_guests.py has the table of what they are. SEED draws others,
# GUESTS=n or MATRIX=all (each pair of values) more of them, FACETS='bus=scsi,usb' some only, and
# GUEST='bus=scsi iothread=controller' takes this one. Overlays are on a block device only if BLOCKDEV is
# one, which 'nobody' may write.
source "$(dirname "$0")/functions.sh"
source "$(dirname "$0")/hydration.sh"
source "$(dirname "$0")/drawn-guest.sh"
requires virt-stream nbdkit qemu-img qemu-io

delay=${DELAY:-5ms}

# --- ours, and stock's ---

ours_begin() { virt-stream -q start "$1" "$disk" --bandwidth 1M; }
ours_stop() { virt-stream -q stop "$1" "$disk"; }
ours_complete() { virt-stream -q start "$1" "$disk" --wait; }

stock_begin() { virsh -q blockpull "$1" "$disk" 1; }
stock_stop() { virsh -q blockjob "$1" "$disk" --abort; }
stock_complete() { virsh -q blockpull "$1" "$disk" --wait > /dev/null; }

# --- what is done to a guest ---

# note_hydration NAME: in $dir/NAME.hydration: whether there is any, or why not, once that is known
note_hydration() {
  if is_hydrated "$1" "$disk"; then
    echo hydrated
  else
    virt-stream info "$1" "$disk" | sed -nE 's/^Not hydrated: +([^ -])/not hydrated: \1/p'
  fi > "$dir/$1.hydration"
  [ -s "$dir/$1.hydration" ] || has_ended "$1"
}

# backup NAME MODE DISK: begins it, and has all of it if it is the second disk, which nobody writes to
backup() {
  rm -f "$dir/backup.qcow2"
  backup_xml "$2" "$3"
  wait_until 20 begins_or_ended "$1" "$dir/$2.xml"
  ! has_ended "$1" || fail "'$1' has ended before its backup"
  [ "$3" != vdb ] || compare_backup "$@"
  virsh -q domjobabort "$1" 2> /dev/null || job_is_over "$1" "$3"
  wait_until 30 job_is_over "$1" "$3"
}

# begins_or_ended NAME XML: tried every second, as by those who find the NBD server taken
begins_or_ended() {
  virsh -q backup-begin "$@" || has_ended "$1" || ! sleep 1
}

# compare_backup NAME MODE DISK: of the second disk
compare_backup() {
  if [ "$2" = pull ]; then
    qemu-img compare -q "nbd+unix:///$3?socket=$dir/backup.sock" "$dir/other.raw"
  else
    wait_until 30 job_is_over "$1" "$3"
    qemu-img compare -q "$dir/backup.qcow2" "$dir/other.raw"
  fi
}

# save_restore NAME
save_restore() {
  virsh -q save "$1" "$dir/$1.saved"
  virsh -q restore "$dir/$1.saved"
  rm "$dir/$1.saved"
}

acknowledged() {
  wc -l < "$dir/$1.acks"
}

# has_gone_on NAME BATCHES: it has written more than these, or does not live any more
has_gone_on() {
  (($(acknowledged "$1") > $2)) || has_ended "$1"
}

# live NAME MEANS: its whole life
live() {
  define_drawn "$1"
  boot_drawn "$1"
  touch "$dir/$1.booted"

  "$2_begin" "$1"
  [ "$2" = stock ] || wait_until 30 note_hydration "$1"
  [[ ${facet[backup]} != other-* ]] || backup "$1" "${facet[backup]#other-}" vdb
  "$2_stop" "$1"
  [[ ${facet[backup]} != @(push|pull) ]] || backup "$1" "${facet[backup]}" "$disk"
  save_restore "$1"
  "$2_complete" "$1"

  wait_until 60 has_gone_on "$1" $(($(acknowledged "$1") + 5))
  wait_until 10 nothing_is_left "$1" "$disk"
  verify_linux "$1"
  stop_linux "$1"
  qemu_is_sound "$1"
  compare "$1"
}

# compare NAME: its image, by itself
compare() {
  local key
  key=$(key_object overlay)
  assert_eq "$(backing_file "$(overlay_file "$1")")" ""
  qemu-img check -q --object "$key" --image-opts "$(image_options "$1")"
  compare_linux "$1" "$(image_options "$1")" --object "$key" --image-opts
}

# --- the matrix ---

# try NAME MEANS: a life, from its images on; $status tells whether it was as it should be
try() {
  status=0
  start_remote
  make_images "$1"
  start_process "$1.life" live "$@" # in a process, so that the test goes on if it fails
  wait "${pids[$1.life]}" || status=$?
  unset "pids[$1.life]"
  if ! kill -0 "${pids[libvirtd]}" 2> /dev/null; then
    status=1
    echo "libvirtd has died"
    start_libvirtd
  fi
  end_guest "$1" 2> /dev/null
}

# end_guest NAME: nothing of it runs any more
end_guest() {
  virsh -q destroy "$1" || true
  virsh -q undefine "$1" || true
  end_process remote KILL || true
  [ -z "${pids[overlay]:-}" ] || end_process overlay KILL || true
}

# forget NAME: its images and logs
forget() {
  rm -f "$dir/$1".* "$dir/$1"-* "$HOME/.cache/libvirt/qemu/log/$1.log"
}

# try_stock N: whether the guest that has failed fails by stock's means, too
try_stock() {
  [ -e "$dir/guest$1.booted" ] || return 0 # there was nothing of ours in it yet
  stop_daemon
  try "stock$1" stock
  start_daemon
  if [ "$status" != 0 ]; then
    verdict="unsafe, with stock, too"
    what_failed "stock$1"
  fi
  forget "stock$1"
}

# what_failed NAME: of its life; and QEMU's last words, if it has not survived
what_failed() {
  grep -m 1 "^FAILED: " "$dir/$1.life.log" || echo "FAILED: exit status $status"
  qemu_is_sound "$1" || true
}

# run_guest N FACET=VALUE...
run_guest() {
  local began=$SECONDS status verdict=safe
  echo "$1: ${*:2}"
  take_guest "${@:2}"
  try "guest$1" ours
  if [ "$status" != 0 ]; then
    verdict=UNSAFE
    what_failed "guest$1"
    try_stock "$1"
  fi
  [ -s "$dir/guest$1.hydration" ] || echo "not known" > "$dir/guest$1.hydration"
  echo "$1: $(cat "$dir/guest$1.hydration"), $verdict, $((SECONDS - began)) s"
  if [ "$verdict" = UNSAFE ]; then
    failed+=("$1: ${*:2}")
  else
    forget "guest$1"
  fi
}

# draw: the guests of this run; GUEST and FACETS are words
# shellcheck disable=SC2086
draw() {
  local guests=(--guests "${GUESTS:-12}")
  [ "${MATRIX:-}" != all ] || guests=()
  if [ -v GUEST ]; then
    draw_guests --plain $GUEST
  else
    draw_guests --seed "$seed" --part "$part" "${guests[@]}" ${FACETS:-}
  fi
}

part=${1:-1/1} seed=${SEED:-1} failed=()
echo "SEED=$seed PART=$part"
make_linux 96
start_libvirtd
start_daemon
drawn=$(draw)
[ -n "$drawn" ] || fail "there are no guests in part $part"
mapfile -t guests <<< "$drawn"
for number in "${!guests[@]}"; do
  # shellcheck disable=SC2086 # FACET=VALUE...
  run_guest $((number + 1)) ${guests[number]}
done
stop_daemon
if [ ${#failed[@]} != 0 ]; then
  fail "${#failed[@]} of ${#guests[@]} guests are not safe:" "${failed[@]/#/$'\n  '}"
fi
