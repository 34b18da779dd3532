#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Every public call, with good and bad arguments, gives what api-calls.expected says: by virtstreamd
# and in process alike, but for the lines there that begin with "daemon:" and "in process:".
source "$(dirname "$0")/functions.sh"
requires nbdkit qemu-img qemu-io

# make_guests: see the picture in api-calls.c
make_guests() {
  make_overlay "$dir/bottom.qcow2" "$(nbd_uri remote)"
  make_overlay "$dir/middle.qcow2" "$dir/bottom.qcow2" qcow2
  make_overlay "$dir/vda.qcow2" "$dir/middle.qcow2" qcow2
  make_overlay "$dir/vdb.qcow2" "$(nbd_uri remote)"
  qemu-img create -q -f qcow2 "$dir/vdc.qcow2" 32M
  qemu-img create -q -f raw "$dir/vdd.raw" 32M
  make_overlay "$dir/vde.qcow2" "$dir/local.raw"
  qemu-img create -q -f raw "$dir/vdf-base.raw" 32M
  make_overlay "$dir/vdf-middle.qcow2" "$dir/vdf-base.raw"
  make_overlay "$dir/vdf.qcow2" "$dir/vdf-middle.qcow2" qcow2
  make_overlay "$dir/vdg.qcow2" "$dir/local.raw"
  qemu-io -f qcow2 -c "write -q -P 1 0 8M" "$dir/middle.qcow2"
  qemu-io -f qcow2 -c "write -q -P 1 0 8M" "$dir/vdf-middle.qcow2"
  qemu-io -f qcow2 -c "write -q -P 2 8M 8M" "$dir/vdf.qcow2"
  define_guest off "$dir/vdb.qcow2"
  define_domain guest 16 "" "
    $(disks_xml "$dir"/vd{a,b,c}.qcow2 "$dir/vdd.raw" "$dir"/vd{e,f,g}.qcow2 |
      sed "s:<target dev='vde'.*:&<readonly/>:")
    <disk type='file' device='cdrom'><target dev='sda' bus='ide'/><readonly/></disk>"
  virsh -q start guest
}

# calls WHO: their lines, as api-calls.expected has them
calls() {
  make_guests
  "$BUILD_DIR/tests/system/api-calls" "$dir" "vda[$(image_index guest "$dir/bottom.qcow2")]" > "$dir/calls"
  virsh -q destroy guest
  virsh -q undefine guest
  rm "$dir"/*.qcow2
  sed -E -e "s:$dir:DIR:g" \
    -e 's/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/UUID/' -e "s/'UUID' \(off\)/'UUID'/" \
    -e 's/x{64,}/xxx.../' -e 's/base=.vda\[[0-9]+\]./base=vda[N]/' "$dir/calls" > "$dir/$1.lines"
}

# expect WHO OTHER: those of WHO are the expected lines
expect() {
  grep -v -e '^#' -e "^$2: " "$test_dir/system/api-calls.expected" | sed "s/^$1: //" |
    diff -u - "$dir/$1.lines" || fail "the answers $1 are not those of api-calls.expected"
}

make_template "$dir/template.raw" 32
make_template "$dir/local.raw" 1
start_nbdkit remote --filter=delay file "$dir/template.raw" rdelay=400ms
start_libvirtd

calls "in process"
start_daemon
calls "daemon"
expect "in process" "daemon"
expect "daemon" "in process"
