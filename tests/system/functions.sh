# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# functions.sh: what the system tests share; each sources this file first, and runs through ./run
#
# A test has a directory of its own, $dir, in which a libvirt session of its own lives, so that
# tests run side by side and touch nothing else on the machine. All of it runs as an ordinary user:
# as root, the test starts itself again as 'nobody'. Whatever way the test ends, every process that
# it started is ended and $dir is removed; when it fails, the logs are printed before.
#
# Two things have a name and are ended by it: processes ("daemon") and guests ("demo").
# The log of a process is $dir/NAME.log.

set -eEu -o pipefail

test_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

if [ "$(id -u)" = 0 ] && [ -z "${stay_root:-}" ]; then
  drop=(setpriv --reuid=nobody "--regid=$(id -g nobody)" --clear-groups)
  # a tree that only root can read, such as a checkout below /root
  LD_PRELOAD="" "${drop[@]}" test -r "$test_dir" ||
    drop+=(--inh-caps=+dac_read_search --ambient-caps=+dac_read_search)
  exec "${drop[@]}" "$BASH" "$0" "$@"
fi

complain() {
  echo "FAILED: $*" | tee -a "$dir/complaints" >&2
}

fail() {
  complain "$@"
  exit 1
}

# requires COMMAND...: a test never passes, or is left out, because something is missing
requires() {
  local command
  for command; do
    type -P "$command" > /dev/null || fail "this test needs '$command': scripts/install-deps.sh"
  done
}

# --- begin and end ---

# paths of sockets are limited to 107 bytes, so the directory's is short
dir=$(mktemp -d "${TMPDIR:-/tmp}/vsd.XXXXXX")
mkdir -p "$dir/run" "$dir/home/.config/libvirt"
echo 'stdio_handler = "file"' > "$dir/home/.config/libvirt/qemu.conf" # no virtlogd

export HOME=$dir/home XDG_RUNTIME_DIR=$dir/run
export SHELL=$BASH # the one that passwd has for nobody runs nothing
export LIBVIRT_DEFAULT_URI=qemu:///session
export LIBVIRT_AUTOSTART=0 # a libvirtd that is down stays down until the test starts it
unset XDG_CONFIG_HOME XDG_CACHE_HOME XDG_DATA_HOME

declare -A pids=()
cleanups=()

# cleanup_fn COMMAND...: run at the end, the last one first
cleanup_fn() {
  cleanups=("$*" "${cleanups[@]}")
}

