#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Over forty thousand calls from Python keep nothing: no reference, no memory, no file. And of what
# valgrind has to say of some more, nothing is about our code. PYTHON_CALLS: how many of each kind.
source "$(dirname "$0")/functions.sh"
requires nbdkit qemu-img valgrind
source "$(dirname "$0")/python_tests.sh"

start_daemon
python_tests daemon test_leaks

# complaints LOG: those lines of valgrind's stacks that are ours, but for what Python keeps in between
complaints() {
  awk '/ at 0x/ { ours = 1 }
       /_PyEval_EvalFrame/ { ours = 0 }
       ours && /\/(python|src)\/[a-z_\/]+\.c:/' "$1"
}

fresh_guests
(cd "$test_dir/python" && PYTHON_CALLS=20 PYTHONMALLOC=malloc \
  valgrind --log-file="$dir/valgrind.log" --leak-check=full --show-leak-kinds=definite \
  --fullpath-after= /usr/bin/python3 -m unittest -v test_leaks)
assert_match "$dir/valgrind.log" "ERROR SUMMARY"
assert_eq "$(complaints "$dir/valgrind.log")" ""
