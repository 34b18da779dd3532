#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# virt-stream events: what happens to the streams of virt-stream and of stock virsh alike, as words and
# as JSON, by virtstreamd and in process; virsh event sees the same ends.
source "$(dirname "$0")/functions.sh"
requires virt-stream virsh qemu-img python3

# start_stop GUEST: a stream of vda that moves little
start_stop() {
  virt-stream -q start "$1" vda --bandwidth 1 && virt-stream -q stop "$1" vda
}

# listens NAME GUEST OPTION...: in the background; it has heard of a stream of GUEST that was stopped
listens() {
  start_process "$1" virt-stream events --loop "${@:3}"
  wait_until 30 heard "$1" "$2"
}

heard() {
  start_stop "$2"
  grep -q stopped "$dir/$1.log"
}

# hears_one REGEX OPTION...: without --loop, it ends with the first event
hears_one() {
  start_process one virt-stream events "${@:2}"
  wait_until 30 start_until_ended
  wait "${pids[one]}"
  unset "pids[one]"
  assert_eq "$(wc -l < "$dir/one.log")" 1
  assert_match "$dir/one.log" "$1"
}

start_until_ended() {
  start_stop guest
  ! kill -0 "${pids[one]}"
}

# story NAME DISK: the names of its events in the order they came, those of progress as one
story() {
  sed -nE "s/^.*event 'stream-disk' for domain 'guest' disk '$2': ([a-z]+).*/\1/p" "$dir/$1.log" |
    uniq | xargs
}

one_event() {
  local event="event 'stream-disk' for domain 'guest' disk 'vda'"
  hears_one "^$event: (started|stopped: .*)$"
  hears_one "^$event: started$" --event started
  hears_one "^$event: stopped: (stopped on request|the block job was aborted)$" --event stopped guest
  hears_one "^20[0-9]{2}-[0-9]{2}-[0-9]{2} [0-9:]{8}\.[0-9]{3}\+0000: $event: started$" --event started --timestamp
  hears_one '^\{"event":"stopped","timestamp":"20.*","domain":"guest","uuid":".*","disk":"vda",' \
    --event stopped --timestamp --json
  run_fails 1 "^error: no event in 1 s$" virt-stream events --timeout 1
  run_fails 1 "^error: no event in 1 s$" virt-stream events --timeout 1 --loop
  run_fails 1 "^error: failed to get domain 'nobody'$" virt-stream events nobody
}

many_events() {
  local name
  listens all guest
  listens json guest --json
  listens other other other
  virt-stream -q start guest vdb --bandwidth 4M --wait
  virsh -q blockpull guest vdc 1 --bytes
  virsh -q blockjob guest vdc --abort

  wait_line 30 all "disk 'vdc': stopped: the block job was aborted$"
  assert_eq "$(story all vdb)" "started progress completed"
  assert_match <(story all vdc) "^started( progress)? stopped$"
  wait_line 30 json '"event":"stopped".*"disk":"vdc"'
  python3 - "$dir/json.log" << 'PYTHON'
import json, sys
events = [event for event in map(json.loads, open(sys.argv[1])) if event["disk"] == "vdb"]
assert [events[0]["event"], events[-1]["event"]] == ["started", "completed"], events
assert [events[0]["state"], events[-1]["state"]] == ["running", "completed"], events
progress = [event for event in events if event["event"] == "progress"]
done = [event["data_processed"] for event in progress]
assert len(done) >= 2 and done == sorted(done), done
assert all(event["bandwidth"] == 4 << 20 for event in progress), progress
assert any("data_bps" in event and "time_remaining" in event for event in progress), progress
assert events[-1]["data_remaining"] == 0, events[-1]
PYTHON
  wait_line 30 events "'block-job-2' for domain 'guest': Block Pull for vdb completed"
  wait_line 30 events "'block-job-2' for domain 'guest': Block Pull for vdc canceled"
  ! grep "'guest'" "$dir/other.log" || fail "it told of another guest"

  for name in all json other; do # Ctrl-C
    end_process "$name" INT
  done
}

make_template "$dir/template.raw" 16
start_libvirtd
for who in "in process" "daemon"; do
  echo "$who"
  [ "$who" != daemon ] || start_daemon
  for image in a b c other; do
    make_overlay "$dir/$image.qcow2" "$dir/template.raw"
  done
  start_guest guest "$dir"/{a,b,c}.qcow2
  start_guest other "$dir/other.qcow2"
  watch_events guest
  one_event
  many_events
  end_process events TERM || true
  for guest in guest other; do
    virsh -q destroy $guest
    virsh -q undefine $guest
  done
done
