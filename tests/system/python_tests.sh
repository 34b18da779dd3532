# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2154 # what functions.sh has, too
# python_tests.sh: runs tests of the Python module, each with the guests that they want
# Sourced after functions.sh.

# fresh_guests: what tests/python/session.py says
fresh_guests() {
  local guest disk
  for guest in $(virsh list --name); do
    virsh -q destroy "$guest"
    virsh -q undefine "$guest"
  done
  for disk in a b; do
    make_overlay "$dir/endless-$disk.qcow2" "$(nbd_uri far)"
  done
  for disk in {a..j}; do
    make_overlay "$dir/short-$disk.qcow2" "$dir/short.raw"
  done
  make_overlay "$dir/broken.qcow2" "$(nbd_uri errors)"
  start_guest endless "$dir"/endless-?.qcow2
  start_guest short "$dir"/short-?.qcow2
  start_guest broken "$dir/broken.qcow2"
}

# python_tests SERVER MODULE...: on fresh guests; SERVER is the process that answers the calls
python_tests() {
  local server=$1 module
  shift
  fresh_guests
  for module; do
    (cd "$test_dir/python" && SERVER_PID=${pids[$server]} python -m unittest -v "$module")
  done
}

make_template "$dir/short.raw" 1
start_nbdkit far --filter=delay pattern size=32G rdelay=200ms
start_nbdkit errors --filter=error pattern size=16M error-pread-rate=100%
start_libvirtd
