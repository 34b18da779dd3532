#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# functions.sh itself: a test that fails, is killed or lacks something says so and leaves nothing.
source "$(dirname "$0")/functions.sh"

run_fails 1 "this test needs 'no-such-command'" eval '(requires no-such-command)'
run_fails 1 "'a' is not 'b'" eval '(assert_eq a b)'
run_fails 1 "exit status 3, not 4" eval '(run_fails 4 . sh -c "exit 3")'
run_fails 1 "waited 0 s in vain for: false" eval '(wait_until 0 false)'

# a test in a process of its own, with everything started, that then does as it is told
cat > "$dir/victim.sh" << EOF2
source "$test_dir/system/functions.sh"
start_libvirtd
make_template "\$dir/template.qcow2" 2 half
start_nbdkit remote null size=2M
make_overlay "\$dir/a.qcow2" "\$dir/template.qcow2" qcow2
make_overlay "\$dir/b.qcow2" "\$(nbd_uri remote)"
start_guest victim "\$dir/a.qcow2" "\$dir/b.qcow2"
assert_eq "\$(backing_file "\$dir/a.qcow2")" "\$dir/template.qcow2"
echo "\$dir \${pids[*]} \$(cat "\$XDG_RUNTIME_DIR/libvirt/qemu/run/victim.pid")"
"\$@"
EOF2

# nothing_left FILE: of what its first line names, DIRECTORY PID...
nothing_left() {
  local pid words
  read -ra words < "$1"
  set -- "${words[@]}"
  [ ! -e "$1" ] || fail "'$1' is still there"
  shift
  [ $# = 3 ] || fail "libvirtd, nbdkit and QEMU expected, not: $*"
  for pid; do
    wait_until 10 eval "! kill -0 $pid"
  done
}

bash "$dir/victim.sh" true > "$dir/victim.out"
nothing_left "$dir/victim.out"

run_fails 1 "FAILED: .*victim.sh:[0-9]*: false|--- libvirtd.log" bash "$dir/victim.sh" false
nothing_left "$dir/run_fails.out"

start_process victim bash "$dir/victim.sh" sleep 1
wait_line 30 victim "^$(dirname "$dir")/"
status=0
end_process victim TERM || status=$?
assert_eq $status 143
nothing_left "$dir/victim.log"
