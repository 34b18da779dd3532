#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# virt-stream's blockpull and blockjob beside stock virsh's, each on a guest of its own that is like the
# other's: the same on standard output and standard error, the same exit status, the same done; and
# the differences that the manual page tells of.
source "$(dirname "$0")/functions.sh"
requires virt-stream virsh nbdkit qemu-img
unset VIRSH_DEFAULT_CONNECT_URI

# begin TOOL ARGUMENT...: in the background, on its own guest where ARGUMENT says GUEST
begin() {
  setsid --wait "${@//GUEST/$1-guest}" > "$dir/$1.out" 2> "$dir/$1.err" < /dev/null &
  pids[$1]=$!
}

# end TOOL: $dir/TOOL.said is then what came of it, but for how far the job was, and how often that
# was told before the end
end() {
  local status=0 steps="s/(\r[A-Z][^:]*: \[) [ 0-9][0-9] %\]/\1 %]/"
  wait "${pids[$1]}" || status=$?
  unset "pids[$1]"
  if grep -q "^Pull " "$dir/$1.out"; then
    # virsh tells 100 % twice if the job goes before its event comes
    steps="s/\rBlock Pull: \[ [ 0-9][0-9] %\]//g; s/(\rBlock Pull: \[100 %\])+/\1/"
  fi
  {
    echo "--- standard output"
    sed 's/^ cur=[0-9]*$/ cur=/' "$dir/$1.out"
    echo "--- standard error"
    sed -E "$steps" "$dir/$1.err"
    echo "--- exit status $status"
  } | sed "s/$1-guest/GUEST/g" > "$dir/$1.said"
}

agree() {
  diff -u "$dir/virsh.said" "$dir/virt-stream.said" || fail "they differ: $1"
}

# both_end ABOUT
both_end() {
  end virsh
  end virt-stream
  agree "$1"
}

# same ARGUMENT...
same() {
  begin virsh "$@"
  begin virt-stream "$@"
  both_end "$*"
}

# same_lines: one command line each, of standard input, as the shell reads it
same_lines() {
  local line
  while IFS= read -r line; do
    eval "same $line"
  done
}

# same_jobs DISK [BANDWIDTH]: both have a job there, of so many bytes per second
same_jobs() {
  local tool
  for tool in virsh virt-stream; do
    virsh blockjob "$tool-guest" "$1" --bytes --raw > "$dir/$tool.job"
    assert_match "$dir/$tool.job" "^ type=Block Pull$"
    [ -z "${2:-}" ] || assert_match "$dir/$tool.job" "^ bandwidth=$2$"
  done
}

has_job() {
  prints type virsh blockjob "$1" "$2" --raw
}

none_has_job() {
  ! has_job virsh-guest "$1" && ! has_job virt-stream-guest "$1"
}

# fresh_guests: with thin disks again: vda on a remote that is too slow to end meanwhile, vdb on the
# template, vdc on two images more, and vdd on nothing
fresh_guests() {
  local tool image name
  for name in $(virsh list --name); do
    virsh -q destroy "$name"
  done
  for name in $(virsh list --all --name); do
    virsh -q undefine "$name"
  done
  define_guest off "$dir/off.qcow2"
  for tool in virsh virt-stream; do
    image=$dir/$tool-guest
    make_overlay "$image.vda.qcow2" "$(nbd_uri remote)"
    make_overlay "$image.vdb.qcow2" "$dir/template.raw"
    make_overlay "$image.bottom.qcow2" "$dir/template.raw"
    make_overlay "$image.middle.qcow2" "$image.bottom.qcow2" qcow2
    make_overlay "$image.vdc.qcow2" "$image.middle.qcow2" qcow2
    qemu-img create -q -f qcow2 "$image.vdd.qcow2" 16M
    start_guest "$tool-guest" "$image".{vda,vdb,vdc,vdd}.qcow2
  done
}

command_lines() {
  same_lines << 'LINES'
blockpull
blockpull GUEST
blockpull GUEST --path
blockpull --path
blockpull --path vda
blockpull --domain GUEST --domain GUEST
blockpull GUEST vda --domain GUEST
blockpull --domain=GUEST --path=vda --path=vda
blockpull GUEST vda --bandwidth
blockpull GUEST vda --base
blockpull GUEST vda --wait --timeout
blockpull GUEST vda 1 base 5 more
blockpull GUEST vda 1 --bandwidth 2
blockpull GUEST vda --wait --wait
blockpull GUEST vda --wait=1
blockpull GUEST vda --help=1
blockpull GUEST vda --fast
blockpull GUEST vda --fast=1
blockpull GUEST vda --json
blockpull GUEST vda --=
blockpull GUEST --
blockpull GUEST vda -- --wait
blockpull GUEST vda -q
blockpull GUEST vda ''
blockpull -x vda
blockpull --domain --path vda
-q blockpull
blockjob
blockjob GUEST
blockjob GUEST vda 1
blockjob GUEST vda 1 2
blockjob GUEST vda --abort --abort
blockjob GUEST vda --nothing
blockjob GUEST vda --raw --abort --pivot
blockjob GUEST vda --raw --pivot
blockjob GUEST vda --raw --async
blockjob GUEST vda --raw 1
blockjob GUEST vda --info --abort
blockjob GUEST vda --info --pivot
blockjob GUEST vda --info --async
blockjob GUEST vda --info --bandwidth 1
blockjob GUEST vda --bytes --abort
blockjob GUEST vda --bytes --pivot
blockjob GUEST vda --async --bytes
blockjob GUEST vda --bytes --raw --info --abort
-q blockjob GUEST vda --info --abort
LINES
}

