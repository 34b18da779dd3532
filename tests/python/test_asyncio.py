# SPDX-License-Identifier: LGPL-2.1-or-later
"""The module works in asyncio's event loop, by libvirtaio"""
import asyncio
import gc
import unittest
import weakref

import libvirt
import libvirtaio
import libvirt_streamdisk as streamdisk
import session


class Asyncio(unittest.TestCase):
    def test_everything(self):
        """libvirt takes one event loop for the life of the process: one test has it all"""
        asyncio.run(self.everything())

    async def everything(self):
        loop = libvirtaio.virEventRegisterAsyncIOImpl()
        with libvirt.open() as self.conn:
            self.short = self.conn.lookupByName("short")
            self.endless = self.conn.lookupByName("endless")
            await self.events()
            await self.to_end()
            await self.errors()
            # what asyncio's threads still hold they would give up unnoticed by libvirtaio
            await asyncio.get_running_loop().shutdown_default_executor()
            del self.short, self.endless
            gc.collect()
        await asyncio.wait_for(loop.drain(), 60)
        self.assertTrue(loop.is_idle())

    async def events(self):
        ended = asyncio.get_running_loop().create_future()

        def callback(conn, dom, disk, event, params, opaque):
            opaque.append((dom.name(), disk, event))
            if event >= streamdisk.VIR_DOMAIN_STREAM_DISK_EVENT_COMPLETED:
                ended.set_result(params)

        heard = []
        callback_id = streamdisk.streamDiskEventRegister(self.conn, self.short, callback, heard)
        disk = session.streamable_disk(self.short)
        await asyncio.to_thread(streamdisk.streamDiskStart, self.short, disk)
        params = await asyncio.wait_for(ended, 60)
        self.assertEqual(params[streamdisk.VIR_DOMAIN_STREAM_DISK_STATS_STATE],
                         streamdisk.VIR_DOMAIN_STREAM_DISK_STATE_COMPLETED)
        self.assertEqual(heard[0],
                         ("short", disk, streamdisk.VIR_DOMAIN_STREAM_DISK_EVENT_STARTED))
        kept = weakref.ref(callback)
        del callback
        gc.collect()
        self.assertIsNotNone(kept())
        streamdisk.streamDiskEventDeregister(self.conn, callback_id)
        gc.collect()
        self.assertIsNone(kept())

    async def to_end(self):
        disk = session.streamable_disk(self.short)
        stats = await asyncio.wait_for(
            asyncio.to_thread(streamdisk.streamDiskToEnd, self.short, disk), 60)
        self.assertEqual(stats[streamdisk.VIR_DOMAIN_STREAM_DISK_STATS_STATE],
                         streamdisk.VIR_DOMAIN_STREAM_DISK_STATE_COMPLETED)

    async def errors(self):
        calls = [asyncio.to_thread(streamdisk.streamDiskGetStats, self.endless, f"none{i}")
                 for i in range(32)]
        for i, error in enumerate(await asyncio.gather(*calls, return_exceptions=True)):
            self.assertRegex(str(error), f"disk 'none{i}' not found")
