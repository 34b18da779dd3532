#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""fake-daemon.py BEHAVIOUR: listens in virtstreamd's place, and answers each client with:

other-version  that there is no such program, as a daemon of another protocol version does
garbage        bytes that are no message
half           the first half of a reply
nonsense       a reply that cannot be decoded, to all but CONNECT_OPEN
nothing        the end of the connection
"""
import os
import socket
import struct
import sys

import rpc


def error(text):
    return (struct.pack(">iiI", 39, 7, 1) + rpc.string(text) +
            struct.pack(">iIIIIiiI", 2, 0, 0, 0, 0, -1, -1, 0))


def answer(behaviour, proc, serial):
    ok = rpc.message(proc, type=rpc.REPLY, serial=serial)
    return {
        "other-version": rpc.message(
            proc, error(f"Cannot find program {rpc.PROGRAM} version {rpc.VERSION}"),
            type=rpc.REPLY, serial=serial, status=1),
        "garbage": b"HTTP/1.1 400 Bad Request\r\n\r\n",
        "half": ok[:14],
        "nonsense": ok if proc == rpc.OPEN else rpc.message(proc, b"\xff" * 8, type=rpc.REPLY,
                                                            serial=serial),
        "nothing": b"",
    }[behaviour]


def serve(peer, behaviour):
    while (call := peer.receive()) is not None:
        peer.send(answer(behaviour, call[1], call[2]))
        if behaviour in ("half", "nothing"):
            return


path = os.path.join(rpc.DIRECTORY, "virtstreamd-sock")
if os.path.exists(path):
    os.unlink(path)
server = socket.socket(socket.AF_UNIX)
server.bind(path)
server.listen()
while True:
    client = rpc.Peer(server.accept()[0])
    serve(client, sys.argv[1])
    client.close()
