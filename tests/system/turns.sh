#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Four disks of a guest take turns, because stock pulls that end together crash QEMU 7.2: one has its
# full speed, the others wait at a speed that virsh shows, no two end together, QEMU survives.
# TURNS_ROUNDS: how often with each kind of template.
source "$(dirname "$0")/functions.sh"
source "$(dirname "$0")/listeners.sh"
requires virt-stream qemu-img

disks=(vda vdb vdc vdd)

# speeds: of the four jobs, as stock virsh sees them
speeds() {
  local disk
  for disk in "${disks[@]}"; do
    virsh blockjob guest "$disk" --raw --bytes | sed -n 's/^ bandwidth=//p'
  done | xargs
}

# waiting: the disks whose stream waits for its turn
waiting() {
  local disk
  for disk in "${disks[@]}"; do
    prints "^Phase: *wait$" virt-stream info guest "$disk" && echo "$disk"
  done | xargs
}

# watch_ends: $dir/ends.log has QEMU's event of each job's end, with its time
watch_ends() {
  start_process ends stdbuf -oL virsh qemu-monitor-event guest --loop --timestamp --regex \
    --event "^(BLOCK_JOB_COMPLETED|RESUME)$"
  wait_until 30 provoke_resume
}

provoke_resume() {
  virsh suspend guest
  virsh resume guest
  grep -q RESUME "$dir/ends.log"
}

# ends_apart: four jobs ended, at least 10 ms one after the other
ends_apart() {
  sed -n 's/.* \([0-9]*\):\([0-9]*\):\([0-9.]*\)+0000: event BLOCK_JOB_COMPLETED.*/\1 \2 \3/p' \
    "$dir/ends.log" | awk '{ now = ($1 * 60 + $2) * 60 + $3 }
      NR > 1 && (now - last + 86400) % 86400 < 0.01 { exit 1 }
      { last = now }
      END { if (NR != 4) exit 1 }'
}

# take_turns BACKING FORMAT
take_turns() {
  local images=() disk
  for disk in "${disks[@]}"; do
    images+=("$dir/$disk.qcow2")
    rm -f "${images[-1]}"
    make_overlay "${images[-1]}" "$1" "$2"
  done
  start_guest guest "${images[@]}"
  watch_ends
  listen listener qemu:///session
  virt-stream -q start guest vda --bandwidth 2M
  for disk in vdb vdc vdd; do
    virt-stream -q start guest "$disk"
  done
  assert_eq "$(speeds)" "2097152 1048573 1048573 1048573"
  assert_eq "$(waiting)" "vdb vdc vdd"

  virt-stream -q set guest vda --bandwidth 0
  for disk in "${disks[@]}"; do
    all_hear guest "$disk" completed
    assert_eq "$(backing_file "$dir/$disk.qcow2")" ""
  done
  heard_each_once
  wait_until 10 ends_apart
  guest_is guest running
  end_process listener TERM
  listeners=()
  ends_heard=()
  virsh -q destroy guest
  virsh -q undefine guest
  end_process ends TERM || true
}

start_libvirtd
start_daemon
make_template "$dir/full.raw" 48
make_template "$dir/half.raw" 48 half
make_template "$dir/full.qcow2" 48
for ((round = 0; round < ${TURNS_ROUNDS:-2}; round++)); do
  take_turns "$dir/full.raw" raw
  take_turns "$dir/half.raw" raw
  take_turns "$dir/full.qcow2" qcow2
done

# --- in process nobody would pass the turn on ---
stop_daemon
make_overlay "$dir/first.qcow2" "$dir/full.raw"
make_overlay "$dir/second.qcow2" "$dir/full.raw"
start_guest two "$dir/first.qcow2" "$dir/second.qcow2"
virt-stream -q start two vda --bandwidth 1M
run_fails 1 "disk 'vda' of the domain is being streamed: without virtstreamd one disk .* at a time" \
  virt-stream start two vdb
virt-stream -q stop two vda
virt-stream -q start two vdb --wait
