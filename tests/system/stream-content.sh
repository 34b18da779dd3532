#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# After a stream an image stands alone, is sound, and holds the template and what was written before:
# with every format of image and template, over files and over NBD, one after the other and together.
source "$(dirname "$0")/functions.sh"
requires virt-stream nbdkit qemu-img qemu-io

# make_image NAME BACKING [FORMAT]: with writes of its own that are not whole clusters, and zeros
make_image() {
  make_overlay "$dir/$1" "$2" "${3:-raw}"
  qemu-io -f "${1##*.}" -c "write -q -P 1 100k 300k" -c "write -q -P 2 5M 512" \
    -c "write -q -z 2560k 1M" -c "write -q -P 3 7M 1M" "$dir/$1"
  qemu-img convert -O raw "$dir/$1" "$dir/$1.expected"
}

make_images() {
  images=(raw.qcow2 qcow2.qcow2 qed.qcow2 vmdk.qcow2 raw.qed nbd-raw.qcow2 nbd-qcow2.qcow2 nbd.qed)
  make_image raw.qcow2 "$dir/template.raw"
  make_image qcow2.qcow2 "$dir/template.qcow2" qcow2
  make_image qed.qcow2 "$dir/template.qed" qed
  make_image vmdk.qcow2 "$dir/template.vmdk" vmdk
  make_image raw.qed "$dir/template.raw"
  make_image nbd-raw.qcow2 "$(nbd_uri raw)"
  make_image nbd-qcow2.qcow2 "$(nbd_uri qcow2)" qcow2
  make_image nbd.qed "$(nbd_uri raw)"
}

# disks: vda vdb ..., one for each image
disks() {
  local letters=abcdefgh
  sed 's/./vd& /g' <<< "${letters:0:${#images[@]}}"
}

one_by_one() {
  local disk
  for disk in $(disks); do
    virt-stream -q start guest "$disk" --wait
  done
}

together() {
  local disk
  for disk in $(disks); do
    virt-stream -q start guest "$disk"
  done
  wait_until 120 all_ended
}

all_ended() {
  virt-stream list --json | assert_json "it['streams'] == []"
}

# contents WAY: of streaming
contents() {
  local image
  make_images
  start_guest guest "${images[@]/#/$dir/}"
  "$1"
  virsh -q destroy guest
  virsh -q undefine guest
  for image in "${images[@]}"; do
    echo "$1: $image"
    assert_eq "$(backing_file "$dir/$image")" ""
    qemu-img check -q "$dir/$image"
    qemu-img compare -q -f "${image##*.}" -F raw "$dir/$image" "$dir/$image.expected"
  done
}

make_template "$dir/template.raw" 8 half
for format in qcow2 qed vmdk; do
  qemu-img convert -O $format "$dir/template.raw" "$dir/template.$format"
done
start_nbdkit raw file "$dir/template.raw"
start_nbdkit qcow2 file "$dir/template.qcow2"
start_libvirtd
contents one_by_one
start_daemon
contents one_by_one
contents together
