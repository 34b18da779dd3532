#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A limit is a limit, whether it was given at the start, by set, or by stock virsh blockjob: no more
# bytes than it allows come into the image, and virsh and virt-stream tell of the same one.
source "$(dirname "$0")/functions.sh"
requires virt-stream virsh nbdkit python3

# keeps BYTES_PER_SECOND: for some seconds; by half as much again, for QEMU counts in bursts
keeps() {
  wait_until 30 limit_is "$1"
  python3 - "$dir/overlay.qcow2" "$1" << 'PYTHON'
import os, sys, time
def now():
    return time.monotonic(), os.stat(sys.argv[1]).st_blocks * 512
begin, before = now()
time.sleep(2)
end, after = now()
rate = (after - before) / (end - begin)
limit = int(sys.argv[2])
print(f"limit {limit}, rate {rate:.0f}")
sys.exit(rate > limit * 1.5)
PYTHON
}

limit_is() {
  virt-stream info guest vda --json | assert_json "it['streams'][0]['bandwidth'] == $1" &&
    virsh blockjob guest vda --bytes --raw | grep -x " bandwidth=$1" > /dev/null
}

ended() {
  [ "$(virt-stream info guest)" = "No active stream" ]
}

make_template "$dir/template.raw" 64
start_nbdkit remote file "$dir/template.raw"
start_libvirtd
for who in "in process" "daemon"; do
  echo "$who"
  [ "$who" != daemon ] || start_daemon
  make_overlay "$dir/overlay.qcow2" "$(nbd_uri remote)"
  start_guest guest "$dir/overlay.qcow2"

  virt-stream start guest vda --bandwidth 4M
  keeps $((4 << 20))
  virt-stream set guest vda --bandwidth 2M
  keeps $((2 << 20))
  virsh -q blockjob guest vda $((3 << 20)) --bytes
  keeps $((3 << 20))
  virt-stream stop guest vda

  virsh -q blockpull guest vda 2 # MiB/s
  keeps $((2 << 20))
  virt-stream set guest vda --bandwidth 0
  wait_until 60 ended
  assert_eq "$(backing_file "$dir/overlay.qcow2")" ""
  virsh -q destroy guest
  virsh -q undefine guest
done
