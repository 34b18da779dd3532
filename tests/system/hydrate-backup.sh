#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# QEMU's one NBD server is shared with libvirt's pull-mode backups: hydration gives it up when one wants it,
# waits while one has it, and comes back; a stop frees it, and the disk's size, at once.
source "$(dirname "$0")/functions.sh"
source "$(dirname "$0")/hydration.sh"
requires virt-stream nbdkit qemu-img

# begin_backup DISK: pull mode
begin_backup() {
  cat > "$dir/backup.xml" << XML
<domainbackup mode='pull'>
  <server transport='unix' socket='$dir/backup.sock'/>
  <disks>
    <disk name='vda' backup='no'/>
    <disk name='vdb' backup='no'/>
  </disks>
</domainbackup>
XML
  sed -i "s|name='$1' backup='no'|name='$1' backup='yes' type='file'|;
          s|\(name='$1'.*\)/>|\1><scratch file='$dir/scratch.qcow2'/></disk>|" "$dir/backup.xml"
  virsh -q backup-begin guest "$dir/backup.xml" > /dev/null
}

end_backup() {
  virsh -q domjobabort guest
  wait_until 10 job_is_over guest vdb
}

# exports_of_backup: what it serves to whoever wants to copy it
exports_of_backup() {
  qemu-img info --output=json "nbd+unix:///$1?socket=$dir/backup.sock" |
    assert_json "it['virtual-size'] == 192 << 20"
}

start_nbdkit remote --filter=delay pattern 192M rdelay=10ms
start_nbdkit near pattern 192M
start_libvirtd
start_daemon
for disk in vda vdb; do
  make_overlay "$dir/$disk.qcow2" "$(nbd_uri remote)"
done
start_guest guest "$dir/vda.qcow2" "$dir/vdb.qcow2"

# --- of the same disk: libvirt refuses either during the other; a stop frees the disk at once ---
begin_backup vda
run_fails 1 "block ?job" virt-stream start guest vda
end_backup
virt-stream -q start guest vda --bandwidth 2M
wait_until 10 is_hydrated guest
run_fails 1 "block ?job" begin_backup vda
virt-stream -q stop guest vda
begin_backup vda
exports_of_backup vda
end_backup
virt-stream -q start guest vda --bandwidth 2M
wait_until 10 is_hydrated guest
run_fails 1 "is in use" virsh blockresize guest vda 192M
virt-stream -q stop guest vda
virsh -q blockresize guest vda 192M

# --- of another disk: it finds the server taken, which is given up for its second try ---
virt-stream -q start guest vda --bandwidth 2M
wait_until 10 is_hydrated guest
run_fails 1 "NBD server already running" begin_backup vdb
wait_until 10 gives_reason guest "left to others"
is_not_hydrated guest
begin_backup vdb
exports_of_backup vdb
wait_until 30 gives_reason guest "NBD server already running"
exports_of_backup vdb
end_backup
wait_until 30 is_hydrated guest

# --- the backup is there first ---
virt-stream -q stop guest vda
begin_backup vdb
virt-stream -q start guest vda --bandwidth 2M
wait_until 20 gives_reason guest "NBD server already running"
no_socket_is_left
exports_of_backup vdb
end_backup
wait_until 20 is_hydrated guest

complete_stream guest
image_is_sound "$dir/vda.qcow2" "$(nbd_uri near)"
stop_daemon
