#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Many guests stream at once: the list shows all, each listener hears of all. MANY_GUESTS: how many.
source "$(dirname "$0")/functions.sh"
source "$(dirname "$0")/listeners.sh"
requires virt-stream nbdkit qemu-img

count=${MANY_GUESTS:-8}

memory() {
  sed -n 's/^VmRSS:[[:space:]]*//p' "/proc/${pids[daemon]}/status"
}

make_template "$dir/template.raw" 16
start_nbdkit remote file "$dir/template.raw"
start_libvirtd
for ((i = 0; i < count; i++)); do
  make_overlay "$dir/guest-$i.qcow2" "$(nbd_uri remote)"
  start_guest "guest-$i" "$dir/guest-$i.qcow2"
done
start_daemon
listen by-daemon-1 qemu:///session
listen by-daemon-2 qemu:///session
listen in-process "$in_process"
echo "virtstreamd takes $(memory) before"

for ((i = 0; i < count; i++)); do
  virt-stream -q start "guest-$i" vda --bandwidth 256K
done
for conn in qemu:///session "$in_process"; do
  virt-stream -c "$conn" list > "$dir/list"
  for ((i = 0; i < count; i++)); do
    assert_match "$dir/list" "^ *guest-$i +vda +running "
  done
done
echo "virtstreamd takes $(memory) with $count streams"

for ((i = 0; i < count; i++)); do
  virt-stream -q set "guest-$i" vda --bandwidth 0
done
for ((i = 0; i < count; i++)); do
  all_hear "guest-$i" vda completed
  assert_eq "$(backing_file "$dir/guest-$i.qcow2")" ""
done
heard_each_once
assert_eq "$(virt-stream list | grep -c running || true)" 0
echo "virtstreamd takes $(memory) after"
