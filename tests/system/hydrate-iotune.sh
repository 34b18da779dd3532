#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What a guest's iotune allows it of its disk, a stream of it keeps within, job and hydration together, also
# when it changes; the pull of somebody else is not slowed down, but it is not hydrated beyond that either.
source "$(dirname "$0")/functions.sh"
source "$(dirname "$0")/hydration.sh"
requires virt-stream nbdkit qemu-img

mib=$((1 << 20))

speed_is() {
  virsh blockjob guest vda --bytes | grep "limit: $1 bytes/s" > /dev/null
}

start_nbdkit far --filter=delay pattern 512M rdelay=10ms
start_nbdkit near pattern 512M
start_libvirtd
start_daemon
make_overlay "$dir/guest.qcow2" "$(nbd_uri far)"
define_guest guest "$dir/guest.qcow2"
sed -i "s|<target dev='vda'|<iotune><total_bytes_sec>$((8 * mib))</total_bytes_sec></iotune>&|" \
  "$dir/guest.xml"
virsh -q undefine guest
virsh -q define "$dir/guest.xml"
virsh -q start guest

# --- of ours, a lower bandwidth holds all the same ---
virt-stream -q start guest vda
wait_until 10 is_hydrated guest
speed_is $((8 * mib))
stays_within guest 8
virt-stream -q set guest vda --bandwidth 4M
stays_within guest 4
virt-stream -q set guest vda --bandwidth 0
virsh -q blkdeviotune guest vda --total-bytes-sec 0 --write-bytes-sec $((12 * mib)) --live
wait_until 10 speed_is $((12 * mib))
stays_within guest 12
virt-stream -q stop guest vda

# --- of others ---
virsh -q blkdeviotune guest vda --write-bytes-sec 0 --read-iops-sec 16 --live # 1 MiB/s
virsh -q blockpull guest vda 4
wait_until 10 is_hydrated guest
speed_is $((4 * mib))
stays_within guest 4
virsh -q blkdeviotune guest vda --read-iops-sec 0 --live
virsh -q blockjob guest vda --bandwidth 0
wait_until 60 job_is_over guest
wait_until 10 nothing_is_left guest
virsh -q destroy guest
image_is_sound "$dir/guest.qcow2" "$(nbd_uri near)"
stop_daemon
