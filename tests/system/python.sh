#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The Python module on a real session, by virtstreamd and in process: tests/python, and the examples.
source "$(dirname "$0")/functions.sh"
requires virt-stream nbdkit qemu-img
source "$(dirname "$0")/python_tests.sh"

# example NAME ARGUMENT...: of those in Python
example() {
  python "$test_dir/../examples/$1.py" qemu:///session "${@:2}"
}

examples() {
  example stream-start short vdh > "$dir/example"
  assert_eq "$(tail -n 1 "$dir/example")" "vdh: completed"
  run_fails 1 "disk 'vdx' not found in domain" example stream-start short vdx
  virt-stream -q start endless vda
  example stream-info > "$dir/example"
  assert_match "$dir/example" "^endless vda: [0-9]+ of [0-9]+ bytes"
  example stream-info endless vda > "$dir/example"
  assert_match "$dir/example" "^endless vda: [0-9]+ of [0-9]+ bytes"
  run_fails 1 "does not have an active block job" example stream-info endless vdb
}

start_daemon
python_tests daemon test_module test_calls test_events test_read_only test_asyncio
examples
stop_daemon
python_tests libvirtd test_calls test_events test_read_only test_asyncio
