#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Streams, and the pulls of others, are hydrated: faster than the job alone, as exact, within the limit,
# and nothing of it is left; where it is switched off there is none.
source "$(dirname "$0")/functions.sh"
source "$(dirname "$0")/hydration.sh"
requires virt-stream nbdkit qemu-img

mib=$((1 << 20))

# new_guest NAME REMOTE
new_guest() {
  make_overlay "$dir/$1.qcow2" "$(nbd_uri "$2")"
  start_guest "$1" "$dir/$1.qcow2"
}

phase_is() {
  prints "^Phase: +$2$" virt-stream info "$1" vda
}

is_tainted() {
  grep -q "is tainted: custom-monitor" "$HOME/.cache/libvirt/qemu/log/$1.log"
}

# is_copied NAME TEMPLATE: all of it, exactly
is_copied() {
  assert_eq "$(backing_file "$dir/$1.qcow2")" ""
  wait_until 5 nothing_is_left "$1"
  virsh -q destroy "$1"
  image_is_sound "$dir/$1.qcow2" "$2"
}

# events_of NAME: of its jobs, as virsh tells them
events_of() {
  sed -nE "s/.*event 'block-job(-2)?' for domain '$1': (.*)/\1 \2/p" "$dir/events.log" |
    sed "s|$1|GUEST|" | sort
}

make_template "$dir/half.raw" 48 half
start_nbdkit half --filter=delay file "$dir/half.raw" rdelay=10ms
start_nbdkit far --filter=delay pattern 192M rdelay=40ms # a job alone: 384 requests, 15.4 s
start_nbdkit near pattern 192M # the same, to compare with
start_libvirtd

# --- switched off ---
echo 'hydrate = 0' > "$HOME/.config/libvirt/virtstreamd.conf"
start_daemon
new_guest alone half
watch_events alone
virsh -q blockpull alone vda --wait
wait_until 5 grep -q "'alone'.*completed" "$dir/events.log"
wait_until 5 prints "^State: +completed" virt-stream info alone vda
is_copied alone "$dir/half.raw"
stop_daemon
rm "$HOME/.config/libvirt/virtstreamd.conf"

# --- a stream of ours ---
start_daemon
new_guest ours half
virt-stream -q start ours vda --bandwidth 8M
wait_until 5 phase_is ours hydrate
is_hydrated ours
is_tainted ours
virt-stream -q set ours vda --bandwidth 0
wait_until 30 job_is_over ours
is_copied ours "$dir/half.raw"

# --- a stock pull: faster, with the same events ---
new_guest stock half
virsh -q blockpull stock vda --wait
wait_until 5 grep -q "'stock'.*completed" "$dir/events.log"
assert_eq "$(events_of stock)" "$(events_of alone)"
is_copied stock "$dir/half.raw"
new_guest faster far
SECONDS=0
virsh -q blockpull faster vda --wait
((SECONDS < 15)) || fail "it took $SECONDS s, no less than the job alone would"
is_copied faster "$(nbd_uri near)"

# --- limits ---
new_guest limited far
virt-stream -q start limited vda --bandwidth 8M
wait_until 5 is_hydrated limited
stays_within limited 8
virt-stream -q stop limited vda
virsh -q blockpull limited vda 12
wait_until 5 is_hydrated limited
stays_within limited 12
virsh -q blockjob limited vda 4
wait_until 5 prints "limit: *4.0 MiB/s" virt-stream info limited vda
stays_within limited 4
virsh -q blockjob limited vda --abort
wait_until 5 nothing_is_left limited
virsh -q destroy limited
image_is_sound "$dir/limited.qcow2" "$(nbd_uri near)"

stop_daemon
assert_eq "$(find "$XDG_RUNTIME_DIR/libvirt" -name 'streamdisk*')" ""
