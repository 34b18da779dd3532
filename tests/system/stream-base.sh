#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A stream down to a base: named by path or by index, its name recorded relatively or not; the chain
# is then as it should be and its contents are what they were.
source "$(dirname "$0")/functions.sh"
requires virt-stream qemu-img qemu-io

# make_chain: top ─► middle ─► base, with relative names, in $dir/images, and a guest on them
make_chain() {
  rm -rf "$dir/images"
  mkdir "$dir/images"
  make_template "$dir/images/base.qcow2" 8
  (
    cd "$dir/images"
    make_overlay middle.qcow2 base.qcow2 qcow2
    make_overlay top.qcow2 middle.qcow2 qcow2
    qemu-io -f qcow2 -c "write -q -P 3 1M 3M" middle.qcow2
    qemu-io -f qcow2 -c "write -q -P 4 2M 100k" -c "write -q -P 5 7M 64k" top.qcow2
  )
  qemu-img convert -O raw "$dir/images/top.qcow2" "$dir/expected.raw"
  start_guest guest "$dir/images/top.qcow2"
}

# becomes CHAIN OPTION...: the names that each image of the chain has of the one below it, afterwards
becomes() {
  local chain=$1
  shift
  virt-stream start guest vda --wait "$@"
  virsh -q destroy guest
  virsh -q undefine guest
  assert_eq "$(qemu-img info --backing-chain --output=json "$dir/images/top.qcow2" | python3 -c '
import json, sys
print(*(image["backing-filename"] for image in json.load(sys.stdin) if "backing-filename" in image))')" \
    "$chain"
  qemu-img check -q "$dir/images/top.qcow2"
  qemu-img compare -q "$dir/images/top.qcow2" "$dir/expected.raw"
}

start_libvirtd
for who in "in process" "daemon"; do
  echo "$who"
  [ "$who" != daemon ] || start_daemon
  make_chain
  becomes "$dir/images/base.qcow2" --base "$dir/images/base.qcow2"
  make_chain
  becomes "$dir/images/base.qcow2" --base "vda[$(image_index guest "$dir/images/base.qcow2")]"
  make_chain
  becomes "base.qcow2" --base "$dir/images/base.qcow2" --keep-relative
  make_chain
  becomes ""

  # there is nothing between the disk's image and this base
  make_chain
  becomes "middle.qcow2 base.qcow2" --base "$dir/images/middle.qcow2" --keep-relative
done
