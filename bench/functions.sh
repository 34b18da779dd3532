# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# functions.sh: what the comparisons share; each sources this file first, and runs through ../run
#
# A comparison has methods, the first of which is the stock one. They take turns, in reversed order
# every second time, so that what drifts on the machine hits all of them alike. Each run begins with
# a new overlay, a new guest and a disk that has nothing left to write.

source "$(dirname "${BASH_SOURCE[0]}")/../tests/system/functions.sh"
bench_dir=$test_dir/../bench

# read_options "$@": --NAME VALUE sets option[NAME], which has a default
read_options() {
  while [ $# -gt 0 ]; do
    if [[ $1 != --?* || ! -v option[${1#--}] || $# -lt 2 ]]; then
      echo "usage: $0$(printf ' [--%s VALUE]' "${!option[@]}")" >&2
      exit 2
    fi
    option[${1#--}]=$2
    shift 2
  done
}

now() {
  echo "${EPOCHREALTIME/./}"
}

# record FIGURE VALUE: of the method that runs
record() {
  printf '%s\t%s\t%s\n' "$method" "$1" "$2" >> "$dir/figures"
}

# record_time MICROSECONDS MIB: how long so many mebibytes took
record_time() {
  record seconds "$(($1 / 1000000)).$(printf %06d $(($1 % 1000000)))"
  record MiB/s $(($2 * 1000000 / $1))
}

# compare TITLE METHOD...: calls run_METHOD of each, which records figures, and prints their medians
compare() {
  local title=$1 pair pairs=${option[pairs]} method methods
  shift
  methods=("$@")
  : > "$dir/figures"
  for ((pair = 1; pair <= pairs; pair++)); do
    for method in "${methods[@]}"; do
      sync -f "$dir"
      "run_$method"
    done
    mapfile -t methods < <(printf '%s\n' "${methods[@]}" | tac)
  done
  "$bench_dir/summary.py" "$title, ${option[pairs]} runs" "$@" < "$dir/figures"
}

# watch_jobs GUEST: from now on $dir/events.log has the time of each event; GUEST runs
watch_jobs() {
  start_process events setsid stdbuf -oL virsh event --all --loop --timestamp
  wait_until 30 provoke_event "$1"
}

# job_time GUEST WORD: when, in microseconds, its block job was "ready" or "completed"
job_time() {
  local event="'block-job' for domain '$1'.* $2\$"
  wait_line 600 events "$event"
  date -d "$(grep -m 1 -oP "^.*?(?=: event $event)" "$dir/events.log")" +%s%6N
}

# start_source NAME IMAGE DELAY: the remote that NAME is; DELAY in ms for each read, or DELAY@RATE
# with so many bits per second besides, such as 20@1G
start_source() {
  local name=$1 image=$2 delay=${3%@*} rate=()
  [ "$delay" = "$3" ] || rate=("rate=${3#*@}" burstiness=0.05)
  start_nbdkit "$name" ${rate:+--filter=rate} --filter=delay file "$image" "rdelay=${delay}ms" \
    "${rate[@]}"
}

# start_ready_daemon: returns when it has found libvirtd, too
start_ready_daemon() {
  start_daemon
  wait_until 30 virt-stream list
}

# remove_guest GUEST
remove_guest() {
  virsh -q destroy "$1"
  virsh -q undefine "$1"
}

# cpu_seconds PID...: what they have used so far
cpu_seconds() {
  local pid
  for pid; do
    cat "/proc/$pid/stat"
  done | awk -v hz="$(getconf CLK_TCK)" '{ sum += $14 + $15 } END { print sum / hz }'
}
