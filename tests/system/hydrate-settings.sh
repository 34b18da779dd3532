#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Hydration is set, at the start and while it runs, and the statistics tell what holds: regard for the
# guest, a deadline, and a pause that gives QEMU's NBD server back at once; where there is no hydration,
# none of it can be had.
source "$(dirname "$0")/functions.sh"
source "$(dirname "$0")/hydration.sh"
requires virt-stream nbdkit qemu-img

# new_guest NAME
new_guest() {
  make_overlay "$dir/$1.qcow2" "$(nbd_uri remote)"
  start_guest "$1" "$dir/$1.qcow2"
}

# told NAME EXPRESSION: in Python, of "s", the statistics of the stream
told() {
  virt-stream info "$1" vda --json | assert_json "(lambda s: $2)(it['streams'][0])"
}

# foreign_server start|stop: somebody else's NBD server in the guest's QEMU
foreign_server() {
  local arguments='{}'
  [ "$1" = stop ] ||
    arguments='{"addr": {"type": "unix", "data": {"path": "'"$dir/foreign.sock"'"}}}'
  virsh qemu-monitor-command guest \
    '{"execute": "nbd-server-'"$1"'", "arguments": '"$arguments"'}' > "$dir/foreign"
  assert_match "$dir/foreign" '"return"'
}

start_nbdkit remote --filter=delay pattern 96M rdelay=40ms # a job alone: 192 requests, 7.7 s
start_nbdkit near pattern 96M # the same, to compare with
start_libvirtd
start_daemon
new_guest guest

# --- regard for the guest: the last word holds ---
virt-stream -q start guest vda --bandwidth 1M --guest-latency 1.5x --deadline 1h
told guest "s['guest.latency_factor'] == 1.5 and 0 < s['deadline'] <= 3600"
told guest "s['fast'] is False and s['hydrate'] is True"
virt-stream info guest vda > "$dir/info"
assert_match "$dir/info" "^Latency factor: +1.5x$"
assert_match "$dir/info" "^Deadline: +(1h00m|59m..s)$"
virt-stream -q set guest vda --guest-latency 500us
told guest "s['guest.latency_max'] == 500 and 'guest.latency_factor' not in s"
virt-stream -q set guest vda --fast --deadline 0
told guest "s['fast'] is True and 'guest.latency_max' not in s and 'deadline' not in s"
virt-stream -q set guest vda --guest-latency default
told guest "s['fast'] is False and s['bandwidth'] == 1 << 20"

# --- a pause: what QEMU gave is free when the command returns, the job goes on, and so does a resume ---
wait_until 10 is_hydrated guest
assert_eq "$(virt-stream pause-hydration guest vda)" "Hydration of 'vda' paused"
is_not_hydrated guest
no_socket_is_left
foreign_server start
told guest "s['phase'] == 'pull' and s['hydrate'] is False and s['hydration.reason'] == 'paused'"
run_fails 0 "Block Pull" virsh blockjob guest vda
before=$(allocated "$dir/guest.qcow2")
wait_until 30 has_allocated "$dir/guest.qcow2" $((before + (1 << 20)))
told guest "s['phase'] == 'pull' and s['hydration.reason'] == 'paused'"
assert_eq "$(virt-stream resume-hydration guest)" "Hydration of 'vda' resumed"
wait_until 10 told guest "s['hydrate'] is True and 'already running' in s['hydration.reason']"
foreign_server stop
wait_until 30 is_hydrated guest
virt-stream pause-hydration guest --json |
  assert_json "it['result'] == 'paused' and it['domain'] == 'guest' and it['disk'] == 'vda'"
is_not_hydrated guest
virt-stream -q resume-hydration guest
virt-stream -q set guest vda --bandwidth 0
wait_until 60 job_is_over guest
wait_until 10 nothing_is_left guest
assert_eq "$(virt-stream pause-hydration guest)" "No active stream"
virsh -q destroy guest
image_is_sound "$dir/guest.qcow2" "$(nbd_uri near)"

# --- a deadline: met, but not in a hurry; a limit comes before it ---
new_guest calm
new_guest quick
start_process progress virt-stream events calm --loop --json
virt-stream -q start calm vda --deadline 40
virt-stream -q start quick vda
wait_until 60 job_is_over quick
told calm "s['state'] == 'running' and s['deadline'] > 0"
wait_line 120 progress '"event":"completed"'
grep -q '"deadline":' "$dir/progress.log"
! grep -q '"deadline":0,' "$dir/progress.log" || fail "the deadline had passed"
new_guest late
virt-stream -q start late vda --bandwidth 1M --deadline 1
wait_until 10 told late "s['deadline'] == 0 and s['bandwidth'] == 1 << 20 and s['fast'] is False"
virt-stream -q stop late vda
for name in calm quick late; do
  wait_until 10 nothing_is_left $name
  virsh -q destroy $name
  image_is_sound "$dir/$name.qcow2" "$(nbd_uri near)"
done
stop_daemon

# --- where there is no hydration ---
# refuses GUEST REASON
refuses() {
  told "$1" "s['hydration.reason'] == '$2' and not {'fast', 'hydrate'} & s.keys()"
  run_fails 1 "parameter 'fast' is for hydration: $2" virt-stream set "$1" vda --fast
  run_fails 1 "parameter 'guest.latency_factor' is for hydration: $2" \
    virt-stream set "$1" vda --bandwidth 1M --guest-latency 2x
  run_fails 1 "parameter 'hydrate' is for hydration: $2" virt-stream pause-hydration "$1"
  told "$1" "s['bandwidth'] == 2 << 20"
}
new_guest without
virt-stream -q start without vda --bandwidth 2M
refuses without "there is none without virtstreamd"
echo 'hydrate = 0' > "$HOME/.config/libvirt/virtstreamd.conf"
start_daemon
wait_until 10 told without "s['phase'] == 'pull'"
refuses without "virtstreamd is configured to have none"
virt-stream -q stop without vda
stop_daemon