wrong_values() {
  local value
  same_lines << 'LINES'
blockpull '' vda
blockpull GUEST ''
blockpull GUEST vda --base ''
blockpull GUEST vda --base=
blockpull GUEST vda --verbose
blockpull GUEST vda --async
blockpull nobody vda --verbose --base ''
blockpull GUEST '' --base '' x
blockpull nobody vda x
blockpull nobody vda
blockpull 999 vda
blockpull 00000000-0000-0000-0000-000000000000 vda
-q blockpull nobody vda
-r blockpull GUEST vda
-r blockjob GUEST vda --abort
blockpull off vda
blockpull GUEST vdx
-q blockpull GUEST vdx
blockpull GUEST /nowhere.qcow2
blockpull GUEST vda --base /nowhere.qcow2
blockpull GUEST vda --base vda[9]
blockpull GUEST vda --base vdc
LINES
  same blockpull GUEST vda --base "$dir/GUEST.vda.qcow2"
  same blockpull GUEST vdc --base "$dir/GUEST.vdc.qcow2"
  same_lines << 'LINES'
blockpull GUEST vda --keep-relative
blockpull GUEST vdc --wait --verbose --keep-relative
blockjob '' vda
blockjob GUEST ''
blockjob nobody ''
blockjob nobody vda
blockjob off vda
blockjob GUEST vdx
blockjob GUEST vdx --raw
blockjob GUEST vda
blockjob GUEST vda --info
blockjob GUEST vda --raw
blockjob GUEST vda --bytes
-q blockjob GUEST vda
-q blockjob GUEST vda --raw
-r blockjob GUEST vda
blockjob GUEST vda --abort
blockjob GUEST vda --async
blockjob GUEST vda --pivot
blockjob GUEST vda 5
blockjob GUEST vda 5 --bytes
-q blockjob GUEST vda 5
LINES
  for value in x '' ' ' 1x 1KX 1.5 '1 M' 0x10 10/s 10MiB/s 99999999999999999999 99999999999999999999K \
    16E 17EB 18446744073709551615 8796093022208 8796093022208M 16777216T; do
    same blockpull GUEST vda "$value"
    same blockjob GUEST vda "$value"
  done
  same blockpull GUEST vda --bytes 9223372036854775808
  same blockpull GUEST vda --bytes 9E
  for value in 0 -1 x '' 1s 1.5 2147484 4294967295 4294967296 99999999999999999999; do
    same blockpull GUEST vda --wait --timeout "$value"
  done
  none_has_job vda || fail "one of these is right"
}

# bandwidths: what each means; and what blockjob shows of them
bandwidths() {
  local expected value bytes
  while read -r expected value bytes; do
    same blockpull GUEST vda "$value" ${bytes:+"$bytes"}
    same_jobs vda "$expected"
    same blockjob GUEST vda --abort
    same -q blockpull GUEST vda --bandwidth 1
    same blockjob GUEST vda ${bytes:+"$bytes"} --bandwidth="$value"
    same_jobs vda "$expected"
    [ "$expected" = 1 ] || same blockjob GUEST vda
    same -q blockjob GUEST vda --bytes
    same -q blockjob GUEST vda --async
    wait_until 30 none_has_job vda
  done << 'VALUES'
1048576 1
1 1 --bytes
2097152 +2
1048576 1M
1048576 1024KiB
10240 10k --bytes
10000 10kb --bytes
7 7bytes --bytes
1073741824 1GiB
VALUES
}

# both_begin DISK ARGUMENT...: --wait on a job that goes on
both_begin() {
  local tool
  for tool in virsh virt-stream; do
    begin "$tool" blockpull GUEST "$1" 1 --bytes --wait "${@:2}"
    wait_until 30 has_job "$tool-guest" "$1"
  done
}

catches_interrupts() {
  ((0x$(awk '/^SigCgt/ { print $2 }' "/proc/$1/status") & 2))
}

# both_kill SIGNAL
both_kill() {
  kill "-$1" "${pids[virsh]}" "${pids[virt-stream]}"
}

