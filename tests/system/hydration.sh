# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2154 # what functions.sh has, too
# hydration.sh: what the tests of hydration share: seeing it in QEMU, and that nothing of it is left
# Sourced after functions.sh.

# qmp GUEST COMMAND: QEMU's reply
qmp() {
  virsh qemu-monitor-command "$1" "{\"execute\":\"$2\"}"
}

# is_hydrated GUEST [DISK]: QEMU exports the disk to us at this moment
is_hydrated() {
  [[ $(qmp "$1" query-block-exports) == *streamdisk-${2:-vda}* ]]
}

is_not_hydrated() {
  ! is_hydrated "$@"
}

# gives_reason GUEST REGEX: why its vda is not hydrated
gives_reason() {
  prints "^Not hydrated: .*$2" virt-stream info "$1" vda
}

# allocated IMAGE: bytes that it takes on its file system
allocated() {
  echo $(($(stat -c %b "$1") * 512))
}

# has_allocated IMAGE BYTES: at least
has_allocated() {
  (($(allocated "$1") >= $2))
}

# stays_within GUEST MIB: per second, job and hydration together, for some seconds
stays_within() {
  local image=$dir/$1.qcow2 bytes began=${EPOCHREALTIME/[.,]/} us
  bytes=$(allocated "$image")
  sleep 4
  bytes=$(($(allocated "$image") - bytes)) us=$((${EPOCHREALTIME/[.,]/} - began))
  ((bytes > 0 && bytes / us <= $2 * 3 / 2)) ||
    fail "$bytes bytes in $us µs, but at most $2 MiB per second"
}

job_is_over() {
  [[ $(virsh blockjob "$1" "${2:-vda}" 2> /dev/null) == *"No current block job"* ]]
}

# no_socket_is_left: of an NBD server of ours; no process has one, even if its file is gone
no_socket_is_left() {
  local sockets=$XDG_RUNTIME_DIR/libvirt/streamdisk
  ! grep -qF "$sockets/" /proc/net/unix && [ -z "$(find "$sockets" -type s 2> /dev/null)" ]
}

# nothing_is_left GUEST [DISK]: no job, no export, no NBD server
nothing_is_left() {
  job_is_over "$@" && is_not_hydrated "$@" && no_socket_is_left
}

# qemu_is_sound GUEST: it has not aborted, ever
qemu_is_sound() {
  ! grep -E "Assertion|Aborted|terminated|SIG(SEGV|ABRT)" "$HOME/.cache/libvirt/qemu/log/$1.log" |
    grep -v "terminating on signal 15"
}

# hydrate GUEST [OPTION...]: streams its vda, hydrated while the job alone would take long
hydrate() {
  virt-stream -q start "$1" vda --bandwidth 4M "${@:2}"
  wait_until 20 is_hydrated "$1"
  complete_stream "$1"
}

# complete_stream GUEST: that of its vda has no limit any more, and leaves nothing; then the guest ends
complete_stream() {
  virt-stream -q set "$1" vda --bandwidth 0
  wait_until 60 job_is_over "$1"
  wait_until 10 nothing_is_left "$1"
  qemu_is_sound "$1"
  virsh -q destroy "$1"
}

# image_has_no_errors IMAGE: of one whose QEMU may have been killed: clusters may have leaked, which loses
# nothing, since the tables that say of them were not written yet
image_has_no_errors() {
  local status=0
  qemu-img check "$1" > "$dir/check.out" 2>&1 || status=$?
  [ $status = 0 ] || [ $status = 3 ] || { cat "$dir/check.out"; return 1; }
}

# image_is_sound IMAGE TEMPLATE: its format is, and no byte differs from the raw template's
image_is_sound() {
  qemu-img check -q "$1" && qemu-img compare -q -F raw "$1" "$2"
}

# backup_xml MODE DISK: $dir/MODE.xml, for a backup in pull mode, served at nbd_uri backup, or in push mode
backup_xml() {
  local server='' image=target
  if [ "$1" = pull ]; then
    server="<server transport='unix' socket='$dir/backup.sock'/>" image=scratch
  fi
  cat > "$dir/$1.xml" << XML
<domainbackup mode='$1'>$server
  <disks><disk name='$2' backup='yes' type='file'><$image file='$dir/backup.qcow2'/></disk></disks>
</domainbackup>
XML
}
