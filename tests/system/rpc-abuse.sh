#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Whatever a client sends, virtstreamd stays, serves the others, and forgets it.
source "$(dirname "$0")/functions.sh"
requires virt-stream nbdkit qemu-img python3
export PYTHONDONTWRITEBYTECODE=1

start_nbdkit remote --filter=delay pattern size=1G rdelay=400ms
make_overlay "$dir/overlay.qcow2" "$(nbd_uri remote)"
start_libvirtd
start_guest guest "$dir/overlay.qcow2"

cat > "$dir/abuse.conf" << CONF
max_clients = 20
max_readonly_clients = 20
log_level = 4
CONF
start_daemon --config "$dir/abuse.conf"
"$test_dir/system/rpc-abuse.py" "${pids[daemon]}" "$(virsh domuuid guest | xargs)" 20
run_fails 0 "Domain +Disk" virt-stream list
stop_daemon