waits() {
  same blockpull GUEST vdb 8 --wait --verbose
  assert_match "$dir/virt-stream.err" $'\rBlock Pull: \\[ [ 0-9][0-9] %\\]\rBlock Pull: \\[100 %\\]$'
  assert_match "$dir/virt-stream.said" "^Pull complete$"
  assert_eq "$(backing_file "$dir/virt-stream-guest.vdb.qcow2")" ""
  same blockpull GUEST vdd --wait --verbose
  same blockpull GUEST vdc 0 "$dir/GUEST.bottom.qcow2" --wait
  assert_eq "$(backing_file "$dir/virt-stream-guest.vdc.qcow2")" "$dir/virt-stream-guest.bottom.qcow2"
  same -q blockpull GUEST "$dir/GUEST.vdc.qcow2" --wait
  assert_eq "$(backing_file "$dir/virt-stream-guest.vdc.qcow2")" ""

  same blockpull GUEST vda 1 --bytes --wait --timeout 1
  same blockpull GUEST vda 1 --bytes --wait --verbose --timeout 1 --async
  same -q blockpull GUEST vda 1 --bytes --wait --timeout=1
  wait_until 30 none_has_job vda
}

# what others do to the job, the guest, or the command that waits
interrupted_waits() {
  both_begin vda --verbose
  virsh -q blockjob virsh-guest vda --abort
  virsh -q blockjob virt-stream-guest vda --abort
  both_end "aborted by somebody else"

  both_begin vda
  wait_until 30 catches_interrupts "${pids[virsh]}"
  both_kill INT
  both_end "interrupted"
  wait_until 30 none_has_job vda

  both_begin vda
  both_kill TERM
  both_end "terminated"
  same_jobs vda 1
  same blockjob GUEST vda --abort

  both_begin vda
  virsh -q destroy virsh-guest
  virsh -q destroy virt-stream-guest
  both_end "the guest is gone"
  fresh_guests
}

# a failure has the reason besides, in a line of its own
failure() {
  local tool
  for tool in virsh virt-stream; do
    begin "$tool" blockpull GUEST vda 1 --wait
    wait_until 30 has_job "$tool-guest" vda
  done
  stop_nbdkit remote
  end virsh
  end virt-stream
  assert_match "$dir/virt-stream.said" "^error: (Input/output error|Cannot send after transport endpoint .*)$"
  sed -i '/^error: /d' "$dir/virt-stream.said"
  agree "failure"
  assert_match "$dir/virt-stream.said" "^Pull failed$"
  start_nbdkit remote "${remote[@]}"
}

# copies and commits pass through
other_jobs() {
  local tool
  for tool in virsh virt-stream; do
    rm -f "$dir/$tool.copy"
    virsh -q blockcopy "$tool-guest" vdb "$dir/$tool.copy" --transient-job --wait
    virsh -q blockcommit "$tool-guest" vdc --shallow --active --keep-overlay
  done > "$dir/jobs.log"
  same_lines << 'LINES'
blockjob GUEST vdb
blockjob GUEST vdb --raw
blockpull GUEST vdb
blockjob GUEST vdb --pivot
blockjob GUEST vdb
blockjob GUEST vdc --info
blockjob GUEST vdc --raw --bytes
blockjob GUEST vdc --abort
blockjob GUEST vdc
LINES
}

make_template "$dir/template.raw" 16
remote=(--filter=delay pattern 1G rdelay=10ms)

same blockpull GUEST vdb
same -q blockjob GUEST vdb
same -c qemu:///nonsense blockpull GUEST vdb
same -c qemu:///nonsense blockpull GUEST
VIRSH_DEFAULT_CONNECT_URI=qemu:///nonsense same blockjob GUEST vdb
start_libvirtd
start_nbdkit remote "${remote[@]}"
fresh_guests
command_lines
wrong_values
bandwidths
for who in "in process" "daemon"; do
  echo "$who"
  [ "$who" != daemon ] || start_daemon
  waits
  interrupted_waits
  failure
  other_jobs
  fresh_guests
done

# --- where virt-stream is stricter ---
run_fails 1 "^error: Option --wait is required by option --timeout$" \
  virt-stream blockpull virt-stream-guest vda --timeout 5
run_fails 1 "^error: Scaled numeric value '-1' for <--bandwidth> option is malformed or out of range$" \
  virt-stream blockpull virt-stream-guest vda -1
run_fails 1 "^error: Scaled numeric value '-1' for <--bandwidth> option is malformed or out of range$" \
  virt-stream blockjob virt-stream-guest vda --bandwidth -1
run_fails 2 '^\{"error":\{"code":8,"message":"'"'blockjob' prints what virsh prints, not JSON"'"\}\}$' \
  virt-stream --json blockjob virt-stream-guest vda
none_has_job vda || fail "one of these is right"
