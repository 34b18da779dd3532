#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A typical life, watched by valgrind: virtstreamd and its clients lose no memory, also when libvirtd
# goes and comes; LEAKS_STREAMS streams later virtstreamd has no more open files.
source "$(dirname "$0")/functions.sh"
source "$(dirname "$0")/listeners.sh"
requires virt-stream nbdkit qemu-img valgrind python3
export PYTHONDONTWRITEBYTECODE=1

watched=(valgrind --quiet --error-exitcode=99 --leak-check=full
         --errors-for-leak-kinds=definite --show-leak-kinds=definite
         "--suppressions=$test_dir/sanitizer/valgrind.supp")

# watched_listener NAME URI
watched_listener() {
  start_process "$1" env LIBVIRT_DEFAULT_URI="$2" "${watched[@]}" "$BUILD_DIR/tests/system/listener"
  wait_line 60 "$1" "^listening$"
  listeners+=("$1")
}

start_daemon_with() {
  start_server daemon "$XDG_RUNTIME_DIR/libvirt/virtstreamd-sock" "$@" virtstreamd
}

count_files() {
  find "/proc/${pids[daemon]}/fd" -mindepth 1 | wc -l
}

# start_and_stop TIMES: streams of the guest 'endless', begun and stopped by one client
start_and_stop() {
  PYTHONPATH=$test_dir/system python3 - "$(virsh domuuid endless | xargs)" "$1" << 'PYTHON'
import struct, sys, rpc
client = rpc.Client()
for _ in range(int(sys.argv[2])):
    for flag in rpc.START_FLAG, rpc.STOP_FLAG:
        client.call(rpc.STREAM_DISK,
                    rpc.domain(sys.argv[1]) + rpc.string("vda") + struct.pack(">QI", 0, flag))
client.close()
PYTHON
}

start_nbdkit big --filter=delay pattern size=1G rdelay=50ms
start_nbdkit small pattern size=16M
make_overlay "$dir/endless.qcow2" "$(nbd_uri big)"
make_overlay "$dir/guest.qcow2" "$(nbd_uri small)"
make_overlay "$dir/other.qcow2" "$(nbd_uri small)"
start_libvirtd
start_guest endless "$dir/endless.qcow2"
start_guest guest "$dir/guest.qcow2"
start_guest other "$dir/other.qcow2"

# --- files ---
start_daemon
start_and_stop 5
before=$(count_files)
start_and_stop "${LEAKS_STREAMS:-50}"
wait_until 10 eval '[ $(count_files) -le '"$before"' ]'
stop_daemon

# --- memory ---
start_daemon_with "${watched[@]}"
watched_listener by-daemon qemu:///session
watched_listener in-process "$in_process"
virt-stream -q start guest vda --bandwidth 512K
virsh -q blockjob guest vda --abort
all_hear guest vda "stopped: the block job was aborted"
"${watched[@]}" virt-stream -q start guest vda --bandwidth 512K
"${watched[@]}" virt-stream -q list
"${watched[@]}" virt-stream -q stop guest vda
all_hear guest vda "stopped: .*"
run_fails 1 "nothing to stream|not found" "${watched[@]}" virt-stream start guest vdz

virt-stream -q start guest vda --bandwidth 512K
end_process in-process TERM
listeners=(by-daemon)
kill_libvirtd
start_libvirtd
wait_until 60 eval 'virt-stream list | grep -E "guest +vda +running"'
wait_until 60 virt-stream -q set guest vda --bandwidth 0
all_hear guest vda "completed"
heard_each_once
"${watched[@]}" virt-stream -q -c "$in_process" start other vda --wait
end_process by-daemon TERM
stop_daemon
