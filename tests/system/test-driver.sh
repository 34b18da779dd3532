#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Streams of libvirt's test hypervisor, by the command line and the examples, as docs/test-driver.md says.
source "$(dirname "$0")/functions.sh"
requires virt-stream virsh

doc=$test_dir/../docs/test-driver.md

# block LANGUAGE: the lines of all such blocks of the document, with files in $dir for those in /tmp
block() {
  sed -n "/^\`\`\`$1\$/,/^\`\`\`\$/ { /^\`\`\`/d; s:/tmp/:$dir/:; p }" "$doc"
}

documented() {
  local command count=0
  block xml > "$dir/web1.xml"
  while IFS= read -r command; do
    echo "$ $command"
    bash -c "$command"
    count=$((count + 1))
  done < <(block "sh run")
  ((count > 0)) || fail "no command in test-driver.md"
}

results() {
  local uri=test://$dir/web1.xml
  assert_eq "$(virt-stream -c "$uri" start web1 vda --wait)" "Stream of 'vda' completed"
  run_fails 1 "^error: Stream of 'vdb' failed: No space left on device$" \
    virt-stream -c "$uri" start web1 vdb --wait
  run_fails 3 "^Stream of 'vdc' stopped: timed out$" \
    virt-stream -c "$uri" start web1 vdc --wait --timeout 1
  virt-stream -c "$uri" start web1 vda --wait --json |
    assert_json "it['result'] == 'completed' and it['data_total'] == it['data_processed'] == 4 << 20"
  virt-stream -c "$uri" start web1 vda --wait --verbose 2> "$dir/progress"
  assert_match "$dir/progress" "^vda +100 % +4096.0/4096.0 KiB "
  sed "s/clock='real'/clock='step'/" "$dir/web1.xml" > "$dir/step.xml"
  assert_eq "$(virt-stream -c "test://$dir/step.xml" start web1 vda --wait)" \
    "Stream of 'vda' completed"
}

# each command is a process, and so has a hypervisor, of its own
errors() {
  local uri=test:///default
  assert_eq "$(virt-stream -c "$uri" start test vda)" "Stream of 'vda' started"
  assert_eq "$(virt-stream -c "$uri" info test)" "No active stream"
  virt-stream -c "$uri" list --json | assert_json "it == {'streams': []}"
  run_fails 1 "^error: .*disk vda does not have an active block job" virt-stream -c "$uri" stop test vda
  run_fails 1 "^error: .*disk vda does not have an active block job" \
    virt-stream -c "$uri" set test vda --bandwidth 1
  run_fails 1 "^error: .*disk 'vdx' not found in domain" virt-stream -c "$uri" start test vdx
  run_fails 1 "^error: .*read-only connection may not" virt-stream -c "$uri" -r start test vda
  run_fails 1 "^error: no event in 1 s" virt-stream -c "$uri" events --timeout 1
  sed "s/size='4194304'/size='4M'/" "$dir/web1.xml" > "$dir/wrong.xml"
  run_fails 1 "^error: .*'size' of element 'disk' of disk 'vda' is not a number of bytes" \
    virt-stream -c "test://$dir/wrong.xml" start web1 vda
}

examples() {
  local uri=test://$dir/web1.xml
  "$BUILD_DIR/examples/stream-start" "$uri" web1 vda > "$dir/example"
  assert_eq "$(tail -n 1 "$dir/example")" "vda: completed"
  run_fails 1 "^vdb: No space left on device$" "$BUILD_DIR/examples/stream-start" "$uri" web1 vdb
  "$BUILD_DIR/examples/stream-simple" "$uri" web1 start vda
  assert_eq "$("$BUILD_DIR/examples/stream-simple" "$uri" web1)" "No active stream"
  run_fails 1 "does not have an active block job" "$BUILD_DIR/examples/stream-simple" "$uri" web1 stop vda
  assert_eq "$("$BUILD_DIR/examples/stream-info" "$uri")" ""
}

# in_libvirtd: the hypervisor is not the client's, who therefore has no streams there
in_libvirtd() {
  local uri="test+unix:///default?socket=$XDG_RUNTIME_DIR/libvirt/libvirt-sock" command
  start_libvirtd
  virsh -c "$uri" domstate test
  for command in "start test vda" "info test" list events; do
    # shellcheck disable=SC2086 # with its arguments
    run_fails 1 "^error: .*hypervisor of 'test\+unix:///default.*' is in another process" \
      virt-stream -c "$uri" $command
  done
}

documented
results
errors
in_libvirtd
examples
