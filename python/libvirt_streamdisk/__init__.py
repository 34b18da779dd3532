# SPDX-License-Identifier: LGPL-2.1-or-later
"""Stream the disks of running guests, until they need no template.

These are the calls of the C library libvirt-streamdisk, on the objects of the module libvirt:

    import libvirt, libvirt_streamdisk
    conn = libvirt.open("qemu:///system")
    dom = conn.lookupByName("demo")
    libvirt_streamdisk.streamDiskStart(dom, "vda", params={"bandwidth": 10 << 20})

Names are those of C, without virDomain or virConnect: virDomainStreamDiskStart() is
streamDiskStart(). Constants have their full names. Structs are dicts, by C's names; typed
parameters are dicts; lists of either are lists. An error is a libvirt.libvirtError.

Calls let other threads run. streamDiskToEnd() is the one that C has not: it streams a disk,
and returns when it is done.
"""
from ._constants import *
from ._native import *
from ._to_end import streamDiskToEnd as streamDiskToEnd
