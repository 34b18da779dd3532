# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2154 # what functions.sh has, too
# callers.sh: programs that hold a connection while a daemon goes away
# Sourced after functions.sh.

# start_caller NAME GUEST DISK: a program with an open connection
start_caller() {
  mkfifo "$dir/$1.calls"
  start_process "$1" sh -c 'exec "$0" "$1" "$2" <> "$3"' \
    "$BUILD_DIR/tests/system/caller" "$2" "$3" "$dir/$1.calls"
  wait_line 30 "$1" "^ready$"
}

# call NAME: it asks for the statistics of the stream
call() {
  echo 1<> "$dir/$1.calls"
}
