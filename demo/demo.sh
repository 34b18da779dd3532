#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The demo, which checks what it claims: a guest boots at once from a thin overlay on a slow remote
# template, is streamed while it writes, loses the remote, and has lost nothing.
source "$(dirname "$0")/../tests/system/functions.sh"
requires virt-stream nbdkit qemu-img

mib=600
delay_ms=10

# seconds_since MICROSECONDS
seconds_since() {
  local tenths=$(((${EPOCHREALTIME/./} - $1) / 100000))
  echo "$((tenths / 10)).$((tenths % 10))"
}

now() {
  echo "${EPOCHREALTIME/./}"
}

batches() {
  wc -l < "$dir/demo.acks"
}

echo "Making a template of $mib MiB: a small Linux and files of random bytes."
make_linux $mib

echo "Serving it from a remote that takes $delay_ms ms for each read, to an empty overlay."
start_libvirtd
start_daemon
start_nbdkit remote --filter=delay file "$dir/linux/template.raw" "rdelay=${delay_ms}ms"
make_overlay "$dir/overlay.qcow2" "$(nbd_uri remote)"

started=$(now)
start_linux demo "$dir/overlay.qcow2"
ready=$(seconds_since "$started")
echo "The guest is ready after $ready s and writes without pause. Streaming its disk:"

before=$(batches)
virt-stream start demo vda --wait --verbose
independent=$(seconds_since "$started")
(($(batches) > before)) || fail "the guest wrote nothing while its disk was streamed"

echo "Taking the remote away. The guest checks every file and every block it wrote, and powers off."
assert_eq "$(backing_file "$dir/overlay.qcow2")" ""
! virsh dumpxml demo | grep "$dir/remote.sock" || fail "libvirt still knows the remote"
stop_nbdkit remote
verify_linux demo
stop_linux demo
compare_linux demo "$dir/overlay.qcow2"
qemu-img check -q "$dir/overlay.qcow2"
stop_daemon

writes=$(grep -oP '^guest: stopped, \K[0-9]+' "$dir/demo.log")
echo "demo: guest ready after $ready s, independent after $independent s ($mib MiB from a source" \
     "$delay_ms ms away), $writes guest writes, contents identical, no backing file left"
