#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# virt-stream start --wait: every end of a stream and of the waiting has its exit status and its words,
# by virtstreamd and in process; without a terminal the progress is lines.
source "$(dirname "$0")/functions.sh"
requires virt-stream virsh nbdkit qemu-img python3

# waits DISK OPTION...: in the background, until the job is there
waits() {
  start_process waiter virt-stream start guest "$1" --wait "${@:2}"
  wait_until 30 job_runs "$1"
}

job_runs() {
  virsh blockjob guest "$1" --raw | grep "type=Block Pull" > /dev/null
}

# ends STATUS REGEX: so does the waiting
ends() {
  local status=0
  wait "${pids[waiter]}" || status=$?
  unset "pids[waiter]"
  assert_eq "$status" "$1"
  assert_match "$dir/waiter.log" "$2"
}

# interrupted SIGNAL STATUS REGEX OPTION...
interrupted() {
  waits vda --bandwidth 1 "${@:4}"
  kill "-$1" "${pids[waiter]}"
  ends "$2" "$3"
}

completed() {
  local status=0
  virt-stream start guest vdb --bandwidth 4M --wait --verbose > "$dir/out" 2> "$dir/err" || status=$?
  assert_eq "$status $(cat "$dir/out")" "0 Stream of 'vdb' completed"
  if grep -vE '^vdb +[0-9]+ %  +(-|[0-9.]+/[0-9.]+ [KM]iB) +(-|[0-9.]+ [KM]?i?B/s|finish)  ETA [-0-9smhd]+$' "$dir/err"; then
    fail "these are not lines of progress"
  fi
  grep -oE '[0-9]+ %' "$dir/err" > "$dir/percents"
  sort -c -n "$dir/percents"
  [ "$(wc -l < "$dir/percents")" -ge 3 ] || fail "there was little progress: $(cat "$dir/err")"
  assert_eq "$(tail -n 1 "$dir/percents")" "100 %"
  assert_eq "$(backing_file "$dir/vdb.qcow2")" ""
  assert_eq "$(virt-stream -q start guest vdc --wait 2>&1)" ""
}

stopped() {
  run_fails 3 "^Stream of 'vda' stopped: timed out$" \
    virt-stream start guest vda --bandwidth 1 --wait --timeout 1
  interrupted INT 3 "^Stream of 'vda' stopped: interrupted$"
  interrupted TERM 3 "^Stream of 'vda' stopped: interrupted$"
  interrupted INT 3 '^\{"result":"stopped",.*"state":"stopped",.*"reason":"interrupted"' --json
  ! job_runs vda || fail "an interrupted stream goes on"

  interrupted INT 4 "^Stream of 'vda' detached: it goes on$" --detach-on-interrupt
  job_runs vda
  virt-stream stop guest vda
}

# what others do to the stream or to its guest
ended_by_others() {
  waits "$dir/vda.qcow2" --bandwidth 1
  virsh -q blockjob guest vda --abort
  ends 3 "^Stream of 'vda' stopped: the block job was aborted$"

  waits vdd --bandwidth 1M --verbose
  stop_nbdkit remote
  ends 1 "^error: Stream of 'vdd' failed: (Input/output error|Cannot send after transport endpoint .*)$"

  waits vda --bandwidth 1
  virsh -q destroy guest
  ends 3 "^Stream of 'vda' stopped: the guest was destroyed$"
}

make_template "$dir/template.raw" 16
start_libvirtd
for who in "in process" "daemon"; do
  echo "$who"
  [ "$who" != daemon ] || start_daemon
  start_nbdkit remote file "$dir/template.raw"
  for disk in a b c; do
    make_overlay "$dir/vd$disk.qcow2" "$dir/template.raw"
  done
  make_overlay "$dir/vdd.qcow2" "$(nbd_uri remote)"
  start_guest guest "$dir"/vd{a,b,c,d}.qcow2
  completed
  stopped
  ended_by_others
  virsh -q undefine guest
done
