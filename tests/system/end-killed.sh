#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# QEMU is killed in the last second of a stream, at its end and after it: the disk is right, through its
# chain or alone, however the guest uses it; and what a stop has left copied is there.
# ROUNDS and SEED can be set.
source "$(dirname "$0")/functions.sh"
source "$(dirname "$0")/hydration.sh"
requires virt-stream nbdkit qemu-img

rounds=${ROUNDS:-12} seed=${SEED:-$$} mib=32
RANDOM=$seed
echo "SEED=$seed"

# a remote that is killed with its client's requests under way may die: nbdkit 1.32
start_remote() {
  [ ! -v "pids[remote]" ] || end_process remote KILL 2> /dev/null || true
  start_nbdkit remote --filter=delay file "$dir/template.raw" rdelay=10ms
}

start_life() {
  make_overlay "$dir/guest.qcow2" "$(nbd_uri remote)"
  start_guest guest "$dir/guest.qcow2"
}

kill_qemu() {
  kill -KILL "$(cat "$XDG_RUNTIME_DIR/libvirt/qemu/run/guest.pid")"
  wait_until 20 guest_is guest "shut off"
  start_remote
}

end_life() {
  virsh -q undefine guest
  rm "$dir/guest.qcow2"
}

# write_blocks: as a guest that never flushes would, until QEMU is gone; the pattern is in one place
# only, so that all the rest has to be the template's
write_blocks() {
  while virsh -q qemu-monitor-command guest --hmp 'qemu-io -d /machine/peripheral/virtio-disk0/virtio-backend "write -P 0x5a 5M 1M"'; do
    sleep 0.05
  done > /dev/null 2>&1
}

# image_is_right: but for what the guest may have written
image_is_right() {
  image_has_no_errors "$dir/guest.qcow2" &&
    qemu-img convert -O raw "$dir/guest.qcow2" "$dir/guest.raw" &&
    python3 - "$dir/template.raw" "$dir/guest.raw" << 'PY'
import sys
old, new = (open(path, "rb").read() for path in sys.argv[1:])
begin, end = 5 << 20, 6 << 20
written = b"\x5a" * (64 << 10)
assert len(old) == len(new)
assert old[:begin] == new[:begin] and old[end:] == new[end:], "not the template's"
for at in range(begin, end, 64 << 10):
    assert new[at:at + (64 << 10)] in (old[at:at + (64 << 10)], written), f"byte {at}"
PY
}

is_completed() {
  prints "^State: +completed" virt-stream info guest vda
}

# stream_by HOW: begins it
stream_by() {
  case $1 in
    ours) virt-stream -q start guest vda ;;
    others) virsh -q blockpull guest vda ;;
    *) fail "nobody streams by '$1'" ;;
  esac
}

make_template "$dir/template.raw" $mib
start_remote
start_libvirtd
start_daemon

# --- at a random moment, of which 0 is the end; an end may come early or late ---
before=0 after=0
for ((round = 0; round < rounds; round++)); do
  start_life
  writer=
  if ((RANDOM % 2)); then
    write_blocks &
    writer=$!
  fi
  stream_by ours
  sleep "0.$((RANDOM % 10))"
  ((RANDOM % 3)) || wait_until 30 is_completed
  kill_qemu
  [ -z "$writer" ] || wait "$writer" || true
  if [ -z "$(backing_file "$dir/guest.qcow2")" ]; then after=$((after + 1)); else before=$((before + 1)); fi
  image_is_right || fail "round $round, SEED=$seed"
  end_life
done
echo "killed before the link was dropped: $before, after it: $after"

# --- what was told as completed is safe, whoever began it, and who streams ---
for how in ours others; do
  start_life
  stream_by $how
  wait_until 60 is_completed
  kill_qemu
  assert_eq "$(backing_file "$dir/guest.qcow2")" ""
  image_is_right
  end_life
done
stop_daemon
start_life
virt-stream start guest vda --wait
kill_qemu
assert_eq "$(backing_file "$dir/guest.qcow2")" ""
image_is_right
end_life
echo 'hydrate = 0' > "$HOME/.config/libvirt/virtstreamd.conf"
start_daemon
start_life
virt-stream start guest vda --wait
virt-stream info guest vda --json | assert_json "it['streams'][0]['time_unflushed'] > 0"
kill_qemu
assert_eq "$(backing_file "$dir/guest.qcow2")" ""
image_is_right
end_life
stop_daemon
rm "$HOME/.config/libvirt/virtstreamd.conf"

# --- what a stop, a pause or the daemon's own end leaves is safe ---
# has_copied: half of the template
has_copied() {
  virt-stream info guest vda --json | assert_json "it['streams'][0]['data_processed'] >= $mib << 19"
}
# keeps_copied: the image's tables, as they are in the file, know of it
keeps_copied() {
  qemu-img map --output=json "$dir/guest.qcow2" |
    assert_json "sum(extent['length'] for extent in it if extent['depth'] == 0) >= $mib << 19"
}
for end in "virt-stream -q stop guest vda" "virt-stream -q pause-hydration guest vda" stop_daemon; do
  start_daemon
  start_life
  virt-stream -q start guest vda --bandwidth 10M
  wait_until 30 has_copied
  $end
  kill_qemu
  keeps_copied
  image_is_right
  end_life
  [ "$end" = stop_daemon ] || stop_daemon
done
