#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# However a stream's job ends and whoever began it, each listener hears that it started, and one end.
source "$(dirname "$0")/functions.sh"
source "$(dirname "$0")/listeners.sh"
requires virt-stream nbdkit qemu-img

# new_guest NAME: its disk's remote stays, until told to fail: touch $dir/no-space
new_guest() {
  make_overlay "$dir/$1.qcow2" "$(nbd_uri remote)"
  start_guest "$1" "$dir/$1.qcow2"
}

start_remote() {
  start_nbdkit "$1" --filter=error --filter=delay file "$dir/template.raw" rdelay=5ms \
    error=ENOSPC error-pread-rate=1 error-file="$dir/no-space"
}

make_template "$dir/template.raw" 16
start_remote remote
start_remote doomed
start_libvirtd
start_daemon
listen by-daemon-1 qemu:///session
listen by-daemon-2 qemu:///session
listen in-process "$in_process"

# --- completed ---
new_guest completed-1
virt-stream -q start completed-1 vda
all_hear completed-1 vda "completed"
new_guest completed-2
virt-stream -c "$in_process" start completed-2 vda --wait
all_hear completed-2 vda "completed"
new_guest completed-3
virsh -q blockpull completed-3 vda --wait
all_hear completed-3 vda "completed"
for guest in completed-{1,2,3}; do
  assert_eq "$(backing_file "$dir/$guest.qcow2")" ""
done

# --- stopped: who was asked knows so, the others see an abort ---
new_guest stopped
virt-stream -q start stopped vda --bandwidth 1M
virt-stream stop stopped vda
all_hear stopped vda "stopped: (stopped on request|the block job was aborted)"
assert_match "$dir/by-daemon-1.log" "^stopped vda stopped: stopped on request$"
assert_match "$dir/in-process.log" "^stopped vda stopped: the block job was aborted$"
virt-stream -c "$in_process" start stopped vda --bandwidth 1M
virt-stream -c "$in_process" stop stopped vda
all_hear stopped vda "stopped: the block job was aborted"
run_fails 3 "^Stream of 'vda' stopped: timed out" \
  virt-stream -c "$in_process" start stopped vda --bandwidth 1M --wait --timeout 1
all_hear stopped vda "stopped: the block job was aborted"

# --- aborted by stock means, ours and a stock pull ---
virt-stream -q start stopped vda --bandwidth 1M
virsh -q blockjob stopped vda --abort
all_hear stopped vda "stopped: the block job was aborted"
virsh -q blockpull stopped vda 1M --bytes
virsh -q blockjob stopped vda --abort
all_hear stopped vda "stopped: the block job was aborted"
assert_eq "$(backing_file "$dir/stopped.qcow2")" "$(nbd_uri remote)"

# --- failed, in QEMU's words ---
new_guest failed-1
new_guest failed-2
new_guest failed-3
touch "$dir/no-space"
run_fails 1 "^error: Stream of 'vda' failed: No space left on device$" \
  virt-stream start failed-1 vda --wait
run_fails 1 "^error: Stream of 'vda' failed: No space left on device$" \
  virt-stream -c "$in_process" start failed-2 vda --wait
virsh -q blockpull failed-3 vda
for guest in failed-{1,2,3}; do
  all_hear "$guest" vda "failed: No space left on device"
done
run_fails 0 "^Reason: +No space left on device$" virt-stream info failed-3 vda
rm "$dir/no-space"
make_overlay "$dir/lost.qcow2" "$(nbd_uri doomed)"
start_guest lost "$dir/lost.qcow2"
virt-stream -q start lost vda --bandwidth 1M
end_process doomed KILL || true
all_hear lost vda "failed: Input/output error"

# --- down to a base ---
base=$dir/base.qcow2
make_overlay "$base" "$(nbd_uri remote)"
for guest in base-1 base-2; do
  make_overlay "$dir/$guest-middle.qcow2" "$base" qcow2
  make_overlay "$dir/$guest.qcow2" "$dir/$guest-middle.qcow2" qcow2
  start_guest "$guest" "$dir/$guest.qcow2"
done
virt-stream -q start base-1 vda --base "$base"
virsh -q blockpull base-2 vda --base "$base" --wait
for guest in base-1 base-2; do
  all_hear "$guest" vda "completed"
  assert_eq "$(backing_file "$dir/$guest.qcow2")" "$base"
done

heard_each_once
