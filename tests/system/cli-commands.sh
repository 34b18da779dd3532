#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Each command of virt-stream, its words and its JSON, by virtstreamd and in process; stock virsh sees
# what virt-stream does, and virt-stream what virsh does.
source "$(dirname "$0")/functions.sh"
requires virt-stream virsh python3

# no_stream: it can be started
no_stream() {
  assert_eq "$(virt-stream info guest)" "No active stream"
  assert_eq "$(virt-stream -q info guest)" ""
  assert_eq "$(virt-stream info --hmp guest)" "No active stream"
  virt-stream info guest --json | assert_json "it == {'streams': []}"
  virt-stream list --json | assert_json "it == {'streams': []}"
  assert_eq "$(virt-stream list | sed -n 3p)" ""
  assert_eq "$(virsh blockjob guest vda --raw)" ""
}

# has_stream BANDWIDTH: virsh and virt-stream agree on it
has_stream() {
  virsh blockjob guest vda --bytes --raw | grep -x " bandwidth=$1" > /dev/null &&
  virt-stream list --json | assert_json "[s['bandwidth'] for s in it['streams']] == [$1]" &&
  virt-stream info guest vda --json | assert_json "it['streams'][0]['bandwidth'] == $1"
}

# says TEXT COMMAND...
says() {
  [ "$("${@:2}")" = "$1" ]
}

start_stop() {
  no_stream
  assert_eq "$(virt-stream start guest vda --bandwidth 64K)" "Stream of 'vda' started"
  has_stream 65536
  run_fails 1 "^error: .*disk 'vda' already in active block job" virt-stream start guest vda
  has_stream 65536
  assert_eq "$(virt-stream set guest vda --bandwidth 100KB/s)" "Stream of 'vda' changed"
  has_stream 100000
  assert_eq "$(virt-stream stop guest vda)" "Stream of 'vda' stopped"
  no_stream
  run_fails 1 "^error: .*disk vda does not have an active block job" virt-stream stop guest vda
  run_fails 1 "^error: .*disk vda does not have an active" virt-stream set guest vda --bandwidth 1

  assert_eq "$(virt-stream -q start guest vda --bandwidth 1)" ""
  assert_eq "$(virt-stream set guest vda --bandwidth 2 -q)" ""
  assert_eq "$(virt-stream stop --quiet guest vda)" ""

  virt-stream --json start guest vda --bandwidth 64KiB |
    assert_json "it == {'result': 'started', 'domain': 'guest', 'uuid': '$uuid', 'disk': 'vda'}"
  virt-stream set guest --json vda --bandwidth 65537 |
    assert_json "it == {'result': 'changed', 'domain': 'guest', 'uuid': '$uuid', 'disk': 'vda'}"
  has_stream 65537
  virt-stream stop guest vda --json |
    assert_json "it == {'result': 'stopped', 'domain': 'guest', 'uuid': '$uuid', 'disk': 'vda'}"
  run_fails 1 '^\{"error":\{"code":8,"message":"invalid argument: disk vda does not have an.*"\}\}$' \
    virt-stream stop guest vda --json
}

# the guest and the disk by all their names
names() {
  virt-stream start "$(virsh domid guest)" "$dir/vda.qcow2" --bandwidth 1
  virt-stream info "$uuid" "$dir/vda.qcow2" --json | assert_json "len(it['streams']) == 1"
  virt-stream set "$uuid" vda --bandwidth 2
  virt-stream -c qemu:///session stop guest "$dir/vda.qcow2"
  virt-stream start guest virtio-disk0 --bandwidth 1
  virt-stream stop guest vda
  run_fails 1 "^error: failed to get domain 'nobody'$" virt-stream stop nobody vda
  run_fails 1 "^error: .*disk 'vdx' not found in domain" virt-stream start guest vdx
  run_fails 1 "^error: .*vdx" virt-stream info guest vdx
  run_fails 1 "^error: .*disk 'vdb' has no backing image: nothing to stream" virt-stream start guest vdb
  run_fails 1 "^error: .*domain 'off' is not running" virt-stream start off vda
  run_fails 1 "^error: .*domain 'off' is not running" virt-stream info off
}

