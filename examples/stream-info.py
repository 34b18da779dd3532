#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""stream-info.py URI [DOMAIN DISK]: statistics of all streams of a connection, or of one disk's"""
import sys

import libvirt
import libvirt_streamdisk as streamdisk


def show(dom, disk, stats):
    done = stats[streamdisk.VIR_DOMAIN_STREAM_DISK_STATS_DATA_PROCESSED]
    total = stats[streamdisk.VIR_DOMAIN_STREAM_DISK_STATS_DATA_TOTAL]
    print(f"{dom.name()} {disk}: {done} of {total} bytes", end="")

    # What is not known is absent.
    rate = stats.get(streamdisk.VIR_DOMAIN_STREAM_DISK_STATS_DATA_BPS)
    print("" if rate is None else f", {rate} bytes/s")


def main():
    if len(sys.argv) not in (2, 4):
        sys.exit(f"usage: {sys.argv[0]} URI [DOMAIN DISK]")

    with libvirt.openReadOnly(sys.argv[1]) as conn:
        if len(sys.argv) == 4:
            dom, disk = conn.lookupByName(sys.argv[2]), sys.argv[3]
            show(dom, disk, streamdisk.streamDiskGetStats(dom, disk))
        else:
            for stream in streamdisk.listAllStreamDisks(conn):
                show(stream["dom"], stream["disk"], stream["params"])


try:
    main()
except libvirt.libvirtError:
    sys.exit(1)  # libvirt prints every error by itself
