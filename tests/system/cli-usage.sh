#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# virt-stream's command line: a wrong one is refused before anything is done (there is no libvirtd to
# do it with), and its help and its manual page tell of the same commands and options.
source "$(dirname "$0")/functions.sh"
requires virt-stream python3

# wrong COMMAND MESSAGE ARGUMENT...: exit status 2, the message, and where to look; as JSON as well
wrong() {
  local command=$1 message=$2
  shift 2
  run_fails 2 "^error: $message$" virt-stream "$@"
  assert_match "$dir/run_fails.out" "^See 'virt-stream ${command:+$command }--help'\.$"
  run_fails 2 '^\{"error":\{"code":8,"message":".*"\}\}$' virt-stream --json "$@"
}

wrong "" "a command is missing"
wrong "" "unknown command 'copy'" copy
wrong "" "Unknown option --wait" --wait start
wrong "" "Missing argument for -c" -c
for command in start stop set; do
  bandwidth=()
  [ $command != set ] || bandwidth=(--bandwidth 1)
  wrong $command "'$command' needs DOMAIN DISK" $command "${bandwidth[@]}"
  wrong $command "'$command' needs DOMAIN DISK" $command guest "${bandwidth[@]}"
  wrong $command "unexpected argument 'vdb'" $command guest vda vdb "${bandwidth[@]}"
done
wrong info "'info' needs DOMAIN \[DISK\]" info
wrong info "unexpected argument 'vdb'" info guest vda vdb
wrong list "unexpected argument 'guest'" list guest
for command in pause-hydration resume-hydration; do
  wrong $command "'$command' needs DOMAIN \[DISK\]" $command
  wrong $command "unexpected argument 'vdb'" $command guest vda vdb
done
wrong events "unexpected argument 'vda'" events guest vda
wrong events "unknown event 'ended'" events --event ended
wrong set "'set' needs an option that says what" set guest vda
wrong stop "Unknown option --now" stop guest vda --now

# --- options that need others ---
wrong start "--keep-relative needs --base" start guest vda --keep-relative
wrong start "--verbose needs --wait" start guest vda --verbose
wrong start "--timeout needs --wait" start guest vda --timeout 5
wrong start "--detach-on-interrupt needs --wait" start guest vda --detach-on-interrupt

# --- options that exclude others ---
for command in start set; do
  wrong $command "--fast and --guest-latency are mutually exclusive" \
    $command guest vda --fast --guest-latency 2x
  wrong $command "--guest-latency and --fast are mutually exclusive" \
    $command guest vda --guest-latency default --fast
done

run_fails 2 '^\{"error":\{"code":8,"message":"--hmp and --json are mutually exclusive"\}\}$' \
  virt-stream info guest --hmp --json

# --- numbers ---
for rate in "" x 10X -5 +5 1.5M "10 M" 0x10 10MiBs 10BM MB /s 1e6; do
  for command in start set; do
    wrong $command "--bandwidth '$(sed 's/[+.]/\\&/g' <<< "$rate")' is not a number of bytes per second.*" \
      $command guest vda --bandwidth "$rate"
  done
done
for rate in 8E 9223372036854775808 99999999999999999999 8388608T; do
  wrong start "--bandwidth '$rate' is too large, it must be below 8E" \
    start guest vda --bandwidth "$rate"
done
for latency in "" 2 0.9x -1ms 0us 61s 2m fast; do
  for command in start set; do
    wrong $command "--guest-latency '$latency' is not a factor such as 1.5x, a time such as 2ms.*" \
      $command guest vda --guest-latency "$latency"
  done
done
for duration in "" -1 1.5h 1w 366d soon; do
  for command in start set; do
    wrong $command "--deadline '$duration' is not a duration such as 90s, 30m or 2h, of 365d at most" \
      $command guest vda --deadline "$duration"
  done
done
for seconds in "" 0 -1 1.5 5s 2147484; do
  wrong start "--timeout '$seconds' is not a number of seconds from 1 to 2147483" \
    start guest vda --wait --timeout "$seconds"
  wrong events "--timeout '$seconds' is not a number of seconds from 1 to 2147483" \
    events --timeout "$seconds"
done

# --- right, but nobody is there ---
run_fails 1 "^error: failed to connect to the hypervisor: .*libvirt-sock" virt-stream list
run_fails 1 '^\{"error":\{"code":[0-9]+,"message":"failed to connect.*"\}\}$' virt-stream list --json
run_fails 1 "^error: failed to get domain 'guest'" virt-stream -c test:///default info guest

# --- help ---
virt-stream --version > "$dir/version"
assert_match "$dir/version" "^virt-stream [0-9]+\.[0-9]+\.[0-9]+$"
virt-stream --help > "$dir/help"
for command in start stop info list set pause-hydration resume-hydration events blockpull blockjob; do
  assert_match "$dir/help" "^  $command +[A-Z]"
  virt-stream $command --help >> "$dir/help"
  assert_match "$dir/help" "^  virt-stream $command( |$)"
done
# options FILE: those that it tells of
options() {
  grep -oE -- '(^|[^-a-z])--[a-z]+(-[a-z]+)*' "$1" | grep -oE -- '--.*' | sort -u
}
diff <(options "$dir/help") <(options "$test_dir/../docs/manpages/virt-stream.1.rst") ||
  fail "help and manual page tell of different options"