info() {
  local label
  virt-stream start guest vda --bandwidth 64K
  virt-stream info guest > "$dir/info"
  for label in Domain Disk Alias Phase Base Basis Done Remaining Rate Elapsed ETA Reason; do
    assert_match "$dir/info" "^$label: +[^ ]"
  done
  assert_match "$dir/info" "^State: +running$"
  assert_match "$dir/info" "^Progress: +[0-9]+ %$"
  assert_match "$dir/info" "^Bandwidth limit: +64\.0 KiB/s$"
  assert_match "$dir/info" "^Total: +[0-9.]+ MiB$"
  virt-stream list > "$dir/list"
  assert_match "$dir/list" "^ Domain +Disk +State +Progress +Done +Rate +ETA$"
  assert_match "$dir/list" "^ guest +vda +running +[0-9]+ % .* MiB "
  virt-stream info guest --json | assert_json "len(it['streams']) == 1 and (lambda stream:
    stream['state'] == 'running' and (stream['phase'], stream['basis']) in
    (('pull', 'position'), ('hydrate', 'estimate'), ('hydrate', 'map')) and
    stream['alias'] == 'virtio-disk0' and 8 << 20 < stream['data_total'] <= 32 << 20 and 'base' not in stream and
    stream['data_processed'] + stream['data_remaining'] == stream['data_total'])(it['streams'][0])"

  virt-stream info guest --hmp > "$dir/hmp"
  virt-stream info --hmp guest "$dir/vda.qcow2" >> "$dir/hmp"
  assert_eq "$(sed -E 's/(Completed) [0-9]+ of [0-9]+ /\1 N of M /' "$dir/hmp" | uniq -c)" \
    "      2 Streaming device vda: Completed N of M bytes, speed limit 65536 bytes/s"

  # looking is allowed on a read-only connection, touching is not
  virt-stream -r list --json | assert_json "len(it['streams']) == 1"
  virt-stream --readonly info guest vda --json | assert_json "len(it['streams']) == 1"
  run_fails 1 "^error: .*read-only connection may not" virt-stream -r stop guest vda
  run_fails 1 "^error: .*read-only connection may not" virt-stream -r start guest vda
  run_fails 1 "^error: .*read-only connection may not" virt-stream -r set guest vda --bandwidth 1
  has_stream 65536
  virt-stream stop guest vda
  assert_eq "$(virt-stream info --hmp guest vda)" "No active stream" # one that is remembered is not
}

# what stock virsh starts is a stream
others() {
  virsh -q blockpull guest vda 100000 --bytes
  wait_until 30 has_stream 100000
  run_fails 1 "^error: .*disk 'vda' already in active block job" virt-stream start guest vda
  virt-stream set guest vda --bandwidth 50000
  has_stream 50000
  virsh -q blockjob guest vda 60000 --bytes
  wait_until 30 has_stream 60000
  virt-stream stop guest vda
  virt-stream start guest vda --bandwidth 1
  virsh -q blockjob guest vda --abort
  wait_until 30 says "No active stream" virt-stream info guest
  no_stream
}

make_template "$dir/template.raw" 32
make_overlay "$dir/vda.qcow2" "$dir/template.raw"
qemu-img create -q -f qcow2 "$dir/vdb.qcow2" 32M
start_libvirtd
define_guest off "$dir/vda.qcow2"
start_guest guest "$dir/vda.qcow2" "$dir/vdb.qcow2"
uuid=$(virsh domuuid guest)

for who in "in process" "daemon"; do
  echo "$who"
  [ "$who" != daemon ] || start_daemon
  start_stop
  names
  info
  others
done
