#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""rpc-abuse.py PID UUID MAX_CLIENTS: all that a client can do wrong to the virtstreamd of that PID

UUID is a guest's, whose disk vda has a backing image. A connection that no rule covers is closed,
or gets an error; another client is served all the while; afterwards the guest runs, and when it is
destroyed the daemon has the descriptors it had before, and hardly more memory. ABUSE_SEED and
ABUSE_FUZZ (messages) change the random part.
"""
import os
import random
import socket
import struct
import subprocess
import sys
import time

import rpc
from rpc import CALL, MESSAGE, REPLY, STREAM, Client, domain, message, string

pid, uuid, max_clients = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
seed = int(os.environ.get("ABUSE_SEED", time.time()))
fuzz = int(os.environ.get("ABUSE_FUZZ", 2000))
vda = domain(uuid) + string("vda")
RPC, DENIED = 39, 29


def refused(code, text, call):
    try:
        call()
    except rpc.Error as error:
        assert error.args[0] == code and text in error.args[1], error
    else:
        raise AssertionError(f"not refused: {text}")


def closes(data, readonly=False):
    client = Client(readonly=readonly)
    client.send(data)
    assert client.is_closed()
    client.close()


def lengths():
    for length in 0, 1, 4, 27, 256 * 1024 + 1, 32 * 1024 * 1024 + 5, 0x80000000, 0xFFFFFFFF:
        closes(struct.pack(">I", length) + bytes(64))
    client = Client()  # the longest that is allowed
    refused(RPC, "Unable to decode", lambda: client.call(rpc.LIST, bytes(256 * 1024 - 28)))
    client.close()


def headers():
    closes(message(rpc.LIST, type=7))
    closes(message(rpc.LIST, type=0xFFFFFFFF))
    closes(message(rpc.LIST, status=3))
    client = Client()
    refused(RPC, "Cannot find program 1 version 1", lambda: client.call(rpc.LIST, prog=1))
    refused(RPC, "version 2", lambda: client.call(rpc.LIST, vers=2))
    for proc in 0, -1, rpc.EVENT, 11, 0x7FFFFFFF:
        refused(RPC, f"unknown procedure: {proc}", lambda: client.call(proc))
    for type in REPLY, MESSAGE, STREAM, 4, 5, 6:  # nobody waits for these
        client.send(message(rpc.LIST, type=type))
    client.call(rpc.LIST, bytes(4))
    client.close()


def order():
    client = Client(open=False)
    for proc in range(rpc.STREAM_DISK, rpc.EVENT):
        refused(RPC, "authentication required", lambda: client.call(proc, vda + bytes(12)))
    refused(8, "unsupported flags", lambda: client.call(rpc.OPEN, b"\xff\xff\xff\xff"))
    client.call(rpc.OPEN, bytes(4))
    client.call(rpc.OPEN, bytes(4))
    client.call(rpc.LIST, bytes(4))
    refused(55, "not subscribed", lambda: client.call(rpc.UNSUBSCRIBE))
    client.close()


def arguments():
    whole = vda + struct.pack(">QI", 0, rpc.STOP_FLAG)
    claims = [
        b"", bytes(3), whole[:-1], whole + bytes(4),
        b"\xff\xff\xff\xff" + whole,                                   # a string of 4 GiB
        struct.pack(">I", 65537) + bytes(70000),                       # longer than its maximum
        domain(uuid) + b"\x7f\xff\xff\xff" + b"vda\0",
    ]
    params = [b"\xff\xff\xff\xff", struct.pack(">I", 65) + bytes(4096),  # more than their maximum
              struct.pack(">I", 1) + string("bandwidth") + struct.pack(">i", 99) + bytes(8)]
    client = Client()
    for payload in claims:
        refused(RPC, "Unable to decode", lambda: client.call(rpc.STREAM_DISK, payload))
    for payload in params:
        refused(RPC, "Unable to decode",
                lambda: client.call(rpc.START, vda + bytes(4) + payload + bytes(4)))
    unknown = domain("0" * 32) + whole[len(domain(uuid)):]
    refused(42, "", lambda: client.call(rpc.STREAM_DISK, unknown))
    refused(8, "", lambda: client.call(rpc.STREAM_DISK, vda + struct.pack(">QI", 0, 0xFFFFFFF8)))
    client.close()


def readonly():
    writing = {rpc.STREAM_DISK: struct.pack(">QI", 0, rpc.START_FLAG), rpc.START: bytes(12),
               rpc.SET: bytes(8)}
    by_flag = Client(open=False)
    by_flag.call(rpc.OPEN, struct.pack(">I", 1))
    by_flag.call(rpc.OPEN, bytes(4))  # never becomes more than it was
    for client in Client(readonly=True), by_flag:
        for proc, payload in writing.items():
            refused(DENIED, "read only access", lambda: client.call(proc, vda + payload))
        client.call(rpc.LIST, bytes(4))
        client.call(rpc.SUBSCRIBE)
        client.close()


def never_reads():
    """replies: it is not read any more; what comes unasked: it is disconnected"""
    silent = Client()
    silent.sock.settimeout(1)
    try:
        while silent.send(message(rpc.LIST, bytes(4))):
            pass
    except socket.timeout:
        pass
    deaf = Client()
    deaf.call(rpc.SUBSCRIBE)
    ping = message(rpc.PING, prog=rpc.KEEPALIVE, type=MESSAGE, serial=0) * 1000
    while deaf.send(ping):
        pass
    serve()
    deaf.close()
    silent.close()


def slow():
    """half a message, and one that arrives byte by byte"""
    halves = [Client() for _ in range(5)]
    for client in halves:
        client.send(message(rpc.LIST, bytes(200 * 1024))[:150 * 1024])
    client = Client()
    for byte in message(rpc.LIST, bytes(4), serial=9):
        client.send(bytes([byte]))
        serve()
    assert client.receive()[2] == 9
    for client in halves + [client]:
        client.close()


def leaves():
    """away without waiting for its replies, in the middle of a message, before anything"""
    for data in b"", message(rpc.LIST, bytes(4)) * 20, message(rpc.LIST, bytes(4))[:11]:
        for _ in range(20):
            client = Client(open=False)
            client.send(message(rpc.OPEN, bytes(4)) + data)
            client.close()


def too_many():
    """on one socket, where they take no place on the other"""
    for readonly in False, True:
        clients = [Client(readonly=readonly) for _ in range(max_clients - (not readonly))]
        for _ in range(5):
            one_more = Client(open=False, readonly=readonly)
            assert one_more.is_closed()
            one_more.close()
        Client(readonly=not readonly).close()
        serve()
        for client in clients:
            client.close()
        until(lambda: can_connect(readonly), "those who have left take the others' places")


def can_connect(readonly):
    try:
        Client(readonly=readonly).close()
        return True
    except ConnectionError:
        return False


def mutant(chance):
    """a call as it should be, of which some bits, or the length, or the end are wrong"""
    payloads = {rpc.OPEN: bytes(4), rpc.LIST: bytes(4), rpc.SUBSCRIBE: b"", rpc.UNSUBSCRIBE: b"",
                rpc.STATS: vda + bytes(4), rpc.INFO: domain(uuid) + bytes(8),
                rpc.START: vda + bytes(12), rpc.SET: vda + bytes(8),
                rpc.STREAM_DISK: vda + struct.pack(">QI", 0, chance.choice((1, 2, 4)))}
    proc = chance.choice(list(payloads))
    data = bytearray(message(proc, payloads[proc], type=chance.choice((CALL, CALL, CALL, CALL, 2))))
    first = chance.choice([0] + 10 * [4] + 20 * [28])  # the length, the header, the payload
    for _ in range(chance.randrange(4)):
        if first < len(data):
            data[chance.randrange(first, len(data))] ^= 1 << chance.randrange(8)
    if chance.random() < 0.02:
        del data[chance.randrange(len(data)):]
    if chance.random() < 0.02:
        data += chance.randbytes(chance.randrange(64))
    return bytes(data)


def random_messages():
    chance = random.Random(seed)
    for _ in range(0, fuzz, 10):
        client = Client(open=chance.random() < 0.9)
        client.send(b"".join(mutant(chance) for _ in range(10)))
        client.sock.shutdown(socket.SHUT_WR)  # the daemon closes once it has read all
        assert client.is_closed()
        client.close()
        serve()


def serve():
    other.call(rpc.LIST, bytes(4))


def until(condition, complaint):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, complaint
        time.sleep(0.05)


def virsh(*args):
    return subprocess.run(["virsh", *args], check=True, capture_output=True, text=True,
                          start_new_session=True).stdout.strip()


def descriptors():
    return len(os.listdir(f"/proc/{pid}/fd"))


def memory():
    """resident KiB"""
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


def abuse():
    for case in (lengths, headers, order, arguments, readonly, never_reads, slow, leaves, too_many,
                 random_messages):
        began = time.monotonic()
        case()
        serve()
        print(f"{case.__name__}: {time.monotonic() - began:.1f} s", flush=True)


print(f"seed {seed}")
other = Client()
other.call(rpc.INFO, domain(uuid) + bytes(8))  # from here on the daemon is connected to libvirt
opened = descriptors()
abuse()  # what is allocated once is allocated
before = memory()
abuse()
after = memory()
print(f"memory {before} -> {after} KiB")
# a sanitizer keeps what is freed
assert after <= before + 4096 or "ASAN_OPTIONS" in os.environ or "TSAN_OPTIONS" in os.environ, \
    "memory is lost"

# A START whose client has left, and nobody's STOP would find, may be about to begin a stream, which
# has two sockets when it is hydrated. It cannot without a guest.
assert virsh("domstate", uuid) == "running"
virsh("destroy", uuid)
until(lambda: descriptors() == opened, "descriptors are left open")