# what was complained of comes last, and is not lost when only the end is shown
print_logs() {
  local log
  for log in "$dir"/*.log "$HOME"/.cache/libvirt/{,qemu/log/}*.log; do
    [ -s "$log" ] || continue
    echo "--- ${log##*/}"
    grep -vE '^(-|[A-Z_]+=|/usr/bin/qemu)' "$log" | tail -n 40 # without QEMU's command line
  done >&2
  # a sanitizer's reports, whole
  sed -n '/^WARNING: ThreadSanitizer\|ERROR: AddressSanitizer/,/^SUMMARY/p' "$dir"/*.log \
    2> /dev/null | head -n 200 >&2
  cat "$dir/complaints" >&2
}

finish() {
  local status=$? command name file
  trap - EXIT ERR
  trap '' INT TERM
  set +e
  [ $status = 0 ] || [ $status = 130 ] || print_logs
  for command in "${cleanups[@]}"; do
    eval "$command"
  done
  for name in "${!pids[@]}"; do
    end_process "$name" KILL 2> /dev/null
  done
  while read -r file; do
    kill -KILL "$(cat "$file")"
  done < <(find "$dir/run" -path '*/qemu/run/*.pid' ! -name driver.pid)
  rm -rf "$dir"
  exit $status
}

trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'complain "${BASH_SOURCE[0]}:$LINENO: $BASH_COMMAND"' ERR

# --- waiting and checking ---

# wait_until SECONDS COMMAND...: until it succeeds; the only place that polls
wait_until() {
  local seconds=$1 end=$((SECONDS + $1 + 1))
  shift
  until "$@" > /dev/null 2>&1; do
    ((SECONDS < end)) || fail "waited $seconds s in vain for: $*"
    sleep 0.05
  done
}

# wait_line SECONDS LOG REGEX: until $dir/LOG.log has such a line
wait_line() {
  wait_until "$1" grep -qE -- "$3" "$dir/$2.log"
}

assert_eq() {
  [ "$1" = "$2" ] || fail "'$1' is not '$2'"
}

# assert_match FILE REGEX: some line of the file
assert_match() {
  grep -qE -- "$2" "$1" || fail "no line of '$1' matches '$2': $(cat "$1")"
}

# assert_json EXPRESSION: true, in Python, of "it", the JSON on standard input
assert_json() {
  python3 -c '
import json, sys
it = json.load(sys.stdin)
sys.exit(0 if eval(sys.argv[1]) else f"not true: {sys.argv[1]}: {it}")' "$1"
}

# prints REGEX COMMAND...: some line of its output matches; all of it is read, lest a pipe breaks
prints() {
  local output
  output=$("${@:2}") || true
  grep -qE -- "$1" <<< "$output"
}

# run_fails CODE REGEX COMMAND...: it exits with CODE, and some line that it prints matches
run_fails() {
  local code=$1 regex=$2 status=0
  shift 2
  "$@" > "$dir/run_fails.out" 2>&1 < /dev/null || status=$?
  [ $status = "$code" ] || fail "exit status $status, not $code: $*: $(cat "$dir/run_fails.out")"
  assert_match "$dir/run_fails.out" "$regex"
}

# python ARGUMENT...: the distribution's, which has the module libvirt; a sanitizer that our library
# was built with has to be loaded first, and to find there what it intercepts of libtirpc; it would
# report what Python itself never frees
python() {
  local preload
  preload=$(ldd "$BUILD_DIR/src/libvirt-streamdisk.so.0" | awk '
    /libasan/ { sanitizer = $3 }
    /libtirpc/ { rpc = $3 }
    END { if (sanitizer) print sanitizer " " rpc }')
  LD_PRELOAD="$preload${LD_PRELOAD:+ $LD_PRELOAD}" \
    ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0" /usr/bin/python3 "$@"
}

# --- processes ---

# start_process NAME COMMAND...: in the background
start_process() {
  local name=$1
  shift
  : > "$dir/$name.log" # what one of this name before has said is not waited for
  "$@" > "$dir/$name.log" 2>&1 &
  pids[$name]=$!
}

# end_process NAME SIGNAL: returns its exit status
end_process() {
  local pid=${pids[$1]}
  unset "pids[$1]"
  kill "-$2" "$pid"
  wait "$pid" 2> /dev/null
}

connects() {
  python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).connect(sys.argv[1])' "$1"
}

# start_server NAME SOCKET COMMAND...: in the background, and waits until it accepts connections
start_server() {
  local name=$1 socket=$2
  shift 2
  start_process "$name" "$@"
  wait_until 30 accepts_or_ended "$name" "$socket"
  kill -0 "${pids[$name]}" 2> /dev/null || fail "'$name' did not start: $*"
}

accepts_or_ended() {
  connects "$2" || ! kill -0 "${pids[$1]}"
}

# without a terminal, on which it would ask polkit for leave
virsh() {
  setsid --wait virsh "$@"
}

start_libvirtd() {
  requires libvirtd virsh
  start_server libvirtd "$XDG_RUNTIME_DIR/libvirt/libvirt-sock" libvirtd
}

stop_libvirtd() {
  end_process libvirtd TERM
}

kill_libvirtd() {
  end_process libvirtd KILL || true
}

# start_daemon [OPTION...]: virtstreamd of the build directory
start_daemon() {
  requires virtstreamd
  start_server daemon "$XDG_RUNTIME_DIR/libvirt/virtstreamd-sock" virtstreamd "$@"
}

# a clean end is part of what is tested
stop_daemon() {
  end_process daemon TERM || fail "virtstreamd ended with exit status $?"
}

kill_daemon() {
  end_process daemon KILL || true
}

# start_nbdkit NAME ARGUMENT...: a remote at nbd_uri NAME; options, plugin and parameters in
# nbdkit's order: start_nbdkit remote --filter=delay file $dir/template.raw rdelay=10ms
start_nbdkit() {
  local name=$1
  shift
  requires nbdkit
  rm -f "$dir/$name.sock" # a killed one leaves it behind
  start_server "$name" "$dir/$name.sock" \
    nbdkit --foreground --readonly --unix "$dir/$name.sock" "$@"
}

# stop_nbdkit NAME: the remote is gone at once; after TERM it would wait for its clients
stop_nbdkit() {
  end_process "$1" KILL || true
}

nbd_uri() {
  echo "nbd+unix:///?socket=$dir/$1.sock"
}

# watch_events GUEST: from now on $dir/events.log has what virsh sees of all guests; GUEST runs
watch_events() {
  start_process events setsid stdbuf -oL virsh event --all --loop
  wait_until 30 provoke_event "$1"
}

provoke_event() {
  virsh metadata "$1" --uri urn:functions --key functions --set '<watch/>' --live
  grep -q "metadata-change" "$dir/events.log"
}

# --- images ---

# make_template IMAGE MIB [half]: random bytes, always the same, in the format of the name's ending;
# of half, every second MiB is a hole
make_template() {
  local image=$1 mib=$2 at
  python3 "$test_dir/guest/random-bytes.py" 3 "$mib" > "$image.bytes"
  if [ "${3:-}" = half ]; then
    for ((at = 1; at < mib; at += 2)); do
      fallocate --punch-hole --offset $((at << 20)) --length $((1 << 20)) "$image.bytes"
    done
  fi
  qemu-img convert -f raw -O "${image##*.}" "$image.bytes" "$image"
  rm "$image.bytes"
}

# make_overlay IMAGE BACKING [FORMAT]: thin, in the format of its name's ending; BACKING's is raw
# or FORMAT
make_overlay() {
  qemu-img create -q -f "${1##*.}" -b "$2" -F "${3:-raw}" "$1"
}

# backing_file IMAGE: nothing when it stands alone
backing_file() {
  qemu-img info --force-share --output=json "$1" |
    python3 -c 'import json, sys; print(json.load(sys.stdin).get("backing-filename", ""))'
}

# --- encrypted images ---

declare -A secrets=() # the UUIDs that libvirt has given them

# define_secret NAME: libvirt keeps it as secrets[NAME], its value is $dir/NAME.key
define_secret() {
  printf '%s' "the key of the $1" > "$dir/$1.key"
  cat > "$dir/secret.xml" << XML
<secret ephemeral='no' private='yes'><usage type='volume'><volume>$1</volume></usage></secret>
XML
  virsh secret-define "$dir/secret.xml" > "$dir/secret"
  secrets[$1]=$(sed -nE 's/^Secret ([0-9a-f-]+) .*/\1/p' "$dir/secret")
  virsh -q secret-set-value "${secrets[$1]}" --file "$dir/$1.key" --plain
}

