#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A guest that ends or loses its disk ends its stream, with the right event; what libvirt refuses during
# a block job harms neither.
source "$(dirname "$0")/functions.sh"
source "$(dirname "$0")/listeners.sh"
requires virt-stream nbdkit qemu-img

# a boot sector that waits for a key, then has ACPI turn the machine off
put_boot_sector() {
  printf '\x30\xe4\xcd\x16\xba\x04\x06\xb8\x00\x20\xef\xf4\xeb\xfd' |
    dd of="$1" conv=notrunc status=none
  printf '\x55\xaa' | dd of="$1" bs=1 seek=510 conv=notrunc status=none
}

# start_stream NAME DISK BUS: a guest, and a stream that takes longer than the test
start_stream() {
  make_overlay "$dir/$1.qcow2" "$(nbd_uri remote)"
  define_domain "$1" 16 "" "<controller type='scsi' model='virtio-scsi'/>
    $(disks_xml "$dir/$1.qcow2" | sed "s/vda/$2/; s/virtio/$3/")"
  virsh -q start "$1"
  virt-stream -q -c "$via" start "$1" "$2" --bandwidth 128K
}

press_key_until_off() {
  guest_is "$1" "shut off" || { virsh send-key "$1" KEY_ENTER; false; }
}

make_template "$dir/template.raw" 64
put_boot_sector "$dir/template.raw"
start_nbdkit remote --filter=delay file "$dir/template.raw" rdelay=1ms
start_libvirtd
start_daemon
listen by-daemon qemu:///session
listen in-process "$in_process"

for via in qemu:///session "$in_process"; do
  by=daemon
  [ "$via" = qemu:///session ] || by=process

  # --- refused meanwhile ---
  start_stream "destroyed-by-$by" vda virtio
  run_fails 1 "domain has active block job" virsh save "destroyed-by-$by" "$dir/saved"
  run_fails 1 "domain has active block job" virsh managedsave "destroyed-by-$by"
  run_fails 1 "domain has active block job" virsh migrate --live "destroyed-by-$by" qemu:///session
  run_fails 1 "already in active block job" virsh detach-disk "destroyed-by-$by" vda
  run_fails 1 "already in active block job" virsh snapshot-create-as "destroyed-by-$by" --disk-only
  run_fails 0 "^State: +running$" virt-stream -c "$via" info "destroyed-by-$by" vda

  # --- ends of the guest ---
  virsh -q destroy "destroyed-by-$by"
  all_hear "destroyed-by-$by" vda "stopped: the guest was destroyed"

  start_stream "off-by-$by" vda virtio
  wait_until 60 press_key_until_off "off-by-$by"
  all_hear "off-by-$by" vda "stopped: the guest was shut down"

  start_stream "killed-by-$by" vda virtio
  kill -KILL "$(cat "$XDG_RUNTIME_DIR/libvirt/qemu/run/killed-by-$by.pid")"
  all_hear "killed-by-$by" vda "failed: QEMU ended unexpectedly"
  run_fails 1 "domain .* is not running" virt-stream -c "$via" info "killed-by-$by" vda

  # --- a disk that QEMU takes away ---
  start_stream "unplugged-by-$by" sda scsi
  virsh -q qemu-monitor-command "unplugged-by-$by" --hmp device_del scsi0-0-0-0
  all_hear "unplugged-by-$by" sda "stopped: the disk was detached"
  guest_is "unplugged-by-$by" running
done

heard_each_once
