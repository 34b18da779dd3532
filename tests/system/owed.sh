#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What virtstreamd owes a guest when it is killed, its next instance gives back: a job that is paused before
# its end goes on, a guest that is suspended for its tail is resumed; and who stops a stream, or kills
# libvirtd, at such a moment, leaves nothing of it.
source "$(dirname "$0")/functions.sh"
source "$(dirname "$0")/hydration.sh"
requires virt-stream nbdkit qemu-img

# start_life [SIZE]: of a guest whose last ranges, or first of the tail, take three seconds each
start_life() {
  qemu-img create -q -f qcow2 -b "$(nbd_uri remote)" -F raw "$dir/guest.qcow2" ${1:+"$1"}
  start_guest guest "$dir/guest.qcow2"
}

# end_life: the disk is the template's, and zeroes beyond it
end_life() {
  wait_until 10 nothing_is_left guest
  qemu_is_sound guest
  is_kept_nothing
  virsh -q destroy guest
  virsh -q undefine guest
  qemu-img check -q "$dir/guest.qcow2"
  qemu-img compare -q -F raw "$dir/guest.qcow2" "$dir/template.raw"
  rm "$dir/guest.qcow2"
}

kept() {
  virsh metadata guest --uri urn:libvirt-streamdisk:policy --live 2> /dev/null
}

is_kept_nothing() {
  ! prints "paused|suspended" kept
}

job_is_paused() {
  qmp guest query-block-jobs | assert_json "it['return'][0]['paused']"
}

# pause_job: begins a stream, and waits until its job is held before the end
pause_job() {
  virt-stream -q start guest vda
  wait_until 20 prints "job=.paused" kept
  wait_until 5 job_is_paused
}

no_stream_is_listed() {
  ! prints guest virt-stream list
}

is_completed() {
  [ -z "$(backing_file "$dir/guest.qcow2")" ] && job_is_over guest
}

# suspend_guest: a stream is being started, and needs the guest to stand still
suspend_guest() {
  virt-stream -q start guest vda --standstill 20000 > "$dir/start.log" 2>&1 &
  start=$!
  wait_until 20 guest_is guest paused
  wait_until 20 job_runs
}

job_runs() {
  ! job_is_over guest
}

head -c $(((2 << 20) + 512)) /dev/urandom > "$dir/template.raw"
start_nbdkit remote --filter=delay file "$dir/template.raw" rdelay=3
start_libvirtd

# --- the job is paused before its end: killed, with and without hydration afterwards ---
for hydrate in 1 0; do
  start_daemon
  start_life
  pause_job
  kill_daemon
  job_is_paused
  echo "hydrate = $hydrate" > "$HOME/.config/libvirt/virtstreamd.conf"
  start_daemon
  wait_until 60 is_completed
  end_life
  stop_daemon
  rm "$HOME/.config/libvirt/virtstreamd.conf"
done

# --- an end in order lets it go on at once ---
start_daemon
start_life
pause_job
stop_daemon
wait_until 60 is_completed
is_kept_nothing
start_daemon
end_life

# --- a stop ends it; what others want is refused until then, and does no harm ---
start_life
pause_job
run_fails 1 "block ?job" virsh save guest "$dir/saved"
run_fails 1 "currently paused" virsh blockjob guest vda --abort
virt-stream -q stop guest vda
job_is_over guest
virt-stream -q start guest vda
wait_until 60 is_completed
end_life

# --- libvirtd is killed meanwhile ---
start_life
pause_job
kill_libvirtd
start_libvirtd
wait_until 90 is_completed
end_life

# --- the guest is destroyed ---
start_life
pause_job
virsh -q destroy guest
wait_until 20 no_stream_is_listed
qemu-img check -q "$dir/guest.qcow2"
virsh -q undefine guest
rm "$dir/guest.qcow2"

# --- the guest is suspended: killed ---
start_life 64M
suspend_guest
prints "guest=.suspended" kept
kill_daemon
wait $start && fail "a start that was killed has succeeded"
guest_is guest paused
start_daemon
wait_until 60 guest_is guest running
wait_until 60 is_completed
end_life

# --- it must not be, or not for so long ---
start_life 64M
run_fails 1 "stand still for longer than it may" virt-stream start guest vda --standstill 0
run_fails 1 "stand still for longer than it may" virt-stream start guest vda --standstill 300
guest_is guest running
job_is_over guest
is_kept_nothing
run_fails 2 "'1m' is not a number of milliseconds from 0 to 60000" virt-stream start guest vda --standstill 1m
# --- paused anyway: it stays so ---
virsh -q suspend guest
virt-stream -q start guest vda --standstill 0
guest_is guest paused
wait_until 60 is_completed
guest_is guest paused
end_life
stop_daemon
assert_eq "$(find "$XDG_RUNTIME_DIR/libvirt" -name 'streamdisk*')" ""
