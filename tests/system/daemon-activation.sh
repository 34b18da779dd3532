#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# virtstreamd with sockets from systemd, here played by a few lines of Python
source "$(dirname "$0")/functions.sh"
requires virtstreamd python3

run=$XDG_RUNTIME_DIR/libvirt
mkdir -p "$run"

# activate NAME:PATH...: becomes virtstreamd, with those listening sockets
cat > "$dir/activate" << 'PYTHON'
#!/usr/bin/env python3
import os, socket, sys
names, paths = zip(*(arg.split(":") for arg in sys.argv[1:]))
sockets = [socket.socket(socket.AF_UNIX) for _ in paths]
for i, (sock, path) in enumerate(zip(sockets, paths)):
    sock.bind(path)
    sock.listen()
    os.dup2(sock.fileno(), 10 + i)
for i in range(len(paths)):
    os.dup2(10 + i, 3 + i)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(paths)),
                  LISTEN_FDNAMES=":".join(names))
os.execvp("virtstreamd", ["virtstreamd", "--verbose"])
PYTHON
chmod +x "$dir/activate"

# --- both; the files are systemd's, and stay ---
start_server daemon "$run/virtstreamd-sock" "$dir/activate" \
  "virtstreamd-ro.socket:$run/virtstreamd-sock-ro" "virtstreamd.socket:$run/virtstreamd-sock"
wait_line 10 daemon "listening on the socket of virtstreamd.socket"
wait_line 10 daemon "listening on the socket of virtstreamd-ro.socket"
wait_line 10 daemon "client of pid [0-9]+ uid [0-9]+ connected$"
connects "$run/virtstreamd-sock-ro"
wait_line 10 daemon "client of pid [0-9]+ uid [0-9]+ connected read-only$"
stop_daemon
assert_eq "$(cd "$run" && echo *)" "virtstreamd-sock virtstreamd-sock-ro"

# --- one alone ---
start_server daemon "$dir/alone" "$dir/activate" "virtstreamd.socket:$dir/alone"
wait_line 10 daemon "serves qemu:///session"
stop_daemon

# --- what is not ours ---
run_fails 1 "systemd passes a socket named 'other.socket'" "$dir/activate" "other.socket:$dir/other"
