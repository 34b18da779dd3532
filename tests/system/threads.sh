#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Sixteen threads make calls on one connection while events arrive, by virtstreamd and in process.
# THREADS_CALLS: how many calls each.
source "$(dirname "$0")/functions.sh"
requires nbdkit qemu-img

start_nbdkit remote --filter=delay pattern size=32G rdelay=200ms
start_libvirtd
for guest in one two; do
  make_overlay "$dir/$guest.qcow2" "$(nbd_uri remote)"
  start_guest "$guest" "$dir/$guest.qcow2"
done

threads() {
  "$BUILD_DIR/tests/system/threads" 16 "${THREADS_CALLS:-20}" one two
  guest_is one running
  guest_is two running
}

start_daemon
threads
stop_daemon
threads
