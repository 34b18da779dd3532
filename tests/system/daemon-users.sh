#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Who may do what: the system instance lets everybody look, and a group change; a session's lets in its
# own user and root alone. In namespaces, with a /run of its own; who is not root needs uids of his own
# in /etc/subuid.
if [ -z "${stay_root:-}" ]; then
  export stay_root=1
  [ "$(id -u)" != 0 ] || exec unshare --mount "$BASH" "$0"
  exec unshare --user --map-auto --map-root-user --mount "$BASH" "$0"
fi
source "$(dirname "$0")/functions.sh"
requires virtstreamd python3 setpriv unshare

# what the other users run has to be where they can read it
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/libvirt /run/build /run/tests
mount --bind "$BUILD_DIR" /run/build
mount --bind "$test_dir" /run/tests
export XDG_RUNTIME_DIR=/run PATH=/run/build/src/daemon:/usr/sbin:/usr/bin:/sbin:/bin
export PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=/run/tests/system

# one that looks, and then tries to stop a stream of a guest that nobody has
cat > /run/visit.py << 'PYTHON'
import struct, sys, rpc
try:
    client = rpc.Client(readonly=sys.argv[1] == "ro")
    client.call(rpc.LIST, bytes(4))
    print("looks, ", end="")
    client.call(rpc.STREAM_DISK,
                rpc.domain("0" * 32) + rpc.string("vda") + struct.pack(">QI", 0, rpc.STOP_FLAG))
except PermissionError:
    print("no permission")
except ConnectionError:
    print("closed")
except rpc.Error as error:
    print(error.args[1])
PYTHON

as() {
  setpriv "--reuid=$1" "--regid=$2" --clear-groups "${@:3}"
}

# visits UID GID SOCKET WHAT: this is what becomes of it, by the ro or rw socket of XDG_RUNTIME_DIR
visits() {
  assert_eq "$(as "$1" "$2" python3 /run/visit.py "$3")" "$4"
}

tries="looks, operation failed: virtstreamd is not connected to libvirt (qemu:///system)"
denied="looks, operation forbidden: read only access prevents virDomainStreamDisk"
group=$(id -gn 65534 2> /dev/null || echo nogroup)
gid=$(getent group "$group" | cut -d : -f 3)

# --- the system instance ---
echo "unix_sock_group = \"$group\"" > "$dir/system.conf"
start_daemon --config "$dir/system.conf"
assert_eq "$(stat -c '%a %U %G' /run/libvirt/virtstreamd-sock)" "770 root $group"
assert_eq "$(stat -c '%a' /run/libvirt/virtstreamd-sock-ro)" "777"
visits 0 0 rw "$tries"
visits 1001 "$gid" rw "$tries"
visits 1001 "$gid" ro "$denied"
visits 1002 1002 ro "$denied"
visits 1002 1002 rw "no permission"
stop_daemon

echo 'unix_sock_ro_perms = "0700"' >> "$dir/system.conf"
start_daemon --config "$dir/system.conf"
visits 1002 1002 ro "no permission"
visits 0 0 ro "$denied"
stop_daemon

# --- a session, whose files let everybody in ---
export XDG_RUNTIME_DIR=/run/session
mkdir -p /run/session/libvirt
chown -R 1001:1001 /run/session
cat > /run/session/session.conf << 'CONF'
unix_sock_rw_perms = "0777"
unix_sock_ro_perms = "0777"
log_level = 2
CONF
start_server daemon "$XDG_RUNTIME_DIR/libvirt/virtstreamd-sock" \
  setpriv --reuid=1001 --regid=1001 --clear-groups virtstreamd --config /run/session/session.conf
tries=${tries/system/session}
visits 1001 1001 rw "$tries"
visits 0 0 rw "$tries"
visits 1002 1002 rw "closed"
visits 1002 1002 ro "closed"
wait_line 10 daemon "client of pid [0-9]+ uid 1002 refused: this session is of uid 1001"
stop_daemon
