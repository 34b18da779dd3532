#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A Linux guest is streamed while it writes, by virtstreamd and in process; it loses nothing.
source "$(dirname "$0")/functions.sh"
requires virt-stream nbdkit qemu-img

make_linux 128
start_libvirtd
start_nbdkit remote --filter=delay file "$dir/linux/template.raw" rdelay=2ms

# stream NAME: boots a guest, streams its disk, checks its data
stream() {
  make_overlay "$dir/$1.qcow2" "$(nbd_uri remote)"
  start_linux "$1" "$dir/$1.qcow2"
  virt-stream start "$1" vda --wait
  assert_eq "$(backing_file "$dir/$1.qcow2")" ""
  verify_linux "$1"
  stop_linux "$1"
  compare_linux "$1" "$dir/$1.qcow2"
}

start_daemon
stream by-daemon
stop_daemon
stream in-process
