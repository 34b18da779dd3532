#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What QEMU has of virtstreamd is given back also if that could not be done in time: since the guest was
# silent, virtstreamd killed, or libvirtd.
source "$(dirname "$0")/functions.sh"
source "$(dirname "$0")/hydration.sh"
requires virt-stream nbdkit qemu-img

# start_life: of a guest whose stream is slow, and hydrated
start_life() {
  make_overlay "$dir/guest.qcow2" "$(nbd_uri remote)"
  start_guest guest "$dir/guest.qcow2"
  virt-stream -q start guest vda --bandwidth 1M
  wait_until 20 is_hydrated guest
}

# end_life: others can do what they want
end_life() {
  job_is_over guest || virt-stream -q stop guest vda
  wait_until 10 nothing_is_left guest
  virsh -q blockresize guest vda 128M
  qemu_is_sound guest
  virsh -q destroy guest
  virsh -q undefine guest
  rm "$dir/guest.qcow2"
}

qemu_pid() {
  cat "$XDG_RUNTIME_DIR/libvirt/qemu/run/guest.pid"
}

start_nbdkit remote --filter=delay pattern 64M rdelay=10ms
start_libvirtd
start_daemon

# --- the guest is silent for longer than the 30 s that libvirt waits for another call of it to end; the
# stream is stopped meanwhile ---
start_life
pid=$(qemu_pid)
cleanup_fn "kill -CONT $pid 2> /dev/null || true"
kill -STOP "$pid"
virt-stream -q stop guest vda > "$dir/stop.log" 2>&1 &
sleep 45
kill -CONT "$pid"
wait $! || job_is_over guest || virt-stream -q stop guest vda
end_life

# --- virtstreamd is killed; the next one is not to hydrate ---
start_life
kill_daemon
echo "hydrate = 0" > "$HOME/.config/libvirt/virtstreamd.conf"
start_daemon
wait_until 10 is_not_hydrated guest
wait_until 10 no_socket_is_left
end_life
stop_daemon
rm "$HOME/.config/libvirt/virtstreamd.conf"
start_daemon

# --- libvirtd is killed while hydration begins ---
for round in 1 2 3 4 5; do
  make_overlay "$dir/guest.qcow2" "$(nbd_uri remote)"
  start_guest guest "$dir/guest.qcow2"
  virsh -q blockpull guest vda 1
  sleep "0.0$((RANDOM % 10))"
  kill_libvirtd
  start_libvirtd
  wait_until 20 is_hydrated guest
  end_life
  echo "round $round"
done
stop_daemon
