#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What is hydrated is exact and sound: with every format of image and template, over files and NBD,
# through three layers down to a base, with copy_on_read, and where the guest wrote before.
# An image with extended L2 entries, into which QEMU 7.2 cannot stream, is refused.
source "$(dirname "$0")/functions.sh"
source "$(dirname "$0")/hydration.sh"
requires virt-stream nbdkit qemu-img qemu-io

# make_image NAME.FORMAT BACKING FORMAT [OPTIONS]: with writes that are not whole clusters
make_image() {
  qemu-img create -q -f "${1##*.}" ${4:+-o "$4"} -b "$2" -F "$3" "$dir/$1"
  qemu-io -f "${1##*.}" -c "write -q -P 1 100k 300k" -c "write -q -P 2 5M 512" \
    -c "write -q -z 2560k 1M" -c "write -q -P 3 7M 1M" "$dir/$1"
  qemu-img convert -O raw "$dir/$1" "$dir/$1.expected"
}

# hydrate_image IMAGE [BASE]
hydrate_image() {
  echo "$1"
  start_guest guest "$dir/$1"
  hydrate guest ${2:+--base "$2"}
  end_guest "$1" "${2:-}"
}

# is_below IMAGE MIB: what is there is not the image's own
is_below() {
  qemu-img map --output=json --start-offset "$2M" --max-length 1M "$1" |
    assert_json "all(extent['depth'] > 0 for extent in it)"
}

# end_guest IMAGE BASE: what the image is now
end_guest() {
  virsh -q undefine guest
  assert_eq "$(backing_file "$dir/$1")" "$2"
  qemu-img check -q "$dir/$1"
  qemu-img compare -q -f "${1##*.}" -F raw "$dir/$1" "$dir/$1.expected"
  [ -z "$2" ] || is_below "$dir/$1" 20
  rm "$dir/$1" "$dir/$1.expected"
}

make_template "$dir/template.raw" 32 half
for format in qcow2 vmdk; do
  qemu-img convert -O $format "$dir/template.raw" "$dir/template.$format"
done
start_nbdkit raw file "$dir/template.raw"
start_nbdkit qcow2 file "$dir/template.qcow2"
start_libvirtd
start_daemon

# --- formats and sources ---
make_image file.qcow2 "$dir/template.raw" raw
make_image big-clusters.qcow2 "$dir/template.qcow2" qcow2 cluster_size=2M
make_image small-clusters.qcow2 "$dir/template.vmdk" vmdk cluster_size=4k
make_image file.qed "$dir/template.qcow2" qcow2
make_image over.vmdk "$dir/template.vmdk" vmdk
make_image vmdk-over-vmdk.qcow2 "$dir/over.vmdk" vmdk
make_image nbd-raw.qcow2 "$(nbd_uri raw)" raw
make_image nbd-qcow2.qcow2 "$(nbd_uri qcow2)" qcow2
for image in file.{qcow2,qed} {big-clusters,small-clusters,vmdk-over-vmdk,nbd-raw,nbd-qcow2}.qcow2; do
  hydrate_image "$image"
done

# --- three layers, whole, and down to a base, whose data is not copied ---
make_image middle.qcow2 "$(nbd_uri raw)" raw
make_image top.qcow2 "$dir/middle.qcow2" qcow2
hydrate_image top.qcow2
qemu-io -f qcow2 -c "write -q -P 4 20M 2M" "$dir/middle.qcow2"
make_image lower.qcow2 "$dir/middle.qcow2" qcow2
qemu-io -f qcow2 -c "write -q -P 5 8M 8M" "$dir/lower.qcow2"
make_image upper.qcow2 "$dir/lower.qcow2" qcow2
hydrate_image upper.qcow2 "$dir/middle.qcow2"
rm "$dir/lower.qcow2"*

# --- copy_on_read ---
make_image cor.qcow2 "$(nbd_uri raw)" raw
define_guest guest "$dir/cor.qcow2"
sed -i "s/type='qcow2'/& copy_on_read='on'/" "$dir/guest.xml"
virsh -q undefine guest
virsh -q define "$dir/guest.xml"
virsh -q start guest
hydrate guest
end_guest cor.qcow2 ""

# --- extended L2 entries: not by us, nor are the pulls of others hydrated ---
qemu-img create -q -f qcow2 -o extended_l2=on -b "$(nbd_uri raw)" -F raw "$dir/extended.qcow2"
start_guest guest "$dir/extended.qcow2"
refused="the image of disk 'vda' has extended L2 entries: streaming into it can crash QEMU"
run_fails 1 "$refused" virt-stream start guest vda
virsh -q blockpull guest vda 1
wait_until 20 prints "$refused" virt-stream info guest vda
virsh -q blockjob guest vda --abort
stop_daemon
run_fails 1 "$refused" virt-stream start guest vda
