#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What a stream that is hydrated tells of its progress is true: it counts what the disk's own image lacks,
# as qemu-img sees it, not what the guest has written; nothing is left when all is copied, and the total
# stays what it was to the end.
source "$(dirname "$0")/functions.sh"
source "$(dirname "$0")/hydration.sh"
requires virt-stream nbdkit qemu-img qemu-io

mib=$((1 << 20))

# lacking MAP [POSITION]: bytes that the image itself has not, but some image below it, by qemu-img's map;
# only those from POSITION on
lacking() {
  python3 -c '
import json, sys
print(sum(min(e["length"], max(0, e["start"] + e["length"] - int(sys.argv[2])))
          for e in json.load(open(sys.argv[1])) if e["depth"] > 0 and e["present"]))' "$1" "${2:-0}"
}

# stream_is GUEST EXPRESSION: true, in Python, of "it", the stream of vda
stream_is() {
  virt-stream --json info "$1" vda | assert_json "(lambda it: $2)(it['streams'][0])"
}

# job_of GUEST: the name that QEMU has for its job
job_of() {
  qmp "$1" query-block-jobs | python3 -c 'import json, sys; print(json.load(sys.stdin)["return"][0]["device"])'
}

# tell_job GUEST COMMAND: block-job-pause or block-job-resume, to QEMU, behind libvirt's back
tell_job() {
  virsh qemu-monitor-command "$1" \
    "{\"execute\":\"$2\",\"arguments\":{\"device\":\"$(job_of "$1")\"}}" > /dev/null
}

# total_of GUEST
total_of() {
  virt-stream --json info "$1" vda |
    python3 -c 'import json, sys; print(json.load(sys.stdin)["streams"][0]["data_total"])'
}

# position_of GUEST: its job's
position_of() {
  virsh blockjob "$1" vda --raw | sed -n 's/^ *cur=//p'
}

# end_of GUEST EVENT: that event
end_of() {
  wait_line 60 progress "\"event\":\"$2\".*\"domain\":\"$1\""
  grep "\"event\":\"$2\".*\"domain\":\"$1\"" "$dir/progress.log"
}

is_mapped() {
  stream_is "$1" "it['phase'] == 'hydrate' and it['basis'] == 'map'"
}

# follow NAME BYTES: NAME's overlay lacks so many; its stream says so from beginning to end. What the
# job copies before it is held may be in its total or not.
follow() {
  local total least
  qemu-img map --output=json "$dir/$1.qcow2" > "$dir/$1.map"
  assert_eq "$(lacking "$dir/$1.map")" "$2"
  start_guest "$1" "$dir/$1.qcow2"

  virt-stream -q start "$1" vda --bandwidth 1
  tell_job "$1" block-job-pause
  wait_until 60 is_mapped "$1"
  stream_is "$1" "it['data_processed'] + it['data_remaining'] == it['data_total'] and it['data_remaining'] > 0"
  stream_is "$1" "{'hydration.in_flight', 'hydration.bps', 'hydration.requests'} <= set(it)"
  total=$(total_of "$1")
  least=$(lacking "$dir/$1.map" "$(position_of "$1")")
  ((least >= $2 - 4 * mib && total >= least && total <= $2)) || fail "not $least <= $total <= $2"

  virt-stream -q set "$1" vda --bandwidth 0
  wait_until 60 stream_is "$1" "it['phase'] == 'finish'"
  stream_is "$1" "it['basis'] == 'map' and it['data_remaining'] == 0 and it['data_processed'] == $total"
  virt-stream info "$1" vda > "$dir/$1.info"
  assert_match "$dir/$1.info" "^Phase: +finish$"
  assert_match "$dir/$1.info" "^Remaining: +0 B$"

  tell_job "$1" block-job-resume
  end_of "$1" completed | assert_json "it['data_total'] == it['data_processed'] == $total and it['data_remaining'] == 0"
  wait_until 10 nothing_is_left "$1"
  virsh -q destroy "$1"
}

listens() {
  virt-stream -q start other vda --bandwidth 1 && virt-stream -q stop other vda
  grep -q stopped "$dir/progress.log"
}

make_template "$dir/half.raw" 48 half
qemu-img convert -f raw -O qcow2 "$dir/half.raw" "$dir/half.qcow2"
start_nbdkit raw --filter=delay file "$dir/half.raw" rdelay=10ms
start_nbdkit qcow2 --filter=delay file "$dir/half.qcow2" rdelay=10ms
start_libvirtd
start_daemon
make_overlay "$dir/other.qcow2" "$(nbd_uri raw)"
start_guest other "$dir/other.qcow2"
start_process progress virt-stream --json events --loop
wait_until 30 listens

# what is nowhere does not count; what reads as zeroes does, since it has to be copied
make_overlay "$dir/holes.qcow2" "$(nbd_uri qcow2)" qcow2
follow holes $((24 * mib))
image_is_sound "$dir/holes.qcow2" "$dir/half.raw"
make_overlay "$dir/zeroes.qcow2" "$(nbd_uri raw)"
follow zeroes $((48 * mib))
image_is_sound "$dir/zeroes.qcow2" "$dir/half.raw"

# a guest that has written before: so much less is left
make_overlay "$dir/written.qcow2" "$(nbd_uri qcow2)" qcow2
qemu-io -c "write -q -P 7 24M 16M" -c "write -q -P 8 44M 64k" "$dir/written.qcow2"
follow written $((16 * mib - (64 << 10)))
qemu-img check -q "$dir/written.qcow2"

# whoever ends it early: it ends where it was
for who in "virt-stream -q stop" "virsh -q blockjob --abort"; do
  name=ended-by-${who%% *}
  make_overlay "$dir/$name.qcow2" "$(nbd_uri raw)"
  start_guest "$name" "$dir/$name.qcow2"
  virt-stream -q start "$name" vda --bandwidth 1
  wait_until 60 is_mapped "$name"
  $who "$name" vda
  end_of "$name" stopped | assert_json "it['basis'] == 'map' and it['data_remaining'] > 0"
done

stop_daemon
