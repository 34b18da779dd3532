# SPDX-License-Identifier: LGPL-2.1-or-later
"""Streaming a disk to its end, with a meter that shows how far it is"""
from __future__ import annotations

import queue
import time
import xml.etree.ElementTree
from typing import Any, Protocol

import libvirt

from ._constants import *
from ._native import (streamDiskEventDeregister, streamDiskEventRegister, streamDiskGetStats,
                      streamDiskStart)

# Seconds without an event, after which the statistics are asked: virtstreamd may have died
SILENCE = 5

_Event = tuple[str, int, dict[str, Any]]  # disk, event, statistics


class Meter(Protocol):
    """What shows progress

    virtinst's own do (tried with 4.1.0); those pass over an update within 0.3 s of the one before,
    so their last line may say a little less than all.
    """

    def start(self, text: str, size: int | None) -> Any: ...
    def update(self, read: int) -> Any: ...
    def end(self) -> Any: ...


class _NoMeter:
    def start(self, text: str, size: int | None) -> None:
        pass

    def update(self, read: int) -> None:
        pass

    def end(self) -> None:
        pass


class _Progress:
    """Drives a meter by a stream's statistics"""

    def __init__(self, meter: Meter, text: str) -> None:
        self.meter = meter
        self.text = text
        self.basis: int | None = None  # of the counts that the meter shows, once there are any
        self.size = 0

    def update(self, stats: dict[str, Any]) -> None:
        total = stats.get(VIR_DOMAIN_STREAM_DISK_STATS_DATA_TOTAL, 0)
        if total == 0:
            return
        if self.basis != stats[VIR_DOMAIN_STREAM_DISK_STATS_BASIS]:
            # other bytes are counted from now on
            self.basis = stats[VIR_DOMAIN_STREAM_DISK_STATS_BASIS]
            self.size = total
            self.meter.start(self.text, self.size)
        # the total may change; a meter's cannot
        done = stats[VIR_DOMAIN_STREAM_DISK_STATS_DATA_PROCESSED]
        self.meter.update(self.size * done // total)

    def complete(self) -> None:
        self.meter.update(self.size)


def _error(code: int, text: str) -> libvirt.libvirtError:
    """What libvirt did not report itself: the class would take the thread's last error"""
    error = libvirt.libvirtError(text)
    error.args = (text,)
    error.err = (code, libvirt.VIR_FROM_DOM, text, libvirt.VIR_ERR_ERROR, text, None, None, -1, -1)
    return error


def _ask(dom: libvirt.virDomain, disk: str) -> dict[str, Any]:
    try:
        return streamDiskGetStats(dom, disk)
    except libvirt.libvirtError as error:
        raise _error(libvirt.VIR_ERR_OPERATION_FAILED,
                     f"lost sight of the stream of disk '{disk}': {error}") from error


def _target(dom: libvirt.virDomain, disk: str) -> str:
    """What events call a disk that may be named by its path or alias

    Not by domainListGetStats(): QEMU 7.2 crashes if a job ends while that lists its nodes.
    """
    by_alias = disk
    for node in xml.etree.ElementTree.fromstring(dom.XMLDesc()).iterfind("devices/disk"):
        target = node.find("target").get("dev")
        source = node.find("source")
        alias = node.find("alias")
        if disk == target or source is not None and disk in (source.get("file"), source.get("dev")):
            return target
        if alias is not None and disk == alias.get("name"):
            by_alias = target
    return by_alias


def _follow(dom: libvirt.virDomain, disk: str, events: queue.SimpleQueue[_Event],
            progress: _Progress) -> dict[str, Any]:
    started = False
    heard = time.monotonic()
    while True:
        try:
            name, event, stats = events.get(timeout=max(0, heard + SILENCE - time.monotonic()))
        except queue.Empty:
            name, event, stats = disk, VIR_DOMAIN_STREAM_DISK_EVENT_STARTED, _ask(dom, disk)
        if name != disk:
            continue
        # events before ours has started are of a stream before it
        started = started or event == VIR_DOMAIN_STREAM_DISK_EVENT_STARTED
        if not started:
            continue
        heard = time.monotonic()
        state = stats[VIR_DOMAIN_STREAM_DISK_STATS_STATE]
        reason = stats.get(VIR_DOMAIN_STREAM_DISK_STATS_REASON, "the reason is not known")
        if state == VIR_DOMAIN_STREAM_DISK_STATE_COMPLETED:
            progress.complete()
            return stats
        if state == VIR_DOMAIN_STREAM_DISK_STATE_STOPPED:
            raise _error(libvirt.VIR_ERR_OPERATION_ABORTED,
                         f"stream of disk '{disk}' was stopped: {reason}")
        if state == VIR_DOMAIN_STREAM_DISK_STATE_FAILED:
            raise _error(libvirt.VIR_ERR_OPERATION_FAILED,
                         f"stream of disk '{disk}' failed: {reason}")
        progress.update(stats)


def streamDiskToEnd(dom: libvirt.virDomain, disk: str, meter: Meter | None = None,
                    base: str | None = None, params: dict[str, Any] | None = None,
                    flags: int = 0) -> dict[str, Any]:
    """Stream a disk, and return when it is done, with the stream's last statistics.

    Raises libvirt.libvirtError if it cannot be started, is stopped (VIR_ERR_OPERATION_ABORTED)
    or fails (VIR_ERR_OPERATION_FAILED), with the reason. meter is anything with start(text, size),
    update(read) and end(), such as virtinst's; it is called in this thread. An exception of
    meter's, or an interrupt, ends the waiting; the stream goes on.

    The libvirt event loop must be run by another thread meanwhile: with libvirtaio, call this by
    asyncio.to_thread(). disk, base, params and flags are streamDiskStart()'s.
    """
    if not isinstance(dom, libvirt.virDomain):
        raise TypeError(f"expected a libvirt.virDomain, not {type(dom).__name__}")
    conn = dom.connect()
    meter = _NoMeter() if meter is None else meter
    events: queue.SimpleQueue[_Event] = queue.SimpleQueue()
    callback = streamDiskEventRegister(
        conn, dom, lambda conn, dom, disk, event, stats, opaque: events.put((disk, event, stats)))
    try:
        streamDiskStart(dom, disk, base, params, flags)
        target = _target(dom, disk)
        text = f"Streaming {target}"
        meter.start(text, None)
        try:
            return _follow(dom, target, events, _Progress(meter, text))
        finally:
            meter.end()
    finally:
        streamDiskEventDeregister(conn, callback)
