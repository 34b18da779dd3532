#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A hydrated job ends by itself, and within milliseconds somebody who was told so saves the guest:
# QEMU survives it, and the image is right.
# ROUNDS and DELAY (of the source) can be set.
source "$(dirname "$0")/functions.sh"
source "$(dirname "$0")/hydration.sh"
requires virt-stream nbdkit qemu-img

rounds=${ROUNDS:-5} delay=${DELAY:-5ms}
image=$dir/guest.qcow2

# A shell of virsh's that runs already does it as soon as another tells of the end of a pull
save_at_each_end() {
  tail -f --pid="${pids[events]}" "$dir/events.log" |
    sed -unE "s|.*event 'block-job' .*Block Pull for .* completed|save guest $dir/saved|p" |
    setsid --wait virsh > "$dir/saves.log" 2>&1
}

begin() {
  rm -f "$image" "$dir/saved"
  make_overlay "$image" "$(nbd_uri remote)"
  virsh -q start guest
}

is_saved() {
  guest_is guest "shut off" && [ -e "$dir/saved" ]
}

start_nbdkit remote --filter=delay pattern 24M rdelay="$delay"
start_nbdkit near pattern 24M
start_libvirtd
start_daemon
define_guest guest "$image"
begin
watch_events guest
save_at_each_end &
saver=$!
virsh -q destroy guest

for ((round = 0; round < rounds; round++)); do
  begin
  virsh -q blockpull guest vda
  wait_until 60 is_saved
  qemu_is_sound guest
  assert_eq "$(backing_file "$image")" ""
  image_is_sound "$image" "$(nbd_uri near)"
  wait_until 30 no_socket_is_left
  # it is whole: what was saved runs on it
  virsh -q restore "$dir/saved"
  virsh -q destroy guest
done
end_process events TERM || true
wait $saver
stop_daemon
echo "delay $delay: saved $rounds times"
