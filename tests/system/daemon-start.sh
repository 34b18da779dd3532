#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# virtstreamd by hand: what it makes, what it refuses, and that it leaves nothing behind
source "$(dirname "$0")/functions.sh"
requires virtstreamd

run=$XDG_RUNTIME_DIR/libvirt
conf=$HOME/.config/libvirt/virtstreamd.conf

assert_nothing_left() {
  assert_eq "$(ls -A "$run")" ""
}

# refused REGEX OPTION...: the daemon says why it does not start, and changes nothing
refused() {
  local before
  before=$(ls -l "$run")
  run_fails 1 "^virtstreamd: error: .*$1" virtstreamd "${@:2}"
  assert_eq "$(ls -l "$run")" "$before"
}

# --- before libvirtd is there, which it does not start ---
start_daemon
assert_eq "$(stat -c %a "$run/virtstreamd-sock" "$run/virtstreamd-sock-ro" | xargs)" "700 700"
assert_eq "$(cat "$run/virtstreamd.pid")" "${pids[daemon]}"
assert_eq "$(stat -c %a "$run/virtstreamd.pid")" 600 # who could read it could lock it
connects "$run/virtstreamd-sock-ro"
[ ! -e "$run/libvirt-sock" ] || fail "something started a libvirtd"

# --- a second one ---
refused "another virtstreamd is running and holds '$run/virtstreamd.pid'"
refused "another virtstreamd is running" --daemon
refused "'$run/virtstreamd-sock' is in use" --pid-file "$dir/other.pid"
[ ! -e "$dir/other.pid" ] || fail "the pid file of the refused one is still there"
connects "$run/virtstreamd-sock"

stop_daemon
assert_nothing_left

# --- what a killed one leaves is replaced, what is not a socket is not ---
start_daemon
kill_daemon
[ -S "$run/virtstreamd-sock" ] || fail "kill -9 left no socket file to test with"
start_daemon
stop_daemon
assert_nothing_left
echo precious > "$run/virtstreamd-sock-ro"
refused "'$run/virtstreamd-sock-ro' is in use"
assert_eq "$(cat "$run/virtstreamd-sock-ro")" precious
rm "$run/virtstreamd-sock-ro"

# --- settings ---
echo 'unix_sock_rw_perms = "0660"' > "$conf"
start_daemon
assert_eq "$(stat -c %a "$run/virtstreamd-sock")" 660
stop_daemon

echo 'max_client = 5' > "$conf"
refused "$conf: max_client: there is no such setting"
echo 'unix_sock_group = "no-such-group"' > "$conf"
refused "$conf: unix_sock_group: there is no group 'no-such-group'"
echo 'log_filters = "9:rpc"' > "$conf"
refused "$conf: log_filters: .*log filter '9:rpc' is not of the form LEVEL:NAME"
echo 'log_outputs = "3:file:/nowhere/log"' > "$conf"
refused "$conf: log_outputs: .*/nowhere/log"
echo 'log_outputs = "3:stderr 3:stdout"' > "$conf"
refused "$conf: log_outputs: .*log output '3:stdout' is not one of LEVEL:stderr, .*"
rm "$conf"
refused "$dir/missing.conf" --config "$dir/missing.conf"
run_fails 1 "virtstreamd: unexpected argument 'now'; see virtstreamd --help" virtstreamd now
run_fails 1 "virtstreamd: Unknown option --now" virtstreamd --now
run_fails 1 "virtstreamd: --timeout -1 is not a number of seconds; see virtstreamd --help" \
  virtstreamd --timeout -1
run_fails 0 "^virtstreamd .*[0-9]" virtstreamd --version
run_fails 0 "^ *-d, --daemon  +[A-Z]" virtstreamd --help
assert_nothing_left

# --- nobody needs it ---
virtstreamd --timeout 1
assert_nothing_left

# --- the log, and a new one after it was moved away ---
cat > "$dir/log.conf" << CONF
log_level = 2
log_outputs = "1:file:$dir/log 4:stderr"
CONF
start_daemon --config "$dir/log.conf"
wait_until 10 grep -qE "^[-0-9]+ [:.0-9]+\+0000: [0-9]+: info : daemonMain\w+:[0-9]+ : " "$dir/log"
! grep -q info "${dir}/daemon.log" || fail "stderr has lines that are below its level"
mv "$dir/log" "$dir/log.old"
kill -HUP "${pids[daemon]}"
wait_until 10 test -e "$dir/log"
stop_daemon
assert_match "$dir/log" "info"

# --- in the background: it returns when clients can connect ---
virtstreamd --daemon
pid=$(cat "$run/virtstreamd.pid")
cleanup_fn '[ ! -e "$run/virtstreamd.pid" ] || kill -KILL "$pid"'
connects "$run/virtstreamd-sock"
connects "$run/virtstreamd-sock-ro"
assert_eq "$(readlink "/proc/$pid/fd/0" "/proc/$pid/fd/2" | xargs)" "/dev/null /dev/null"
kill -TERM "$pid"
wait_until 10 test ! -e "$run/virtstreamd.pid"
assert_nothing_left
