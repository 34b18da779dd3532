#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Every command that README.md (blocks of "sh run" and "python run") and virt-stream's manual page (EXAMPLES) show works.
source "$(dirname "$0")/functions.sh"
requires virt-stream nbdkit qemu-img

# fresh_guest NAME: instead of the one before; its disks are on debian12.qcow2 on a slow remote
fresh_guest() {
  local name disk
  for name in $(virsh list --name); do
    virsh -q destroy "$name"
    virsh -q undefine "$name"
  done
  make_overlay "$dir/images/debian12.qcow2" "$(nbd_uri remote)"
  for disk in vda vdb; do
    make_overlay "$dir/images/$disk.qcow2" "$dir/images/debian12.qcow2" qcow2
  done
  start_guest "$1" "$dir/images/vda.qcow2" "$dir/images/vdb.qcow2"
}

# shown COMMAND: as it is in the text, but for this session in place of the host
shown() {
  local command=$1
  command=${command//\/images\//$dir/images/}
  command=${command/-c qemu:\/\/\/system /}
  count=$((count + 1))
  echo "$ $1"
  if [[ $command != *" --loop"* ]]; then
    bash -c "$command"
    return
  fi
  start_process loop bash -c "exec $command"
  wait_until 30 prints_events
  end_process loop INT
}

prints_events() {
  virt-stream -q start web1 vda --bandwidth 1 && virt-stream -q stop web1 vda
  [ -s "$dir/loop.log" ]
}

mkdir "$dir/images"
make_template "$dir/template.raw" 16
start_nbdkit remote --filter=delay file "$dir/template.raw" rdelay=200ms
start_libvirtd
start_daemon

count=0
fresh_guest demo
while IFS= read -r line; do
  shown "$line"
done < <(sed -n '/^```sh run$/,/^```$/ { /^```/d; p }' "$test_dir/../README.md")
((count > 0)) || fail "no command in README.md"

fresh_guest demo
sed -n '/^```python run$/,/^```$/ { /^```/d; s,qemu:///system,qemu:///session,; p }' \
  "$test_dir/../README.md" > "$dir/readme.py"
python "$dir/readme.py" > "$dir/readme.out"
assert_match "$dir/readme.out" "^demo vda virtio-disk0$"
assert_match "$dir/readme.out" "^vda: [0-9]+ of [0-9]+$"

count=0
while IFS= read -r line; do
  case $line in
    *::) fresh_guest web1 ;;
    "  virt-stream "*) shown "${line#  }" ;;
  esac
done < <(sed -n '/^EXAMPLES$/,/^SEE ALSO$/p' "$test_dir/../docs/manpages/virt-stream.1.rst")
((count > 0)) || fail "no command in the manual page"
