#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What hydration needs goes away in the middle of it: the job goes on where it can, hydration comes back,
# what was copied stays, and nothing is left over.
source "$(dirname "$0")/functions.sh"
source "$(dirname "$0")/hydration.sh"
requires virt-stream nbdkit qemu-img qemu-io

mib=$((1 << 20))

start_remote() {
  start_nbdkit remote --filter=delay pattern 128M rdelay=40ms
}

# start_hydrated NAME [BANDWIDTH]: a guest, its disk in the middle of hydration
start_hydrated() {
  make_overlay "$dir/$1.qcow2" "$(nbd_uri remote)"
  start_guest "$1" "$dir/$1.qcow2"
  virt-stream -q start "$1" vda --bandwidth "${2:-8M}"
  wait_until 5 is_hydrated "$1"
  wait_until 10 has_allocated "$dir/$1.qcow2" $((4 * mib))
}

# is_finished NAME: the job is let go, and all of the disk is there in the end
is_finished() {
  complete_stream "$1"
  assert_eq "$(backing_file "$dir/$1.qcow2")" ""
  image_is_sound "$dir/$1.qcow2" "$(nbd_uri near)"
}

end_guest() {
  qemu_is_sound "$1"
  guest_is "$1" "shut off" || virsh -q destroy "$1"
  image_is_sound "$dir/$1.qcow2" "$(nbd_uri near)"
}

# has_flushed NAME: the tables of its image, as they are in the file, know of some MiB
has_flushed() {
  local mapped
  mapped=$(qemu-img map --force-share --output=json "$dir/$1.qcow2" | python3 -c '
import json, sys
print(sum(extent["length"] for extent in json.load(sys.stdin) if extent["depth"] == 0))')
  ((mapped >= 8 * mib))
}

start_nbdkit near pattern 128M
start_remote
start_libvirtd
start_daemon

# --- virtstreamd is killed: a new one takes its export for its own, and goes on ---
start_hydrated daemon-killed
kill_daemon
is_hydrated daemon-killed
run_fails 0 "Block Pull" virsh blockjob daemon-killed vda
start_daemon
wait_until 10 eval 'virt-stream info daemon-killed vda | grep "^Phase: *hydrate"'
is_finished daemon-killed

# --- the same, but the job has ended before the new one comes ---
start_hydrated left-over
kill_daemon
virsh -q blockjob left-over vda --abort
is_hydrated left-over
start_daemon
wait_until 10 nothing_is_left left-over
end_guest left-over

# --- libvirtd is killed, and comes back ---
start_hydrated libvirtd-killed
kill_libvirtd
start_libvirtd
wait_until 10 eval 'virt-stream info libvirtd-killed vda | grep "^Phase: *hydrate"'
is_finished libvirtd-killed

# --- QEMU is killed: what was flushed stays ---
start_hydrated qemu-killed
wait_until 30 has_flushed qemu-killed
kill -KILL "$(cat "$XDG_RUNTIME_DIR/libvirt/qemu/run/qemu-killed.pid")"
wait_until 10 guest_is qemu-killed "shut off"
wait_until 5 no_socket_is_left
end_process remote KILL || true # nbdkit 1.32 may abort by itself when a client is killed
start_remote
has_flushed qemu-killed
end_guest qemu-killed
virsh -q start qemu-killed
virsh -q blockpull qemu-killed vda --wait
wait_until 5 nothing_is_left qemu-killed
end_guest qemu-killed

# --- the remote is killed, and comes back ---
start_hydrated remote-killed
end_process remote KILL || true
wait_until 10 job_is_over remote-killed
wait_until 5 nothing_is_left remote-killed
run_fails 0 "^Reason: +(Input/output error|the block job failed)" virt-stream info remote-killed vda
start_remote
wait_until 20 virt-stream -q start remote-killed vda --wait
assert_eq "$(backing_file "$dir/remote-killed.qcow2")" ""
wait_until 5 nothing_is_left remote-killed
end_guest remote-killed

# --- the NBD server is somebody else's: the job goes on alone, until it is free ---
make_overlay "$dir/taken.qcow2" "$(nbd_uri remote)"
start_guest taken "$dir/taken.qcow2"
virsh -q qemu-monitor-command taken '{"execute": "nbd-server-start", "arguments":
  {"addr": {"type": "unix", "data": {"path": "'"$dir/foreign.sock"'"}}}}' > /dev/null
virt-stream -q start taken vda --bandwidth 4M
wait_until 5 gives_reason taken "NBD server already running"
is_not_hydrated taken
connects "$dir/foreign.sock"
no_socket_is_left # of those that QEMU refused
[[ $(qmp taken nbd-server-stop) == *return* ]]
wait_until 15 is_hydrated taken
is_finished taken

stop_daemon
assert_eq "$(find "$XDG_RUNTIME_DIR/libvirt" -name 'streamdisk*')" ""
