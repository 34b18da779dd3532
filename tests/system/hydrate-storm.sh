#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# In the middle of hydration all is done to a guest that writes that libvirt can do, in random order:
# QEMU survives, no write is lost, no byte differs, nothing is left over.
source "$(dirname "$0")/functions.sh"
source "$(dirname "$0")/hydration.sh"
source "$(dirname "$0")/storm.sh"

# refused COMMAND...: by the job, which is too slow to end meanwhile
refused() {
  virt-stream -q set guest "$disk" --bandwidth 64K
  run_fails 1 "block ?job|is in use" virsh "$@"
  is_hydrated guest "$disk"
  virt-stream -q set guest "$disk" --bandwidth 8M
}

# after_abort COMMAND...: the job is ended from outside, and this follows at once
after_abort() {
  virsh -q "blockjob guest $disk --abort; $*" > /dev/null
}

# snapshot OPTION...: the guest goes on in a new image
snapshot() {
  images=$((images + 1))
  after_abort snapshot-create-as guest --no-metadata \
    --diskspec "$disk,snapshot=external,file=$dir/guest-$images.qcow2" "$@"
}

end_backup() {
  virsh -q domjobabort guest
  wait_until 30 job_is_over guest "$disk"
}

attach_other() {
  make_overlay "$dir/other.qcow2" "$(nbd_uri remote)"
  virsh -q attach-disk guest "$dir/other.qcow2" vdb --subdriver qcow2
}

other_is_closed() {
  [[ $(qmp guest query-named-block-nodes) != *other.qcow2* ]]
}

do_save_refused() { refused save guest "$dir/saved"; }
do_snapshot_refused() { refused snapshot-create-as guest --disk-only --no-metadata; }
do_copy_refused() { refused blockcopy guest "$disk" "$dir/copy.qcow2" --transient-job; }
do_resize_refused() { refused blockresize guest "$disk" 512M; }
do_pull_refused() { refused blockpull guest "$disk"; }
do_detach_refused() { refused detach-disk guest "$disk"; }
# it may have wanted the NBD server, for all we know: hydration makes way for its next try
do_backup_refused() { run_fails 1 "block ?job|is in use" virsh backup-begin guest "$dir/pull.xml"; }
do_abort() { virsh -q blockjob guest "$disk" --abort; }
do_suspend() { virsh -q suspend guest; sleep 0.2; virsh -q resume guest; }
do_save() { after_abort save guest "$dir/saved"; restored; }
do_save_stopped() {
  virt-stream -q stop guest "$disk"
  virsh -q save guest "$dir/saved"
  restored
}
do_save_suspended() {
  virsh -q suspend guest
  after_abort save guest "$dir/saved"
  restored
  virsh -q resume guest
}
do_snapshot() { snapshot --disk-only; }
do_snapshot_memory() {
  rm -f "$dir/memory"
  snapshot --memspec "$dir/memory"
}
do_copy() {
  rm -f "$dir/copy.qcow2"
  after_abort blockcopy guest "$disk" "$dir/copy.qcow2" --transient-job
  virsh -q blockjob guest "$disk" --abort
}
do_resize() {
  virsh -q blockjob guest "$disk" --abort
  wait_until 30 virsh -q blockresize guest "$disk" 256M # our export forbids it, until it is gone
}
do_pull() { after_abort blockpull guest "$disk" 8; virsh -q blockjob guest "$disk" --abort; }
do_backup_push() {
  rm -f "$dir/backup.qcow2"
  after_abort backup-begin guest "$dir/push.xml"
  end_backup
}
do_backup_pull() {
  virsh -q blockjob guest "$disk" --abort
  wait_until 30 virsh -q backup-begin guest "$dir/pull.xml" # needs the NBD server
  end_backup
}
do_detach() {
  attach_other
  virsh -q blockpull guest vdb 8
  virsh -q "blockjob guest $disk --abort; blockjob guest vdb --abort; detach-disk guest vdb" > /dev/null
  wait_until 30 other_is_closed
}
do_destroy() { virsh -q destroy guest; renew_life; }
do_reset() { virsh -q reset guest; renew_life; }
do_reboot() { # the guest powers off, as libvirt has asked it, and is reset
  watch_events guest
  virsh -q reboot guest
  tell_linux guest stop 60 "stopped"
  echo poweroff > "$dir/guest.commands"
  wait_line 60 events "event 'reboot' for domain 'guest'"
  end_process events TERM || true
  renew_life
}
do_shutdown() { virsh -q shutdown guest; stop_linux guest; renew_life; }

backup_xml push "$disk"
backup_xml pull "$disk"
run_storm
