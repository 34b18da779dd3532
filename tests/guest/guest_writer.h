/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * guest_writer.h: the writes of the guest, and what it knows of them
 *
 * The writer works in the scratch region, the last GUEST_WRITER_SCRATCH bytes
 * of the disk. It writes batches of blocks at pseudo-random places past the page
 * cache, flushes, and acknowledges the batch; between batches it reads earlier
 * blocks back. guest_init.c drives it, from one thread.
 */

#pragma once

#include <stdint.h>

#define GUEST_WRITER_SCRATCH (64 << 20)

typedef struct _guestWriter guestWriter;

/**
 * guestWriterNew:
 * @disk: path of the block device
 * @acks: path of the device that takes the acknowledgements
 * @templateSize: bytes that the template has; the disk may be longer
 *
 * Returns the writer, or NULL with errno set.
 */
guestWriter *guestWriterNew(const char *disk, const char *acks, uint64_t templateSize);

/**
 * guestWriterBatch:
 *
 * Writes and flushes one batch, then acknowledges it with one line "GENERATION INDEX...",
 * which the host has taken when this returns.
 *
 * Returns 0, or -1 with errno set: the same batch is then tried again by the next call.
 */
int guestWriterBatch(guestWriter *writer);

/**
 * guestWriterReadBack:
 *
 * Reads one earlier block and checks it.
 *
 * Returns 0, or -1 with errno set; EILSEQ is a wrong content.
 */
int guestWriterReadBack(guestWriter *writer);

/**
 * guestWriterReadTail:
 *
 * Reads a block between the end of the template and the scratch region, which nobody has ever
 * written: it is zeroes, and not what was in the buffer before.
 *
 * Returns 0, or -1 with errno set; EILSEQ is a wrong content.
 */
int guestWriterReadTail(guestWriter *writer);

/**
 * guestWriterVerify:
 *
 * Reads every block written so far and says on standard output which are wrong.
 *
 * Returns how many are wrong or unreadable.
 */
uint64_t guestWriterVerify(guestWriter *writer);

/** guestWriterCount: Returns how many writes were acknowledged. */
uint64_t guestWriterCount(const guestWriter *writer);

/**
 * guestWriterPrintLatency:
 *
 * Says on standard output how long reads and writes took since the last time that it did,
 * with the number of the report: "guest: latency 2: read count ... write count ...".
 */
void guestWriterPrintLatency(guestWriter *writer);
