# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2154 # what functions.sh has, too
# listeners.sh: listeners to the events of streams, and what all of them must hear
# Sourced after functions.sh.

# The URI with which a client never asks virtstreamd, but works in process
# shellcheck disable=SC2034 # for those who source this
in_process="qemu+unix:///session?socket=$XDG_RUNTIME_DIR/libvirt/libvirt-sock"

listeners=()
declare -A ends_heard=() # of a GUEST/DISK: how many by now

# listen NAME URI [GUEST]: from now on what it hears is in $dir/NAME.log
listen() {
  start_process "$1" env LIBVIRT_DEFAULT_URI="$2" "$BUILD_DIR/tests/system/listener" "${@:3}"
  wait_line 30 "$1" "^listening$"
  listeners+=("$1")
}

# nth_end NAME GUEST DISK N: what the listener heard of the disk's Nth end, once it did
nth_end() {
  grep -E "^$2 $3 (completed|stopped|failed)" "$dir/$1.log" | sed -n "$4p" | grep .
}

# all_hear GUEST DISK END: every listener hears this end, a regex, of the disk's next stream
all_hear() {
  local name nth=$((${ends_heard[$1/$2]:-0} + 1))
  ends_heard[$1/$2]=$nth
  for name in "${listeners[@]}"; do
    wait_until 60 nth_end "$name" "$1" "$2" "$nth"
    prints "^$1 $2 $3$" nth_end "$name" "$1" "$2" "$nth" ||
      fail "'$name' did not hear '$3' of $1 $2: $(cat "$dir/$name.log")"
  done
}

# heard_each_once: every stream that a listener heard of has started first and ended once
heard_each_once() {
  local name
  for name in "${listeners[@]}"; do
    awk '$1 == "listening" { next }
         ($3 == "started") == running[$1 $2] { print "out of turn: " $0; exit 1 }
         { running[$1 $2] = $3 == "started" }
         END { for (stream in running) if (running[stream]) { print stream " has no end"; exit 1 } }
        ' "$dir/$name.log" || fail "'$name' heard: $(cat "$dir/$name.log")"
  done
}
