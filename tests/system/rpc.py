# SPDX-License-Identifier: LGPL-2.1-or-later
"""rpc.py: virtstreamd's messages by hand, for peers that behave as ours never do"""
import os
import socket
import struct

PROGRAM, VERSION = 0x20005D15, 1
OPEN, STREAM_DISK, INFO, START, SET, STATS, LIST, SUBSCRIBE, UNSUBSCRIBE, EVENT = range(1, 11)
CALL, REPLY, MESSAGE, STREAM = range(4)
KEEPALIVE = 0x6B656570
PING = 1

START_FLAG, STOP_FLAG = 1, 2
DIRECTORY = os.path.join(os.environ["XDG_RUNTIME_DIR"], "libvirt")


def string(text):
    data = text.encode()
    return struct.pack(">I", len(data)) + data + bytes(-len(data) % 4)


def domain(uuid, name="guest"):
    return string(name) + bytes.fromhex(uuid.replace("-", "")) + struct.pack(">i", 1)


def message(proc, payload=b"", prog=PROGRAM, vers=VERSION, type=CALL, serial=1, status=0):
    header = struct.pack(">IIiIII", prog, vers, proc, type, serial, status)
    return struct.pack(">I", 4 + len(header) + len(payload)) + header + payload


class Error(Exception):
    """what the peer answered instead of a result: (code, text)"""


class Peer:
    """one end of a connection; at the end of the stream receive() returns None"""

    def __init__(self, sock):
        self.sock = sock
        self.serial = 0

    def close(self):
        self.sock.close()

    def send(self, data):
        """False if the other side has closed"""
        try:
            self.sock.sendall(data)
            return True
        except (BrokenPipeError, ConnectionResetError):
            return False

    def read(self, size):
        data = b""
        try:
            while len(data) < size:
                piece = self.sock.recv(size - len(data))
                if not piece:
                    return None
                data += piece
        except ConnectionResetError:
            return None
        return data

    def receive(self):
        """(type, proc, serial, status, payload) of the next message, keepalive left out"""
        while (length := self.read(4)) is not None:
            data = self.read(struct.unpack(">I", length)[0] - 4)
            if data is None:
                return None
            prog, _, proc, type, serial, status = struct.unpack(">IIiIII", data[:24])
            if prog != KEEPALIVE:
                return type, proc, serial, status, data[24:]
        return None

    def is_closed(self):
        """waits for the other side to close, whatever else it says before"""
        while self.receive() is not None:
            pass
        return True


class Client(Peer):
    def __init__(self, open=True, readonly=False, timeout=20):
        super().__init__(socket.socket(socket.AF_UNIX))
        self.sock.settimeout(timeout)
        self.sock.connect(os.path.join(DIRECTORY, "virtstreamd-sock" + ("-ro" if readonly else "")))
        if open:
            self.call(OPEN, bytes(4))

    def call(self, proc, payload=b"", **header):
        """the reply's payload"""
        self.serial += 1
        self.send(message(proc, payload, serial=self.serial, **header))
        while (reply := self.receive()) is not None:
            type, _, serial, status, data = reply
            if type == REPLY and serial == self.serial:
                if status == 0:
                    return data
                code, _, present, length = struct.unpack(">iiII", data[:16])
                raise Error(code, data[16:16 + length].decode() if present else "")
        raise ConnectionError("closed instead of a reply")