# encryption_xml SECRET: of an image
encryption_xml() {
  echo "<encryption format='luks'><secret type='passphrase' uuid='${secrets[$1]}'/></encryption>"
}

# key_object SECRET: for the --object of qemu-img
key_object() {
  echo "secret,id=$1,file=$dir/$1.key"
}

# luks_options SECRET: for the -o of qemu-img create, which gauges the processor, and gives up if the
# kernel has not counted any time by then: wait_until is what helps
luks_options() {
  echo "encrypt.format=luks,encrypt.key-secret=$1,encrypt.iter-time=10"
}

# --- guests ---

# disks_xml IMAGE...: vda, vdb, ... in the format of the name's ending
disks_xml() {
  local image letters=abcdefghijklmnop
  for image; do
    cat << XML
    <disk type='file' device='disk'>
      <driver name='qemu' type='${image##*.}'/>
      <source file='$image'/>
      <target dev='vd${letters:0:1}' bus='virtio'/>
    </disk>
XML
    letters=${letters:1}
  done
}

# define_domain NAME MIB OS DEVICES [MACHINE [ELEMENTS]]: OS, DEVICES and ELEMENTS in XML; no USB, if
# DEVICES has none
define_domain() {
  local usb="<controller type='usb' model='none'/>"
  [[ $4 != *"type='usb'"* ]] || usb=
  cat > "$dir/$1.xml" << XML
<domain type='qemu'>
  <name>$1</name>
  <memory unit='MiB'>$2</memory>
  <os><type arch='x86_64' machine='${5:-pc}'>hvm</type>$3</os>
  <features><acpi/></features>
  ${6:-}
  <devices>
$4
    $usb
    <serial type='file'><source path='$dir/$1.log' append='on'/></serial>
    <memballoon model='none'/>
  </devices>
</domain>
XML
  requires qemu-system-x86_64
  virsh -q define "$dir/$1.xml" > /dev/null
}

