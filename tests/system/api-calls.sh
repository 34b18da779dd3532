#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Every public call, with good and bad arguments, gives what api-calls.expected says: by virtstreamd,
# in process and simulated alike, but for the lines there that begin with "daemon:", "in process:" or
# "test:", or several of these.
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

# lines WHO: what was called, as api-calls.expected has it
lines() {
  sed -E -e "s:$dir:DIR:g" -e "s/function testDriver/function qemuDriver/" \
    -e 's/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/UUID/' -e "s/'UUID' \(off\)/'UUID'/" \
    -e 's/x{64,}/xxx.../' -e 's/base=.vda\[[0-9]+\]./base=vda[N]/' "$dir/calls" > "$dir/$1.lines"
}

# calls WHO: their lines
calls() {
  make_guests
  "$BUILD_DIR/tests/system/api-calls" "$dir" "vda[$(image_index guest "$dir/bottom.qcow2")]" > "$dir/calls"
  virsh -q destroy guest
  virsh -q undefine guest
  rm "$dir"/*.qcow2
  lines "$1"
}

# test_disk TARGET IMAGE...: its chain, downwards
test_disk() {
  local target=$1 image ends=""
  echo "<disk type='file'><driver name='qemu' type='${2##*.}'/><source file='$dir/$2'/>"
  for image in "${@:3}"; do
    echo "<backingStore type='file'><format type='${image##*.}'/><source file='$dir/$image'/>"
    ends+="</backingStore>"
  done
  echo "<backingStore/>$ends<target dev='$target'/>$([ "$target" != vde ] || echo "<readonly/>")</disk>"
}

# test_domain NAME DISKS: of libvirt's test driver, in $dir/NAME.xml
test_domain() {
  cat > "$dir/$1.xml" << XML
<domain type='test'>
  <name>$1</name>
  <memory unit='MiB'>16</memory>
  <os><type>hvm</type></os>
  <metadata>
    <streamdisk:test xmlns:streamdisk='urn:libvirt-streamdisk:test'>
      <streamdisk:disk target='vda' size='33554432' speed='65536'/>
      <streamdisk:disk target='vdb' size='33554432' speed='65536'/>
      <streamdisk:disk target='vdg' size='1048576'/>
    </streamdisk:test>
  </metadata>
  <devices>$2</devices>
</domain>
XML
}

# test_calls: the same guests, simulated
test_calls() {
  test_domain guest "
    $(test_disk vda vda.qcow2 middle.qcow2 bottom.qcow2 template.raw)
    $(test_disk vdb vdb.qcow2 template.raw)
    $(test_disk vdc vdc.qcow2)
    $(test_disk vdd vdd.raw)
    $(test_disk vde vde.qcow2 local.raw)
    $(test_disk vdf vdf.qcow2 vdf-middle.qcow2 vdf-base.raw)
    $(test_disk vdg vdg.qcow2 local.raw)
    <disk type='file' device='cdrom'><target dev='sda'/><readonly/></disk>"
  test_domain off "$(test_disk vda vdb.qcow2 template.raw)"
  LIBVIRT_DEFAULT_URI=test:///default "$BUILD_DIR/tests/system/api-calls" "$dir" "vda[2]" \
    "$dir/guest.xml" "$dir/off.xml" > "$dir/calls"
  lines test
}

# expect WHO: theirs are the expected lines
expect() {
  local who="(daemon|in process|test)"
  sed -E -e "/^#/d" -e "s/^($who, )*$1(, $who)*: //" -e t -e "/^$who(, $who)*: /d" \
    "$test_dir/system/api-calls.expected" > "$dir/$1.expected"
  [ "$1" != test ] || sed -i "s/alias='virtio-disk[0-9]'/alias=''/" "$dir/$1.expected"
  diff -u "$dir/$1.expected" "$dir/$1.lines" || fail "the answers $1 are not those of api-calls.expected"
}

make_template "$dir/template.raw" 32
make_template "$dir/local.raw" 1
start_nbdkit remote --filter=delay file "$dir/template.raw" rdelay=400ms
start_libvirtd

test_calls
calls "in process"
start_daemon
calls "daemon"
expect "test"
expect "in process"
expect "daemon"
