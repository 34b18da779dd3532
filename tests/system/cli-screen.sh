#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What virt-stream prints fits into 80 columns: help, tables and its own errors; and the progress of
# blockpull is one line of a terminal, as virsh's.
source "$(dirname "$0")/functions.sh"
requires virt-stream tmux nbdkit qemu-img

export LC_ALL=C.UTF-8
terminal() {
  tmux -S "$dir/tmux" -f /dev/null "$@"
}

screen() {
  terminal capture-pane -p -t screen | grep -v '^$'
}

screen_is() {
  screen | tr '\n' '|' | grep -qxE -- "$1"
}

# fits STATUS ARGUMENT...: no line of what virt-stream prints is longer
fits() {
  local status=0
  virt-stream "${@:2}" > "$dir/fits" 2>&1 || status=$?
  assert_eq "$status" "$1"
  [ -s "$dir/fits" ] || fail "nothing is printed: ${*:2}"
  if grep -E '^.{81}' "$dir/fits"; then
    fail "this is wider than 80 columns: ${*:2}"
  fi
}

fits 0 --help
commands=$(sed -nE '/^Commands:/,/^$/s/^  ([a-z-]+) .*/\1/p' "$dir/fits")
for command in $commands; do
  fits 0 "$command" --help
done
fits 2
fits 2 nonsense
fits 2 start
fits 2 start web1 vda --bandwidth 10x
fits 2 events --timeout 2147484
fits 2 --json blockpull web1 vda

make_template "$dir/template.raw" 16
start_nbdkit remote --filter=delay file "$dir/template.raw" rdelay=50ms
start_libvirtd
start_daemon
name=guest-of-16-chars
for disk in a b c; do
  make_overlay "$dir/vd$disk.qcow2" "$(nbd_uri remote)"
done
start_guest $name "$dir"/vd{a,b,c}.qcow2
virt-stream -q start $name vda --bandwidth 200K
virt-stream -q start $name vdb --bandwidth 200K
fits 0 list
fits 0 info $name
fits 1 start nobody vda
fits 1 start $name vdx
fits 0 blockjob $name vda

terminal new-session -d # so that tmux stays
cleanup_fn "terminal kill-server"
for columns in 80 120; do
  terminal new-session -d -s screen -x $columns -y 10 \
    "virt-stream blockpull $name vdc 1 --bytes --wait --verbose; echo status \$?; exec cat"
  wait_until 30 screen_is 'Block Pull: \[ +[0-9]+ %\]\|'
  terminal send-keys -t screen C-c
  wait_until 30 screen_is 'Block Pull: \[ +[0-9]+ %\](\^C)?\|Pull aborted\|status 1\|'
  terminal kill-session -t screen
done
