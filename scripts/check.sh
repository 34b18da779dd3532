#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# check.sh: everything that `make check` does once the packages are there
#
#   build-check          warnings are errors; all tests, then the unit tests under valgrind
#   build-check-clang    by clang, warnings are errors, too: unit
#   build-check-address  address and undefined behaviour sanitizers: unit, fuzz, some system tests
#   build-check-thread   thread sanitizer: unit and some system tests
#
# The last line is "N passed, N failed", summed over all of them.
set -u
cd "$(dirname "$0")/.." || exit 1
status=0
logs=()

# build DIRECTORY OPTION...
build() {
  local dir=$1
  shift
  [ -f "$dir/build.ninja" ] || meson setup "$dir" --werror "$@" || exit 1
  ninja -C "$dir" || exit 1
}

# run_tests LOG DIRECTORY OPTION...; LOG is what meson calls it
run_tests() {
  local log=$2/meson-logs/$1.json
  shift
  rm -f "$log"
  logs+=("$log")
  # twice as many as there are processors: the system tests wait for their guests
  meson test --no-rebuild --print-errorlogs --num-processes $(($(nproc) * 2)) -C "$@" || status=1
}

build build-check
run_tests testlog build-check
run_tests testlog-valgrind build-check --setup valgrind --suite unit

CC=clang build build-check-clang
run_tests testlog build-check-clang --suite unit

build build-check-address -Db_sanitize=address,undefined -Db_lundef=false
run_tests testlog-address build-check-address --setup address \
  --suite unit --suite fuzz --suite sanitized --suite address

build build-check-thread -Db_sanitize=thread -Db_lundef=false
run_tests testlog-thread build-check-thread --setup thread --suite unit --suite sanitized --no-suite fake

scripts/sum-tests.py "${logs[@]}" || status=1
exit $status
