#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A library that meets another daemon than its own says so, and does not hang.
source "$(dirname "$0")/functions.sh"
requires virt-stream python3
export PYTHONDONTWRITEBYTECODE=1

socket=$XDG_RUNTIME_DIR/libvirt/virtstreamd-sock

# meets BEHAVIOUR REGEX
meets() {
  start_server fake "$socket" "$test_dir/system/fake-daemon.py" "$1"
  run_fails 1 "^error: .*$2" virt-stream list
  end_process fake TERM || true
}

start_libvirtd
meets other-version "virtstreamd at '$socket' speaks another protocol version than this library \(1\)"
meets garbage "connection to '$socket' is lost: message length [0-9]+ is not between 28 and "
meets half "connection to '$socket' is lost: the other side has closed the connection"
meets nothing "connection to '$socket' is lost: the other side has closed the connection"
meets nonsense "Unable to decode message payload"