# define_guest NAME IMAGE...: one whose disks matter, not what runs in it: it finds nothing to boot
define_guest() {
  local name=$1
  shift
  define_domain "$name" 16 "" "$(disks_xml "$@")"
}

# start_guest NAME IMAGE...: as define_guest, and runs
start_guest() {
  define_guest "$@"
  virsh -q start "$1"
}

# guest_is NAME STATE: as virsh domstate says it
guest_is() {
  [ "$(virsh domstate "$1")" = "$2" ]
}

# has_ended NAME: libvirt knows of no QEMU of the guest
has_ended() {
  [ ! -e "$XDG_RUNTIME_DIR/libvirt/qemu/run/$1.pid" ]
}

# image_index GUEST IMAGE: the N of vda[N], by which libvirt knows an image of the running guest
image_index() {
  virsh dumpxml "$1" | python3 -c '
import sys, xml.etree.ElementTree
for image in xml.etree.ElementTree.parse(sys.stdin).iter():
    if image.find("source") is not None and image.find("source").get("file") == sys.argv[1]:
        print(image.get("index", image.find("source").get("index")))' "$2"
}

# --- guests that run Linux: tests/guest ---

# make_linux MIB: kernel, initramfs and template.raw, of so many MiB, in $dir/linux
make_linux() {
  "$test_dir/guest/make-guest.sh" "$BUILD_DIR/tests/guest/guest_init" "$dir/linux" "$1"
}

# define_linux NAME IMAGE: one on an overlay of the template
define_linux() {
  define_linux_domain "$1" "$(disks_xml "$2")"
}

# define_linux_domain NAME DEVICES [MACHINE [ELEMENTS]]: one that finds its disk on any bus; its words
# are in $dir/NAME.log, the acknowledgements of its writes in $dir/NAME.acks, where those of a restored
# guest go on. Without no_timer_check a loaded machine's late timer is a broken one to the kernel, which
# then stops.
# libvirt numbers the ports in the order of the channels
define_linux_domain() {
  mkfifo "$dir/$1.commands"
  define_domain "$1" 192 "
    <kernel>$dir/linux/vmlinuz</kernel>
    <initrd>$dir/linux/initramfs</initrd>
    <cmdline>console=ttyS0 quiet no_timer_check</cmdline>" "$2
    <channel type='pipe'>
      <source path='$dir/$1.commands'/>
      <target type='virtio' name='commands'/>
    </channel>
    <channel type='file'>
      <source path='$dir/$1.acks' append='on'/>
      <target type='virtio' name='acks'/>
    </channel>" "${@:3}"
}

# start_linux NAME IMAGE: as define_linux, and boots it until its writer works
start_linux() {
  define_linux "$@"
  virsh -q start "$1"
  wait_linux "$1" 120 "ready"
}

# answered_or_ended NAME REGEX: a guest that has ended will not answer any more
answered_or_ended() {
  grep -qE "^guest: $2" "$dir/$1.log" || has_ended "$1"
}

# wait_linux NAME SECONDS REGEX: until it says so
wait_linux() {
  wait_until "$2" answered_or_ended "$1" "$3"
  assert_match "$dir/$1.log" "^guest: $3"
}

# tell_linux NAME COMMAND SECONDS REGEX: sends verify, stop or poweroff; waits for such an answer
tell_linux() {
  echo "$2" 1<> "$dir/$1.commands" # does not wait for a reader, who may be gone
  wait_linux "$1" "$3" "$4"
}

# verify_linux NAME: the running guest checks all its files and its own writes
verify_linux() {
  tell_linux "$1" verify 600 "verify (OK|FAILED)"
  ! grep -E "^guest: (verify FAILED|error)" "$dir/$1.log" || fail "the guest '$1' found wrong data"
}

# stop_linux NAME: its writer stops, it powers off
stop_linux() {
  tell_linux "$1" stop 60 "stopped"
  echo poweroff 1<> "$dir/$1.commands"
  wait_until 60 guest_is "$1" "shut off"
}

# compare_linux NAME IMAGE [OPTION...]: the image of the guest, now off, is the template and the guest's
# writes; options of qemu-img, which says how it is opened
compare_linux() {
  qemu-img convert "${@:3}" -O raw "$2" "$dir/$1.final"
  "$test_dir/guest/guest-compare.py" "$dir/linux/template.raw" "$dir/$1.final" "$dir/$1.acks"
  rm "$dir/$1.final"
}
