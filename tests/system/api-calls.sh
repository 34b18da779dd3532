#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Every public call, with good and bad arguments, gives what api-calls.expected says: by virtstreamd
# and in process alike, but for the lines there that begin with "daemon:" and "in process:".
source "$(dirname "$0")/functions.sh"
requires virsh nbdkit qemu-img qemu-io python3

# make_guests: see the picture in api-calls.c
make_guests() {
  local mib=32
  make_overlay "$dir/bottom.qcow2" "$(nbd_uri remote)"
  make_overlay "$dir/middle.qcow2" "$dir/bottom.qcow2" qcow2
  make_overlay "$dir/vda.qcow2" "$dir/middle.qcow2" qcow2
  make_overlay "$dir/vdb.qcow2" "$(nbd_uri remote)"
  qemu-img create -q -f qcow2 "$dir/vdc.qcow2" ${mib}M
  qemu-img create -q -f raw "$dir/vdd.raw" ${mib}M
  make_overlay "$dir/vde.qcow2" "$dir/local.raw"
  qemu-img create -q -f raw "$dir/vdf-base.raw" ${mib}M
  make_overlay "$dir/vdf-middle.qcow2" "$dir/vdf-base.raw"
  make_overlay "$dir/vdf.qcow2" "$dir/vdf-middle.qcow2" qcow2
  make_overlay "$dir/vdg.qcow2" "$dir/local.raw"
  qemu-io -f qcow2 -c "write -q -P 1 0 8M" "$dir/middle.qcow2"
  qemu-io -f qcow2 -c "write -q -P 1 0 8M" "$dir/vdf-middle.qcow2"
  define_guest off "$dir/vdb.qcow2"
  define_domain guest 16 "" "$(disks_xml "$dir"/vd{a,b,c}.qcow2 "$dir/vdd.raw" "$dir"/vd{e,f,g}.qcow2 |
      sed "s:<target dev='vde'.*:&<readonly/>:")
    <disk type='file' device='cdrom'><target dev='sda' bus='ide'/><readonly/></disk>"
  virsh -q start guest
}

# bottom_index: libvirt's number of the bottom image of vda
bottom_index() {
  virsh dumpxml guest | python3 -c '
import sys, xml.etree.ElementTree as tree
for store in tree.parse(sys.stdin).iter("backingStore"):
    source = store.find("source")
    if source is not None and (source.get("file") or "").endswith("/bottom.qcow2"):
        print(store.get("index"))'
}

# calls WHO: their lines, as api-calls.expected has them
calls() {
  make_guests
  "$BUILD_DIR/tests/system/api-calls" "$dir" "vda[$(bottom_index)]" > "$dir/calls"
  virsh -q destroy guest
  virsh -q undefine guest
  rm "$dir"/*.qcow2
  sed -E -e "s:$dir:DIR:g" -e 's/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/UUID/g' \
    -e "s/x{64,}/xxx.../" "$dir/calls" > "$dir/$1.lines"
}

# expect WHO OTHER: those of WHO are the expected lines
expect() {
  grep -v -e '^#' -e "^$2: " "$test_dir/system/api-calls.expected" | sed "s/^$1: //" |
    diff -u - "$dir/$1.lines" || fail "answers $1 are not those of api-calls.expected"
}

make_template "$dir/template.raw" 32
make_template "$dir/local.raw" 1
start_nbdkit remote --filter=delay file "$dir/template.raw" rdelay=200ms
start_libvirtd

calls "in process"
start_daemon
calls "daemon"
expect "in process" "daemon"
expect "daemon" "in process"
