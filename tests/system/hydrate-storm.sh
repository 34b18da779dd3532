#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# In the middle of hydration all is done to a guest that writes that libvirt can do, in random order:
# QEMU survives, no write is lost, no byte differs, nothing is left over.
# OPERATIONS, SEED and DELAY (of the source) can be set.
source "$(dirname "$0")/functions.sh"
source "$(dirname "$0")/hydration.sh"
requires virt-stream nbdkit qemu-img

operations=${OPERATIONS:-8} delay=${DELAY:-10ms} seed=${SEED:-$$}
RANDOM=$seed
echo "SEED=$seed"

# --- a guest's life: from its boot, on a new overlay, to the comparison of its disk ---

begin_life() {
  rm -f "$dir"/guest*.qcow2 "$dir"/guest.{log,acks}
  make_overlay "$dir/guest.qcow2" "$(nbd_uri remote)"
  images=0
  virsh -q start guest
  wait_line 120 guest "^guest: ready"
}

top_image() {
  virsh domblklist guest | awk '$1 == "vda" { print $2 }'
}

end_life() {
  local image
  image=$(top_image)
  guest_is guest "shut off" || virsh -q destroy guest
  wait_until 5 no_socket_is_left
  qemu_is_sound guest
  qemu-img check -q "$image"
  compare_linux guest "$image"
  virsh -q snapshot-list guest --name | xargs -r -n 1 virsh -q snapshot-delete guest --metadata
  virsh -q define "$dir/guest.xml"
}

renew_life() {
  end_life
  begin_life
}

# --- what a moment of hydration is interrupted by ---

refused() {
  run_fails 1 "block ?job|is in use" virsh "$@"
  is_hydrated guest
}

# after_abort COMMAND...: the job is ended from outside, and this follows at once
after_abort() {
  virsh -q "blockjob guest vda --abort; $*" > /dev/null
}

restored() {
  wait_until 5 no_socket_is_left
  virsh -q restore "$dir/saved"
}

do_save_refused() { refused save guest "$dir/saved"; }
do_snapshot_refused() { refused snapshot-create-as guest --disk-only --no-metadata; }
do_copy_refused() { refused blockcopy guest vda "$dir/copy.qcow2" --transient-job; }
do_resize_refused() { refused blockresize guest vda 512M; }
do_pull_refused() { refused blockpull guest vda; }
do_detach_refused() { refused detach-disk guest vda; }
do_backup_refused() { refused backup-begin guest "$dir/backup-pull.xml"; }
do_suspend() { virsh -q suspend guest; sleep 0.2; virsh -q resume guest; }
do_save() { after_abort save guest "$dir/saved"; restored; }
do_save_stopped() {
  virt-stream -q stop guest vda
  virsh -q save guest "$dir/saved"
  restored
}
do_save_suspended() {
  virsh -q suspend guest
  after_abort save guest "$dir/saved"
  restored
  virsh -q resume guest
}
do_snapshot() {
  images=$((images + 1))
  after_abort snapshot-create-as guest --disk-only --no-metadata \
    --diskspec "vda,file=$dir/guest-$images.qcow2"
}
do_copy() {
  rm -f "$dir/copy.qcow2"
  after_abort blockcopy guest vda "$dir/copy.qcow2" --transient-job
  virsh -q blockjob guest vda --abort
}
do_resize() { after_abort blockresize guest vda "$size"; }
do_pull() { after_abort blockpull guest vda 8; virsh -q blockjob guest vda --abort; }
do_backup_push() {
  rm -f "$dir/backup.qcow2"
  after_abort backup-begin guest "$dir/backup-push.xml"
  virsh -q domjobabort guest
  wait_until 10 job_is_over guest
}
do_backup_pull() {
  virsh -q blockjob guest vda --abort
  wait_until 5 virsh -q backup-begin guest "$dir/backup-pull.xml" # needs the NBD server
  virsh -q domjobabort guest
  wait_until 10 job_is_over guest
}
other_is_closed() {
  [[ $(qmp guest query-named-block-nodes) != *other.qcow2* ]]
}
do_detach() {
  make_overlay "$dir/other.qcow2" "$(nbd_uri remote)"
  virsh -q attach-disk guest "$dir/other.qcow2" vdb --subdriver qcow2
  virsh -q blockpull guest vdb 8
  virsh -q "blockjob guest vda --abort; blockjob guest vdb --abort; detach-disk guest vdb" > /dev/null
  wait_until 10 other_is_closed
  rm "$dir/other.qcow2"
}
do_destroy() { virsh -q destroy guest; renew_life; }
do_reset() { virsh -q reset guest; renew_life; }
do_shutdown() { stop_linux guest; renew_life; }

# --- the storm ---

# backup_xml MODE TO [SERVER]
backup_xml() {
  cat > "$dir/backup-$1.xml" << XML
<domainbackup mode='$1'>${3:-}
  <disks><disk name='vda' backup='yes' type='file'><$2 file='$dir/backup.qcow2'/></disk></disks>
</domainbackup>
XML
}

backup_xml push target
backup_xml pull scratch "<server transport='unix' socket='$dir/backup.sock'/>"
make_linux 256
size=256M
start_nbdkit remote --filter=delay file "$dir/linux/template.raw" rdelay="$delay"
start_libvirtd
echo 'log_filters = "1:qemu"' > "$HOME/.config/libvirt/virtstreamd.conf"
start_daemon
define_linux guest "$dir/guest.qcow2"
# what a restored guest says and acknowledges comes after what it did before
virsh dumpxml guest | sed -E "s#path='$dir/guest\.(log|acks)'#& append='on'#" > "$dir/guest.xml"
virsh -q define "$dir/guest.xml"
begin_life

mapfile -t kinds < <(compgen -A function do_)
for ((operation = 0; operation < operations; operation++)); do
  kind=${kinds[RANDOM % ${#kinds[@]}]}
  [ -n "$(backing_file "$(top_image)")" ] || renew_life
  if job_is_over guest; then
    if ((images == 0 && RANDOM % 2)); then # of several images, the job does not tell its base
      virsh -q blockpull guest vda $((4 << RANDOM % 3))
    else
      virt-stream -q start guest vda --bandwidth $((4 << RANDOM % 3))M
    fi
  fi
  wait_until 10 is_hydrated guest
  sleep "0.$((RANDOM % 5))"
  echo "$operation: ${kind#do_}"
  $kind
  qemu_is_sound guest
done
verify_linux guest
job_is_over guest || virsh -q blockjob guest vda --abort
wait_until 5 nothing_is_left guest
end_life
stop_daemon
