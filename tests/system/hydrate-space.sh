#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Hydration leaves room on the file system of an image: it is not begun, or ends, says so, and comes back
# when there is room again. A guest that finds none itself is paused, and goes on: nothing is lost.
# The file system is one in a namespace of its own.
if [ -z "${has_file_system:-}" ]; then
  export has_file_system=1
  own=(--user --map-current-user --keep-caps)
  [ "$(id -u)" != 0 ] || own=()
  exec unshare "${own[@]}" --mount "$BASH" -c \
    'mount -t tmpfs -o size=160m,mode=1777 tmpfs /mnt && exec "$BASH" "$0"' "$0"
fi
source "$(dirname "$0")/functions.sh"
source "$(dirname "$0")/hydration.sh"
requires virt-stream nbdkit qemu-img unshare

# leave_free MIB: of the file system
leave_free() {
  local free
  rm -f /mnt/filler
  free=$(df --output=avail --block-size=1M /mnt | tail -n 1)
  fallocate -l $((free - $1))M /mnt/filler
}

is_told() {
  virt-stream info idle vda | grep "^Not hydrated: .*almost full" > /dev/null
}

has_paused() {
  virsh domstate guest --reason | grep "paused (I/O error)" > /dev/null
}

make_linux 128
start_nbdkit remote --filter=delay file "$dir/linux/template.raw" rdelay=10ms
start_libvirtd
start_daemon

# --- there is no room ---
make_overlay /mnt/idle.qcow2 "$(nbd_uri remote)"
start_guest idle /mnt/idle.qcow2
leave_free 4
virt-stream -q start idle vda --bandwidth 64K
wait_until 20 is_told
is_not_hydrated idle

# --- there is room, and then none ---
rm /mnt/filler
wait_until 20 is_hydrated idle
leave_free 4
wait_until 20 is_told
is_not_hydrated idle
run_fails 0 "Block Pull" virsh blockjob idle vda
virsh -q destroy idle
qemu-img check -q /mnt/idle.qcow2
rm /mnt/*

# --- the guest has none, and the job neither ---
make_overlay /mnt/guest.qcow2 "$(nbd_uri remote)"
start_linux guest /mnt/guest.qcow2
virt-stream -q start guest vda
wait_until 20 is_hydrated guest
cat /dev/zero > /mnt/filler 2> /dev/null || true
wait_until 60 has_paused
wait_until 60 job_is_over guest
wait_until 10 nothing_is_left guest
rm /mnt/filler
virsh -q resume guest
virt-stream -q start guest vda --wait
assert_eq "$(backing_file /mnt/guest.qcow2)" ""
verify_linux guest
stop_linux guest
qemu-img check -q /mnt/guest.qcow2
compare_linux guest /mnt/guest.qcow2
qemu_is_sound guest
stop_daemon
