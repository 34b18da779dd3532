#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Whatever virt-stream --json prints is as docs/virt-stream.schema.json says, by virtstreamd and in
# process: each command, each way that a stream may go, and errors.
source "$(dirname "$0")/functions.sh"
requires virt-stream nbdkit qemu-img python3

schema=$test_dir/../docs/virt-stream.schema.json
validate() {
  "$test_dir/system/validate-json.py" "$schema"
}

# json STATUS ARGUMENT...: it ends so, and what it prints is kept
json() {
  local status=0
  virt-stream --json "${@:2}" >> "$dir/json" 2>&1 < /dev/null || status=$?
  [ "$status" = "$1" ] || fail "exit status $status, not $1: ${*:2}: $(tail -n 1 "$dir/json")"
}

# listed REGEX: some stream is, with that
listed() {
  virt-stream --json list > "$dir/list"
  grep -qE "$1" "$dir/list"
}

heard() {
  virt-stream -q start guest vda --bandwidth 1 && virt-stream -q stop guest vda
  grep -q stopped "$dir/events.log"
}

# goes_on REGEX: a stream that is shown while it runs, with all that is known of it
goes_on() {
  json 0 start guest vda --base "$dir/template.raw" --bandwidth 64K
  wait_until 60 listed "$1"
  cat "$dir/list" >> "$dir/json"
  json 0 info guest
  json 0 -r info guest vda
  json 0 set guest vda --bandwidth 128K
  json 1 start guest vda
  json 0 stop guest vda
  json 0 info guest vda
}

ends() {
  json 3 start guest vdb --bandwidth 1 --wait --timeout 1
  json 0 start guest vdb --wait
  json 0 info guest vdb
  json 1 start guest vdb
  start_process failing virt-stream --json start guest vdc --bandwidth 1M --wait
  wait_until 30 listed '"vdc"'
  stop_nbdkit remote
  wait "${pids[failing]}" || true
  unset "pids[failing]"
  assert_match "$dir/failing.log" '"result":"failed"'
  cat "$dir/failing.log" >> "$dir/json"
  json 0 info guest vdc
}

errors() {
  json 2
  json 2 copy
  json 2 start guest
  json 2 start guest vda --bandwidth x
  json 2 blockpull guest vda
  json 2 blockjob guest vda
  json 1 stop guest vda
  json 1 info nobody
  json 1 info guest vdx
  json 1 events guest --timeout 1
  json 1 -c qemu:///nonsense list
}

make_template "$dir/template.raw" 16
start_libvirtd
for who in "in process" "daemon"; do
  echo "$who"
  [ "$who" != daemon ] || start_daemon
  start_nbdkit remote --filter=delay file "$dir/template.raw" rdelay=50ms
  qemu-img convert -O qcow2 "$dir/template.raw" "$dir/middle.qcow2"
  qemu-img rebase -u -b "$dir/template.raw" -F raw "$dir/middle.qcow2"
  make_overlay "$dir/vda.qcow2" "$dir/middle.qcow2" qcow2
  make_overlay "$dir/vdb.qcow2" "$(nbd_uri remote)"
  make_overlay "$dir/vdc.qcow2" "$(nbd_uri remote)"
  start_guest guest "$dir"/vd{a,b,c}.qcow2

  : > "$dir/json"
  json 0 list
  start_process events virt-stream --json events --loop --timestamp
  wait_until 30 heard
  goes_on '"state":"running"'
  ends
  errors
  end_process events INT
  cat "$dir/events.log" >> "$dir/json"
  validate < "$dir/json" > "$dir/counts"
  assert_match "$dir/counts" "^error: [1-9].*, event: [1-9].*, result: [1-9].*, streams: [1-9]"
  virsh -q destroy guest
  virsh -q undefine guest
done

# --- what the schema does not know is noticed ---
stream='"domain":"guest","uuid":"6695eb01-f6a4-8304-79aa-97f2502e193f","disk":"vda"'
validate_text() {
  validate <<< "$1"
}
validate_text "{\"result\":\"started\",$stream}"
run_fails 1 "'new' was unexpected" validate_text "{\"result\":\"started\",$stream,\"new\":1}"
run_fails 1 "'new' was unexpected" validate_text "{\"streams\":[{\"state\":\"running\",$stream,\"new\":1}]}"
run_fails 1 "'paused' is not one of" validate_text "{\"event\":\"paused\",\"state\":\"running\",$stream}"
