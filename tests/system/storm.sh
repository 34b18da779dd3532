# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2154 # what functions.sh has, too
# storm.sh: what the storms share: one thing after another, in random order, is done to a guest that
# writes while its disk is hydrated
# Sourced after functions.sh and hydration.sh. A storm is made of functions named do_...
# OPERATIONS, SEED, DELAY (of the source) and GUEST (which matrix_guests.py would draw) can be set.
source "$(dirname "${BASH_SOURCE[0]}")/drawn-guest.sh"

requires virt-stream nbdkit qemu-img qemu-io

operations=${OPERATIONS:-6} delay=${DELAY:-10ms} seed=${SEED:-$$}
RANDOM=$seed
echo "SEED=$seed"

# what the operations can bear: one disk, there from the beginning, whose images are files that are not
# encrypted; no iothread, with which QEMU 7.2 does not survive hydration; no cache that writes through, which
# IDE and SATA disks of QEMU forget when they are restored
bearable=(plug=cold overlay=file encryption=none other=none "throttle=none,own" iothread=none backup=none
  tail=no "cache=default,none,writeback,unsafe") # the pulls of others, which storms begin too, let the guest read garbage there for a moment
drawn=${GUEST-$(draw_guests --seed "$seed" --guests 1 "${bearable[@]}")}
echo "GUEST='$drawn'"
# shellcheck disable=SC2086 # FACET=VALUE...
take_guest $drawn

# --- the guest's life: from its boot, on a new overlay, to the comparison of its disk ---

begin_life() {
  rm -f "$dir"/guest*.qcow2 "$dir"/guest.{log,acks}
  make_images guest
  # shellcheck disable=SC2034 # hydrate-storm.sh's
  images=0
  boot_drawn guest
}

top_image() {
  virsh domblklist guest | awk -v disk="$disk" '$1 == disk { print $2 }'
}

end_life() {
  local image
  image=$(top_image)
  guest_is guest "shut off" || virsh -q destroy guest
  wait_until 30 no_socket_is_left
  qemu_is_sound guest
  image_has_no_errors "$image"
  compare_linux guest "$image"
  virsh -q undefine guest
  virsh -q define "$dir/guest.xml"
}

renew_life() {
  end_life
  begin_life
}

# restored: what was saved runs again
restored() {
  wait_until 30 no_socket_is_left
  virsh -q restore "$dir/saved"
}

# --- the storm ---

is_whole() {
  [ -z "$(backing_file "$(top_image)")" ]
}

is_hydrated_or_whole() {
  is_hydrated guest "$disk" || is_whole
}

# start_hydration: by us, or by somebody else; it may be under way
start_hydration() {
  until is_hydrated guest "$disk"; do
    ! is_whole || renew_life
    if job_is_over guest "$disk"; then
      if ((RANDOM % 2)); then
        virsh -q blockpull guest "$disk" $((4 << RANDOM % 3))
      else
        virt-stream -q start guest "$disk" --bandwidth $((4 << RANDOM % 3))M
      fi
    fi
    wait_until 60 is_hydrated_or_whole
  done
  sleep "0.$((RANDOM % 5))"
}

run_storm() {
  local operation kind kinds
  make_linux 256
  start_remote
  start_libvirtd
  echo 'log_filters = "1:qemu"' > "$HOME/.config/libvirt/virtstreamd.conf"
  start_daemon
  define_drawn guest
  begin_life

  mapfile -t kinds < <(compgen -A function do_)
  for ((operation = 0; operation < operations; operation++)); do
    kind=${kinds[RANDOM % ${#kinds[@]}]}
    start_hydration
    echo "$operation: ${kind#do_}"
    $kind
    qemu_is_sound guest
  done
  verify_linux guest
  job_is_over guest "$disk" || virsh -q blockjob guest "$disk" --abort
  wait_until 30 nothing_is_left guest "$disk"
  end_life
  stop_daemon
  assert_eq "$(find "$XDG_RUNTIME_DIR/libvirt" -name 'streamdisk*')" ""
}
