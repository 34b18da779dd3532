#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A pull down to a base copies what lies above the base and nothing else, hydrated too: in chains of
# two to five images, started by stock virsh, or by us and found again by the virtstreamd after a
# killed one, and with copy_on_read.
source "$(dirname "$0")/functions.sh"
source "$(dirname "$0")/hydration.sh"
requires virt-stream nbdkit qemu-img qemu-io

mib=21

# make_chain N: N.qcow2, local, on N-1, ... on 1, all remote, slow; each MiB but the first has data
# of one layer only, in turn
make_chain() {
  local layer at writes
  rm -f "$dir"/*.qcow2
  for ((layer = 1; layer <= $1; layer++)); do
    if ((layer == 1)); then
      qemu-img create -q -f qcow2 "$dir/1.qcow2" "${mib}M"
    else
      make_overlay "$dir/$layer.qcow2" "$(nbd_uri $((layer - 1)))" qcow2
    fi
    writes=()
    for ((at = 1; at < mib; at++)); do
      (((at - 1) % $1 + 1 != layer)) || writes+=(-c "write -q -P $at ${at}M 1M")
    done
    qemu-io -f qcow2 "${writes[@]}" "$dir/$layer.qcow2"
    ((layer == $1)) ||
      start_nbdkit "$layer" --filter=delay file "$dir/$layer.qcow2" rdelay=10ms
  done
  qemu-img convert -O raw "$dir/$1.qcow2" "$dir/expected.raw"
}

# backing_xml LAYER: it and all below; libvirt does not look into remote images by itself
backing_xml() {
  if (($1 == 0)); then
    echo "<backingStore/>"
    return
  fi
  cat << XML
<backingStore type='network'>
  <format type='qcow2'/>
  <source protocol='nbd'><host transport='unix' socket='$dir/$1.sock'/></source>
  $(backing_xml $(($1 - 1)))
</backingStore>
XML
}

# start_chain N [ATTRIBUTE]: the guest 'chain' on it; of its <driver>
start_chain() {
  make_chain "$1"
  define_domain chain 16 "" "
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2' ${2:-}/>
      <source file='$dir/$1.qcow2'/>
      $(backing_xml $(($1 - 1)))
      <target dev='vda' bus='virtio'/>
    </disk>"
  virsh -q start chain
}

# layer_name N LAYER: vda[...], by which libvirt knows it
layer_name() {
  virsh dumpxml chain | python3 -c '
import sys, xml.etree.ElementTree
images = list(xml.etree.ElementTree.parse(sys.stdin).iter("backingStore"))
print("vda[%s]" % images[int(sys.argv[1])].get("index"))' $(($1 - $2 - 1))
}

base_is() {
  virt-stream info chain vda --json | assert_json "it['streams'][0].get('base') == $1"
}

# follows: a virtstreamd that does not know yet what streams
follows() {
  [ -z "${pids[daemon]:-}" ] || kill_daemon
  start_daemon
}

# has_copied: hydration itself, not only the job
has_copied() {
  virt-stream info chain vda --json |
    assert_json "it['streams'][0].get('hydration.copied', 0) > 0"
}

# fast N BASE: what streams is hydrated, and of the base it is told; at full speed from now on
fast() {
  local base=None
  (($2 == 0)) || base="'$(layer_name "$1" "$2")'"
  wait_until 60 has_copied
  base_is "$base"
  virsh -q blockjob chain vda 0
}

# pulled N BASE: layers above BASE, and no others, are in the image now
pulled() {
  local layer
  wait_until 60 job_is_over chain
  wait_until 10 nothing_is_left chain
  qemu_is_sound chain
  virsh -q destroy chain
  virsh -q undefine chain
  qemu-img check -q "$dir/$1.qcow2"
  qemu-img compare -q -f qcow2 -F raw "$dir/$1.qcow2" "$dir/expected.raw"
  qemu-img map --output=json "$dir/$1.qcow2" | python3 -c '
import json, sys
images, base, mib = map(int, sys.argv[1:])
own = set()
for extent in json.load(sys.stdin):
    if extent["depth"] == 0 and extent["present"]:
        own.update(range(extent["start"] >> 16, extent["start"] + extent["length"] >> 16))
own -= set(range(16)) # what was read in search of something to boot
wanted = {at << 4 | cluster for at in range(1, mib) for cluster in range(16)
          if (at - 1) % images + 1 > base}
sys.exit(f"not copied: {wanted - own}, in vain: {own - wanted}" if own != wanted else 0)
' "$1" "$2" "$mib"
  for ((layer = 1; layer < $1; layer++)); do
    stop_nbdkit "$layer"
  done
}

# pull_by_virsh N BASE [ATTRIBUTE]: 0 is no base
pull_by_virsh() {
  local base=()
  echo "virsh: $*"
  start_chain "$1" "${3:-}"
  (($2 == 0)) || base=(--base "$(layer_name "$1" "$2")")
  virsh -q blockpull chain vda 1 "${base[@]}"
  fast "$1" "$2"
  pulled "$1" "$2"
}

# pull_found_again N BASE
pull_found_again() {
  local base=()
  echo "found again: $*"
  start_chain "$1"
  (($2 == 0)) || base=(--base "$(layer_name "$1" "$2")")
  virt-stream -q start chain vda --bandwidth 1M "${base[@]}"
  follows
  fast "$1" "$2"
  pulled "$1" "$2"
}

start_libvirtd
follows
for chain in "2 0" "3 1" "5 1" "5 3"; do
  pull_by_virsh "${chain% *}" "${chain#* }"
  follows
done
pull_by_virsh 4 2 "copy_on_read='on'"
follows
for chain in "3 1" "5 2"; do
  pull_found_again "${chain% *}" "${chain#* }"
done

# --- nothing lies between the image and this base ---
start_chain 2
virsh -q blockpull chain vda --base "$(layer_name 2 1)" --wait
pulled 2 1
