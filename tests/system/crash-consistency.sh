#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# crash-consistency.sh [WHO]: the disk of a guest that is streamed is right whenever QEMU is killed
# and, once the backing link is dropped, whenever the power is cut. What QEMU writes to the overlay
# is recorded; states in which a crash may leave it are made from the record, and judged.
# WHO streams: virt-stream; blockpull, libvirt's own, which has to leave wrong states; or
# blockpull-flushed, the same by somebody who has everything copied and flushed before it ends.
# STATES, ROUNDS and SEED can be set, and KEEP, a directory for the records with wrong states.
source "$(dirname "$0")/functions.sh"
source "$(dirname "$0")/hydration.sh"
requires nbdkit qemu-img

who=${1:-virt-stream} rounds=${ROUNDS:-6} states=${STATES:-200} seed=${SEED:-$$} mib=8
RANDOM=$seed
# of the rounds: clusters, guest, and the limit in MiB per second; 0 is none
kinds=("64k idle 0" "64k blocks 2" "64k clusters 0" "4k blocks 0" "4k clusters 2" "4k idle 4")
crash=$dir/crash # what replay.py wants to have
plugin=$BUILD_DIR/tests/crash/record.so
[ -e "$plugin" ] ||
  fail "this test needs '$plugin': scripts/install-deps.sh, then meson setup --reconfigure build"

# start_storage CLUSTER: of a new overlay, with room for metadata, on a server that records
start_storage() {
  local overlay=$crash/overlay.qcow2
  qemu-img create -q -f qcow2 -o "cluster_size=$1" -b "$(nbd_uri remote)" -F raw "$overlay"
  truncate -s $((mib + 2))M "$overlay"
  cp "$overlay" "$dir/served.qcow2"
  : > "$crash/events"
  rm -f "$dir/storage.sock"
  start_server storage "$dir/storage.sock" nbdkit --foreground --unix "$dir/storage.sock" \
    --filter=delay "$plugin" file="$dir/served.qcow2" record="$crash/record" wdelay=1ms
}

# nbd_source NAME: of the server
nbd_source() {
  echo "<source protocol='nbd'><host transport='unix' socket='$dir/$1.sock'/></source>"
}

# define_recorded: the guest, on it
define_recorded() {
  local copy_on_read=off
  [ "$who" != blockpull-flushed ] || copy_on_read=on
  define_domain guest 16 "" "
    <disk type='network' device='disk'>
      <driver name='qemu' type='qcow2' copy_on_read='$copy_on_read'/>
      $(nbd_source storage)
      <backingStore type='network'>
        <format type='raw'/>
        $(nbd_source remote)
        <backingStore/>
      </backingStore>
      <target dev='vda' bus='virtio'/>
    </disk>"
}

# event WORD...: a line of the log of events
event() {
  echo "$*" >> "$crash/events"
}

# event_now WORD: with the record's length
event_now() {
  event "$1" "$(stat -c %s "$crash/record")"
}

# --- what the guest does, by QEMU's monitor ---

# guest_io COMMAND: of qemu-io, through the guest's device; only its words tell of an error
guest_io() {
  local reply
  reply=$(virsh qemu-monitor-command guest --hmp \
    "qemu-io -d /machine/peripheral/virtio-disk0/virtio-backend \"$1\"")
  ! grep -iE "fail|error|invalid" <<< "$reply"
}

guest_flush() {
  guest_io flush
  event_now flushed
}

# guest_writes COUNT KIND: anywhere; "clusters" are whole ones of 64 KiB and never flushed; "blocks"
# are 4 to 64 KiB, and one write in eight is followed by the guest's flush
guest_writes() {
  local left offset length pattern
  for ((left = $1; left > 0; left--)); do
    length=$(((RANDOM % 16 + 1) << 12)) offset=$((RANDOM % (mib * 256 - 16) << 12))
    [ "$2" = blocks ] || length=65536 offset=$((offset >> 16 << 16))
    pattern=$((RANDOM % 255 + 1))
    event write $pattern $offset $length
    guest_io "write -P $pattern $offset $length"
    [ "$2" = clusters ] || ((RANDOM % 8)) || guest_flush
  done
}

# guest_works FILE KIND: writes as long as there is this file
guest_works() {
  while [ -e "$1" ]; do
    guest_writes 1 "$2"
  done
}

# start_work KIND: in the background, unless it is idle
start_work() {
  [ "$1" != idle ] || return 0
  touch "$dir/work"
  start_process writer guest_works "$dir/work" "$1"
}

# end_work KIND: after a little more of it
end_work() {
  [ "$1" != idle ] || return 0
  rm "$dir/work"
  wait "${pids[writer]}"
  unset "pids[writer]"
  guest_writes 30 "$1"
}

# --- who streams; the argument is the limit ---

stream_by_virt-stream() {
  virt-stream -q start guest vda --bandwidth "$1M" --wait
}

stream_by_blockpull() {
  virsh -q blockpull guest vda "$1" --wait > /dev/null
}

stream_by_blockpull-flushed() {
  guest_io "read 0 ${mib}M" # copies on read
  guest_io flush
  stream_by_blockpull 0
  guest_io flush
}

# --- a round ---

kill_guest() {
  kill -KILL "$(cat "$XDG_RUNTIME_DIR/libvirt/qemu/run/guest.pid")"
  wait_until 60 guest_is guest "shut off"
  virsh -q undefine guest
  end_process storage TERM || true # nbdkit 1.32 may abort when its client is killed
}

# stream_recorded CLUSTER GUEST LIMIT: until QEMU is killed, some time after the end
stream_recorded() {
  start_storage "$1"
  define_recorded
  virsh -q start guest
  start_work "$2"
  stream_by_"$who" "$3"
  event_now completed
  wait_until 10 nothing_is_left guest
  end_work "$2"
  kill_guest
}

# replay ROUND: judges what it recorded
replay() {
  if ! "$test_dir/crash/replay.py" "$crash" --seed $((seed + $1)) --states "$states" |
    tee "$dir/replay.out"; then
    assert_match "$dir/replay.out" "^SEED=" # it has come to its end
    wrong+=("$1")
    [ -z "${KEEP:-}" ] || cp -rT "$crash" "$KEEP/$1"
  fi
}

mkdir "$crash"
make_template "$crash/template.raw" $mib half
start_nbdkit remote --filter=delay file "$crash/template.raw" rdelay=10ms
start_libvirtd
[ "$who" != virt-stream ] || start_daemon
wrong=()
for ((round = 0; round < rounds; round++)); do
  read -r cluster guest limit <<< "${kinds[round % ${#kinds[@]}]}"
  echo "$round: $who, clusters of $cluster, guest $guest, limit $limit"
  stream_recorded "$cluster" "$guest" "$limit"
  replay $round
done
if [ "$who" = blockpull ]; then
  [ ${#wrong[@]} -gt 0 ] || fail "no wrong state was found of a job that leaves them"
else
  [ ${#wrong[@]} = 0 ] || fail "wrong states in the rounds ${wrong[*]}"
fi
