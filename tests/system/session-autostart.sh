#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A session's virtstreamd is started by the first who needs it, once however many come, and leaves when
# nobody does; whoever comes just then starts the next one. AUTOSTART_ROUNDS says how often that is tried.
source "$(dirname "$0")/functions.sh"
requires virt-stream virtstreamd virsh nbdkit qemu-img

run=$XDG_RUNTIME_DIR/libvirt
log=$HOME/.cache/libvirt/virtstreamd.log
conf=$HOME/.config/libvirt/virtstreamd.conf
cleanup_fn '[ ! -e "$run/virtstreamd.pid" ] || kill -KILL "$(cat "$run/virtstreamd.pid")"'
printf 'log_level = 2\nhydrate = 0\n' > "$conf"

# the daemon, but it leaves after a second
cat > "$dir/impatient" << SH
#!/bin/sh
exec "$VIRTSTREAMD_PATH" "\$@" --timeout 1
SH
chmod +x "$dir/impatient"

# starts COUNT: so many daemons have served this session by now
starts() {
  [ "$(grep -c "serves qemu:///session" "$log")" = "$1" ]
}

# the daemon and all its files are gone
is_gone() {
  ! compgen -G "$run/*virtstreamd*" > /dev/null
}

# callers COUNT OPTION...: at once; all are answered by a daemon
callers() {
  local i
  for ((i = 0; i < $1; i++)); do
    start_process "caller-$i" env LIBVIRT_LOG_FILTERS="1:driver 1:remote.autostart" \
      virt-stream "${@:2}" list
  done
  for ((i = 0; i < $1; i++)); do
    wait "${pids[caller-$i]}" || fail "caller $i ended with exit status $?"
    unset "pids[caller-$i]"
    assert_match "$dir/caller-$i.log" ": driver=remote$"
  done
}

start_nbdkit remote pattern size=64M
make_overlay "$dir/overlay.qcow2" "$(nbd_uri remote)"
start_libvirtd
start_guest guest "$dir/overlay.qcow2"

# --- not unless it may be ---
virt-stream list > /dev/null
is_gone || fail "LIBVIRT_AUTOSTART=0 is not honoured"
export LIBVIRT_AUTOSTART=1

# --- many first callers, a daemon ---
callers 20
starts 1 || fail "more than one daemon was started: $(cat "$log")"
assert_eq "$(stat -c %a "$run/virtstreamd-sock" "$run/virtstreamd-sock-ro" | xargs)" "700 700"

# --- one that is killed, and one that cannot be started ---
kill -KILL "$(cat "$run/virtstreamd.pid")"
callers 20 --readonly
starts 2 || fail "not exactly one daemon was started: $(cat "$log")"
kill -TERM "$(cat "$run/virtstreamd.pid")"
wait_until 30 is_gone
mv "$conf" "$conf.good"
echo 'max_client = 5' > "$conf"
LIBVIRT_LOG_FILTERS="1:driver 1:remote.autostart" run_fails 0 ": driver=qemu$" virt-stream list
assert_match "$dir/run_fails.out" "remoteAutostart:.*: virtstreamd: error: .*max_client: there is no such setting"
LIBVIRT_LOG_FILTERS="1:driver 1:remote.autostart" VIRTSTREAMD_PATH=$dir/missing \
  run_fails 0 "cannot start a daemon: .*$dir/missing" virt-stream list
mv "$conf.good" "$conf"

# --- it stays as long as a stream runs, and leaves afterwards ---
export VIRTSTREAMD_PATH=$dir/impatient
virt-stream -q start guest vda --bandwidth 512K
pid=$(cat "$run/virtstreamd.pid")
job_is_past() {
  [ "$(virsh blockjob guest vda --raw | sed -n 's/.*cur=//p')" -gt "$1" ]
}
wait_until 60 job_is_past $((2 << 20)) # three times as long as it would wait
assert_eq "$(cat "$run/virtstreamd.pid")" "$pid"
virsh -q blockjob guest vda --abort
wait_until 30 is_gone
assert_eq "$(tail -n 1 "$log" | sed 's/.* : //')" "virtstreamd ends"

# --- callers who come while it leaves ---
for ((round = 0; round < ${AUTOSTART_ROUNDS:-10}; round++)); do
  callers 3
  read -rt "0.9$((RANDOM % 10))" <> <(:) || true # the second in which it leaves, and never the same moment
done
! grep -E "error :|another virtstreamd" "$log" || fail "a daemon complained"

# --- a libvirtd that is down is waited for, not started ---
wait_until 30 is_gone
echo 'log_filters = "1:backend.connection"' > "$conf"
virtstreamd --daemon
kill_libvirtd
tries() {
  [ "$(grep -c "no libvirt at qemu:///session" "$log")" -gt 3 ]
}
wait_until 60 tries
! connects "$run/libvirt-sock" 2> /dev/null || fail "something started a libvirtd"
kill -TERM "$(cat "$run/virtstreamd.pid")"
wait_until 30 is_gone
