#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What a stream was told survives virtstreamd, killed at whatever moment, and libvirtd: the limit of
# one that waits for its turn, and how it is hydrated. The guest's live XML keeps it while it is
# needed, and nothing of it is left at the end.
source "$(dirname "$0")/functions.sh"
requires virt-stream nbdkit qemu-img

# settings DISK: of its stream
settings() {
  virt-stream info two "$1" --json | python3 -c '
import json, sys
stream = json.load(sys.stdin)["streams"][0]
print({name: stream.get(name) for name in
       ("bandwidth", "fast", "guest.latency_factor", "guest.latency_max", "hydrate")})'
}

settings_are() {
  [ "$(settings "$1")" = "$2" ]
}

# deadline_is_kept: an hour, less what this test has taken
deadline_is_kept() {
  virt-stream info two vda --json | assert_json "2400 < it['streams'][0]['deadline'] <= 3600"
}

# policy [OPTION]: what of ours the guest's XML has
policy() {
  virsh dumpxml two "$@" | grep "streamdisk" || true
}

policy_is() {
  local told # but for the note that the job of a disk that is hydrated may be paused
  told=$(policy | sed "s/ job=.paused.//" | grep -v "<streamdisk:disk target=.vd[ab]./>") || true
  [[ $told == *streamdisk:disk* ]] || told=
  # shellcheck disable=SC2053 # a pattern
  [[ $(xargs <<< "$told") == $1 ]]
}

# same: all is as it was told
same() {
  wait_until 20 settings_are vda "$told_vda"
  wait_until 20 settings_are vdb "$told_vdb"
  deadline_is_kept
}

has_job() {
  [[ $(virsh blockjob two "$1" --raw) == *bandwidth=* ]]
}

start_nbdkit remote pattern size=512M
start_libvirtd
start_daemon
for disk in a b; do
  make_overlay "$dir/$disk.qcow2" "$(nbd_uri remote)"
done
start_guest two "$dir/a.qcow2" "$dir/b.qcow2"

virt-stream -q start two vda --bandwidth 256K
policy_is "" # its job tells all there is to tell
virt-stream -q start two vdb --bandwidth 5M --fast
policy_is "*bandwidth=5242880*"
virt-stream -q set two vda --guest-latency 1.5x --deadline 1h
virt-stream -q pause-hydration two
told_vda=$(settings vda)
told_vdb=$(settings vdb)
assert_eq "$told_vdb" "{'bandwidth': 5242880, 'fast': True, 'guest.latency_factor': None, \
'guest.latency_max': None, 'hydrate': False}"
assert_eq "$(policy --inactive)" ""

for end in kill stop; do
  "${end}_daemon"
  start_daemon
  same
  "${end}_libvirtd"
  kill_daemon
  start_libvirtd
  start_daemon
  same
done
"${end}_libvirtd" # virtstreamd stays
start_libvirtd
same

# --- what is taken back is not kept ---
virt-stream -q resume-hydration two
virt-stream -q set two vda --guest-latency default --deadline 0
policy_is "*<streamdisk:disk target=vdb bandwidth=5242880 fast=yes/>*"
virt-stream -q set two vdb --guest-latency default --bandwidth 4M
policy_is "*<streamdisk:disk target=vdb bandwidth=4194304/>*"

# --- the limit of the one that waits comes into force ---
virt-stream -q stop two vda
wait_until 20 eval 'virsh blockjob two vdb --raw --bytes | grep "bandwidth=4194304$"'
wait_until 20 policy_is ""
virt-stream -q stop two vdb

# --- whichever of them has the turn afterwards ---
virt-stream -q start two vdb --bandwidth 2M
virt-stream -q start two vda --bandwidth 3M
told_vda=$(settings vda)
told_vdb=$(settings vdb)
kill_daemon
start_daemon
wait_until 20 settings_are vda "$told_vda"
wait_until 20 settings_are vdb "$told_vdb"
virt-stream -q stop two vda
virt-stream -q stop two vdb
wait_until 20 policy_is ""

# --- killed at any moment ---
virt-stream -q start two vda --bandwidth 256K
for delay in 0 0.01 0.02 0.03 0.04 0.06 0.08 0.12; do
  start_process start virt-stream -q start two vdb --bandwidth 5M
  sleep $delay # at any moment
  kill_daemon
  wait "${pids[start]}" || true
  unset "pids[start]"
  start_daemon
  if has_job vdb; then
    wait_until 20 eval 'settings vdb | grep "bandwidth.: 5242880,"'
    virt-stream -q stop two vdb
  fi
  wait_until 20 policy_is ""
done

# --- what ends meanwhile leaves nothing ---
virt-stream -q start two vdb --bandwidth 5M
kill_daemon
virsh -q blockjob two vdb --abort
policy_is "*bandwidth=5242880*"
start_daemon
wait_until 20 policy_is ""
virt-stream -q stop two vda

# --- nor does what comes back with a guest that was saved: no later pull is taken for a stream of ours ---
virt-stream -q start two vda --bandwidth 256K --fast
virt-stream -q pause-hydration two
kill_daemon
virsh -q blockjob two vda --abort
virsh -q save two "$dir/two.saved"
start_daemon
virsh -q restore "$dir/two.saved"
policy_is "*fast=yes hydrate=no*"
virsh -q blockpull two vda 1
nothing_told="{'bandwidth': 1048576, 'fast': False, 'guest.latency_factor': None, \
'guest.latency_max': None, 'hydrate': True}"
wait_until 20 settings_are vda "$nothing_told"
wait_until 20 policy_is ""
kill_daemon
start_daemon
wait_until 20 settings_are vda "$nothing_told"
