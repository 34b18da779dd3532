#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A disk with an iothread is streamed at its job's pace where QEMU would not survive its hydration, and says
# so; the guest's other disk is hydrated all the same, the guest lives, and both are right. The pulls of
# others as well. Where QEMU bears it, it is hydrated.
source "$(dirname "$0")/functions.sh"
source "$(dirname "$0")/hydration.sh"
requires virt-stream nbdkit qemu-img

# a guest with firmware only: that starts the disks, which moves the first one into its thread
start_life() {
  make_overlay "$dir/vda.qcow2" "$(nbd_uri remote)"
  make_overlay "$dir/vdb.qcow2" "$(nbd_uri remote)"
  define_guest guest "$dir/vda.qcow2" "$dir/vdb.qcow2"
  python3 - "$dir/guest.xml" << 'PY'
import sys
text = open(sys.argv[1]).read()
text = text.replace("<memory ", "<iothreads>1</iothreads><memory ", 1)
text = text.replace("type='qcow2'/>", "type='qcow2' iothread='1'/>", 1)
open(sys.argv[1], "w").write(text)
PY
  virsh -q undefine guest
  virsh -q define "$dir/guest.xml"
  virsh -q start guest
}

end_life() {
  local disk
  for disk in vda vdb; do
    wait_until 60 job_is_over guest $disk
    assert_eq "$(backing_file "$dir/$disk.qcow2")" ""
  done
  wait_until 10 no_socket_is_left
  guest_is guest running
  qemu_is_sound guest
  virsh -q destroy guest
  virsh -q undefine guest
  for disk in vda vdb; do
    image_is_sound "$dir/$disk.qcow2" "$dir/template.raw"
    rm "$dir/$disk.qcow2"
  done
}

# is_as_qemu_bears_it: hydrated, or not with its reason
is_as_qemu_bears_it() {
  if [[ $(qmp guest query-version) == *'"major":7'* ]]; then
    gives_reason guest "QEMU aborts when hydration of a disk with an iothread ends \(QEMU 7"
  else
    is_hydrated guest vda
  fi
}

make_template "$dir/template.raw" 48
start_nbdkit remote --filter=delay file "$dir/template.raw" rdelay=10ms
start_libvirtd
for hydrate_untried in 0 1; do # what is known is not insisted on
  echo "hydrate_untried = $hydrate_untried" > "$HOME/.config/libvirt/virtstreamd.conf"
  start_daemon
  start_life
  virt-stream -q start guest vda --bandwidth 8M
  wait_until 10 is_as_qemu_bears_it
  virt-stream -q set guest vda --bandwidth 0
  wait_until 60 job_is_over guest vda
  virt-stream -q start guest vdb --bandwidth 8M
  wait_until 10 is_hydrated guest vdb
  virt-stream -q set guest vdb --bandwidth 0
  end_life
  stop_daemon
done
start_daemon
start_life
virsh -q blockpull guest vda 8
wait_until 10 is_as_qemu_bears_it
virsh -q blockjob guest vda 0
wait_until 60 job_is_over guest vda
virsh -q blockpull guest vdb
end_life
stop_daemon
