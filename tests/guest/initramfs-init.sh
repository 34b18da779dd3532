#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The first program of the test guest: loads the modules, waits for guest_init's ports and for the disk
# with the file system, wherever they are, mounts it read-only, so that every write to it is the guest
# writer's, and hands over to guest_init, with their names.
busybox mount -t devtmpfs devtmpfs /dev
for module in /modules/*; do
  busybox insmod "$module" 2> /dev/null # some are for processors that have more
done

# has_port NUMBER
has_port() {
  set -- /dev/vport?p"$1"
  [ -c "$1" ]
}

until has_port 1 && has_port 2; do
  busybox sleep 0.1
done

echo "guest: waits for its disk"
while true; do
  for disk in /dev/vd? /dev/sd?; do
    [ -b "$disk" ] || continue
    busybox mount -t ext4 -o ro "$disk" /root 2> /dev/null &&
      exec busybox switch_root /root /init "$disk" /dev/vport?p1 /dev/vport?p2
  done
  busybox sleep 0.1
done
