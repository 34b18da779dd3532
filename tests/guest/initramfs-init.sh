#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The first program of the test guest: loads the modules, mounts the disk read-only, so that every
# write to it is the guest writer's, and hands over to guest_init.
busybox mount -t devtmpfs devtmpfs /dev
for module in /modules/*; do
  busybox insmod "$module"
done
busybox mount -t ext4 -o ro /dev/vda /root
exec busybox switch_root /root /init
