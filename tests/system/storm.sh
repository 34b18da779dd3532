# SPDX-License-Identifier: LGPL-2.1-or-later
# storm.sh: what the storms share: one thing after another, in random order, is done to a guest that
# writes while its disk is hydrated
# Sourced after functions.sh and hydration.sh. A storm is made of functions named do_...
# OPERATIONS, SEED and DELAY (of the source) can be set.

requires virt-stream nbdkit qemu-img

operations=${OPERATIONS:-6} delay=${DELAY:-10ms} seed=${SEED:-$$}
RANDOM=$seed
echo "SEED=$seed"

start_remote() {
  start_nbdkit remote --filter=delay file "$dir/linux/template.raw" rdelay="$delay"
}

# --- the guest's life: from its boot, on a new overlay, to the comparison of its disk ---

begin_life() {
  rm -f "$dir"/guest*.qcow2 "$dir"/guest.{log,acks}
  make_overlay "$dir/guest.qcow2" "$(nbd_uri remote)"
  images=0
  virsh -q start guest
  wait_line 120 guest "^guest: ready"
}

top_image() {
  virsh domblklist guest | awk '$1 == "vda" { print $2 }'
}

end_life() {
  local image
  image=$(top_image)
  guest_is guest "shut off" || virsh -q destroy guest
  wait_until 30 no_socket_is_left
  qemu_is_sound guest
  qemu-img check -q "$image"
  compare_linux guest "$image"
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

# backup_xml NAME MODE TO DISK [SERVER]
backup_xml() {
  cat > "$dir/$1.xml" << XML
<domainbackup mode='$2'>${5:-}
  <disks><disk name='$4' backup='yes' type='file'><$3 file='$dir/backup.qcow2'/></disk></disks>
</domainbackup>
XML
}

# --- the storm ---

is_whole() {
  [ -z "$(backing_file "$(top_image)")" ]
}

is_hydrated_or_whole() {
  is_hydrated guest || is_whole
}

# start_hydration: by us, or by somebody else; it may be under way
start_hydration() {
  until is_hydrated guest; do
    ! is_whole || renew_life
    if job_is_over guest; then
      if ((RANDOM % 2)); then
        virsh -q blockpull guest vda $((4 << RANDOM % 3))
      else
        virt-stream -q start guest vda --bandwidth $((4 << RANDOM % 3))M
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
  define_linux guest "$dir/guest.qcow2"
  # what a restored guest says and acknowledges comes after what it did before
  virsh dumpxml guest | sed -E "s#path='$dir/guest\.(log|acks)'#& append='on'#" > "$dir/guest.xml"
  virsh -q define "$dir/guest.xml"
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
  job_is_over guest || virsh -q blockjob guest vda --abort
  wait_until 30 nothing_is_left guest
  end_life
  stop_daemon
  assert_eq "$(find "$XDG_RUNTIME_DIR/libvirt" -name 'streamdisk*')" ""
}
