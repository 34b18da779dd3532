#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Overlay and template are encrypted with LUKS, each with a key of its own, which libvirt keeps: what is
# hydrated is exact, and encrypted.
source "$(dirname "$0")/functions.sh"
source "$(dirname "$0")/hydration.sh"
requires virt-stream nbdkit qemu-img qemu-io

# opened NAME: the image as qemu-img takes it
opened() {
  echo "driver=qcow2,file.filename=$dir/$1.qcow2,encrypt.key-secret=$1"
}

keys=(--object "$(key_object template)" --object "$(key_object overlay)")

start_libvirtd
start_daemon
define_secret template
define_secret overlay
make_template "$dir/plain.raw" 32 half
wait_until 30 qemu-img convert "${keys[@]}" -f raw -O qcow2 -o "$(luks_options template)" \
  "$dir/plain.raw" "$dir/template.qcow2"
wait_until 30 qemu-img create -q "${keys[@]}" -f qcow2 -o "$(luks_options overlay)" -u -F qcow2 \
  -b "$dir/template.qcow2" "$dir/overlay.qcow2" 32M

define_domain guest 16 "" "
  <disk type='file' device='disk'>
    <driver name='qemu' type='qcow2'/>
    <source file='$dir/overlay.qcow2'>$(encryption_xml overlay)</source>
    <backingStore type='file'>
      <format type='qcow2'/>
      <source file='$dir/template.qcow2'>$(encryption_xml template)</source>
      <backingStore/>
    </backingStore>
    <target dev='vda' bus='virtio'/>
  </disk>"
virsh -q start guest
hydrate guest
assert_eq "$(backing_file "$dir/overlay.qcow2")" ""
qemu-img check -q "${keys[@]}" --image-opts "$(opened overlay)"
qemu-img compare -q "${keys[@]}" --image-opts "$(opened overlay)" \
  "driver=raw,file.filename=$dir/plain.raw"
run_fails 1 "encrypt.key-secret|requires" qemu-io -r -c "read 0 64k" "$dir/overlay.qcow2"
stop_daemon
