#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Overlay and template are encrypted with LUKS, each with a key of its own, which libvirt keeps: what is
# hydrated is exact, and encrypted.
source "$(dirname "$0")/functions.sh"
source "$(dirname "$0")/hydration.sh"
requires virt-stream nbdkit qemu-img qemu-io

# define_secret NAME: its value is $dir/NAME.key, its UUID is printed
define_secret() {
  printf '%s' "the key of the $1" > "$dir/$1.key"
  cat > "$dir/secret.xml" << XML
<secret ephemeral='no' private='yes'><usage type='volume'><volume>$1</volume></usage></secret>
XML
  virsh secret-define "$dir/secret.xml" > "$dir/secret"
  sed -nE 's/^Secret ([0-9a-f-]+) .*/\1/p' "$dir/secret"
}

# opened NAME: the image as qemu-img takes it
opened() {
  echo "driver=qcow2,file.filename=$dir/$1.qcow2,encrypt.key-secret=$1"
}

keys=(--object "secret,id=template,file=$dir/template.key"
      --object "secret,id=overlay,file=$dir/overlay.key")
luks() {
  echo "encrypt.format=luks,encrypt.key-secret=$1,encrypt.iter-time=10"
}

# encryption NAME: of its image, in XML
encryption() {
  echo "<encryption format='luks'><secret type='passphrase' uuid='${uuids[$1]}'/></encryption>"
}

start_libvirtd
start_daemon
declare -A uuids
for name in template overlay; do
  uuids[$name]=$(define_secret $name)
  virsh -q secret-set-value "${uuids[$name]}" --file "$dir/$name.key" --plain
done
make_template "$dir/plain.raw" 32 half
# qemu-img gauges the processor, and gives up if the kernel has not counted any time by then
wait_until 30 qemu-img convert "${keys[@]}" -f raw -O qcow2 -o "$(luks template)" \
  "$dir/plain.raw" "$dir/template.qcow2"
wait_until 30 qemu-img create -q "${keys[@]}" -f qcow2 -o "$(luks overlay)" -u -F qcow2 \
  -b "$dir/template.qcow2" "$dir/overlay.qcow2" 32M

define_domain guest 16 "" "
  <disk type='file' device='disk'>
    <driver name='qemu' type='qcow2'/>
    <source file='$dir/overlay.qcow2'>$(encryption overlay)</source>
    <backingStore type='file'>
      <format type='qcow2'/>
      <source file='$dir/template.qcow2'>$(encryption template)</source>
      <backingStore/>
    </backingStore>
    <target dev='vda' bus='virtio'/>
  </disk>"
virsh -q start guest
hydrate guest
assert_eq "$(backing_file "$dir/overlay.qcow2")" ""
qemu-img check -q "${keys[@]}" --image-opts "$(opened overlay)"
qemu-img compare -q "${keys[@]}" --image-opts "$(opened overlay)" \
  "driver=raw,file.filename=$dir/plain.raw"
run_fails 1 "encrypt.key-secret|requires" qemu-io -r -c "read 0 64k" "$dir/overlay.qcow2"
stop_daemon
