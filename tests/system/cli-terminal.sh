#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# virt-stream start --wait --verbose on a terminal: one line with a bar, drawn in place, never wrapped.
source "$(dirname "$0")/functions.sh"
requires virt-stream tmux

export LC_ALL=C.UTF-8
terminal() {
  tmux -S "$dir/tmux" -f /dev/null "$@"
}

# in_terminal COLUMNS OPTION...: a stream there, then its exit status
in_terminal() {
  terminal new-session -d -s stream -x "$1" -y 10 \
    "virt-stream start guest vda --wait --verbose ${*:2}; echo status \$?; exec cat"
}

# screen: what is to be seen there; a failure shows it, too
screen() {
  terminal capture-pane -p -t stream | grep -v '^$' | tee "$dir/screen.log"
}

shows() {
  screen | grep -E -- "$1" > /dev/null
}

# bar_is COLUMNS: the bar is alone, and fills the line but for little
bar_is() {
  local line
  line=$(screen)
  grep -qE '^vda  \[=*>? *\]  +[0-9]+ %  .*ETA' <<< "$line" && [ "$(wc -l <<< "$line")" = 1 ] &&
    ((${#line} < $1 && ${#line} > $1 - 12))
}

terminal new-session -d # so that tmux stays
cleanup_fn "terminal kill-server"
make_template "$dir/template.raw" 16
start_libvirtd
start_daemon
for columns in 80 120; do
  make_overlay "$dir/$columns.qcow2" "$dir/template.raw"
  start_guest guest "$dir/$columns.qcow2"

  in_terminal $columns --bandwidth 1
  wait_until 30 bar_is $columns
  terminal resize-window -t stream -x 60
  wait_until 30 bar_is 60
  terminal resize-window -t stream -x 100
  wait_until 30 bar_is 100
  terminal send-keys -t stream C-c
  wait_until 30 shows "^status 3$"
  assert_eq "$(screen | sed 1d)" "Stream of 'vda' stopped: interrupted
status 3"
  shows '^vda  \[.*\]  .* %  '
  terminal kill-session -t stream

  in_terminal $columns --bandwidth 6M
  wait_until 30 bar_is $columns
  wait_until 60 shows "^status 0$"
  assert_eq "$(screen | sed 1d)" "Stream of 'vda' completed
status 0"
  shows '^vda  \[=+\]  100 %  ([0-9.]+)/\1 [KM]iB '
  terminal kill-session -t stream
  virsh -q destroy guest
  virsh -q undefine guest
done
