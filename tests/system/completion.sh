#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# bash completes virt-stream's commands, options and their values, and domains and disks if there are
# any; without a libvirtd it is silent, and starts none.
source "$(dirname "$0")/functions.sh"
requires virt-stream virsh qemu-img

set +u # bash-completion's own functions
source /usr/share/bash-completion/bash_completion ||
  fail "this test needs bash-completion: scripts/install-deps.sh"
set -u
# shellcheck source=../../bash-completion/virt-stream
source "$test_dir/../bash-completion/virt-stream"

# sorted: the lines of standard input, in one
sorted() {
  sed '/^$/d' | sort | paste -sd ' '
}

# completed LINE: what could be the last word of it, as bash splits a line
completed() {
  local COMP_LINE=$1 COMP_POINT=${#1} COMP_WORDS COMP_CWORD COMP_TYPE=9 COMP_KEY=9 COMPREPLY=()
  mapfile -t COMP_WORDS < <(grep -oE '[=:]+|[^ =:]+' <<< "$1")
  [[ $1 != *[\ =:] ]] || COMP_WORDS+=("")
  COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
  set +Eeu
  _virt_stream virt-stream "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]:-}"
  set -Eeu
  printf '%s\n' "${COMPREPLY[@]}" | sorted
}

# completes LINE WORDS
completes() {
  local found
  found=$(completed "$1")
  [ "$found" = "$2" ] || fail "'$1' is completed by '$found', not by '$2'"
}

# the same, told by the manual page
manual=$test_dir/../docs/manpages/virt-stream.1.rst
manual_commands() {
  sed -nE '/^COMMANDS$/,/^OPTIONS$/s/^``virt-stream ([a-z-]+)``.*/\1/p' "$manual"
}
manual_options() {
  sed -n "/^\`\`virt-stream $1\`\`/,/^$/p" "$manual" | grep -oE -- '--[a-z]+(-[a-z]+)*' | sort -u
}
commands=$(manual_commands | sorted)
completes "virt-stream " "$commands"
completes "virt-stream -c qemu:///session --json " "$commands"
completes "virt-stream st" "start stop"
completes "virt-stream x" ""
globals="--connect --help --json --quiet --readonly --version"
completes "virt-stream --" "$globals"
for command in $commands; do
  more=$globals
  [[ $command != block* ]] || more=
  completes "virt-stream -q $command --" "$({ manual_options "$command" || true; tr ' ' '\n' <<< "$more"; } | sorted)"
done
completes "virt-stream start guest vda --ver" "--verbose --version"
completes "virt-stream events --event " "completed failed progress started stopped"
completes "virt-stream info --h" "--help --hmp"
completes "virt-stream events --event=st" "started stopped"
completes "virt-stream -c " "qemu:///session qemu:///system"
completes "virt-stream --connect=qemu:///s" "///session ///system"
completes "virt-stream start guest vda --bandwidth " ""

# --- no libvirtd, and none is started ---
completes "virt-stream start " ""
completes "virt-stream start guest " ""
! connects "$XDG_RUNTIME_DIR/libvirt/libvirt-sock" 2> "$dir/connects.log" || fail "there is a libvirtd"

start_libvirtd
for name in one other; do
  qemu-img create -q -f qcow2 "$dir/$name.qcow2" 1M
  qemu-img create -q -f qcow2 "$dir/$name-b.qcow2" 1M
  start_guest $name "$dir/$name.qcow2" "$dir/$name-b.qcow2"
done
define_guest off "$dir/off.qcow2"
completes "virt-stream start " "one other"
completes "virt-stream start ot" "other"
completes "virt-stream --connect=qemu:///session info o" "one other"
completes "virt-stream -c qemu:///session set one " "vda vdb"
completes "virt-stream -c test:///default start " "test"
completes "virt-stream -c qemu:///nonsense start " ""
completes "virt-stream start nobody " ""
completes "virt-stream start --bandwidth 10M one vd" "vda vdb"
completes "virt-stream start one vda " ""
completes "virt-stream events " "one other"
completes "virt-stream events one " ""
completes "virt-stream list " ""
completes "virt-stream blockpull one " "vda vdb"
completes "virt-stream blockpull --domain " "one other"
completes "virt-stream blockpull --domain one --path " "vda vdb"
completes "virt-stream blockjob --domain=other vdb" "vdb"
completes "virt-stream blockjob --domain=o" "one other"
