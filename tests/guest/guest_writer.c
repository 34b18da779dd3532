/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* guest_writer.c: the writes of the guest, and what it knows of them */

#include "guest_writer.h"
#include "guest_block.h"
#include "guest_latency.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/fs.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define GUEST_WRITER_BLOCKS (GUEST_WRITER_SCRATCH / GUEST_BLOCK_SIZE)
#define GUEST_WRITER_BATCH 16

struct _guestWriter {
    int disk;
    int acks;
    uint64_t start;                            /* of the scratch region, in bytes */
    uint64_t tail;                             /* the end of the template, if that is before */
    uint64_t tailReads;                        /* so far */
    uint64_t acknowledged;                     /* the last generation that was */
    uint64_t generations[GUEST_WRITER_BLOCKS]; /* of each block; 0: the template's content */
    unsigned int reports;                      /* of latencies */
    guestLatency reads;
    guestLatency writes;
    _Alignas(GUEST_BLOCK_SIZE) char block[GUEST_BLOCK_SIZE]; /* for direct I/O */
};

guestWriter *
guestWriterNew(const char *disk, const char *acks, uint64_t templateSize)
{
    guestWriter *writer = aligned_alloc(GUEST_BLOCK_SIZE, sizeof(*writer));
    uint64_t size;

    if (!writer)
        return NULL;
    memset(writer, 0, sizeof(*writer));

    writer->disk = open(disk, O_RDWR | O_DIRECT | O_CLOEXEC);
    writer->acks = open(acks, O_WRONLY | O_CLOEXEC);
    if (writer->disk < 0 || writer->acks < 0 || ioctl(writer->disk, BLKGETSIZE64, &size) < 0) {
        free(writer);
        return NULL;
    }
    writer->start = size - GUEST_WRITER_SCRATCH;
    writer->tail = templateSize > 0 && templateSize < writer->start ? templateSize : writer->start;
    return writer;
}

/* The n-th number of a repeatable random sequence (splitmix64), so that a batch is known by its
 * generation alone. */
static uint64_t
guestWriterRandom(uint64_t n)
{
    n *= 0x9e3779b97f4a7c15;
    n = (n ^ (n >> 30)) * 0xbf58476d1ce4e5b9;
    n = (n ^ (n >> 27)) * 0x94d049bb133111eb;
    return n ^ (n >> 31);
}

static uint64_t
guestWriterIndex(uint64_t generation, unsigned int i)
{
    return guestWriterRandom(generation * GUEST_WRITER_BATCH + i) % GUEST_WRITER_BLOCKS;
}

static off_t
guestWriterOffset(const guestWriter *writer, uint64_t index)
{
    return writer->start + index * GUEST_BLOCK_SIZE;
}

static int
guestWriterAcknowledge(guestWriter *writer, uint64_t generation)
{
    struct pollfd taken = { .fd = writer->acks, .events = POLLOUT };
    char line[GUEST_WRITER_BATCH * 24];
    int length = sprintf(line, "%" PRIu64, generation);

    for (unsigned int i = 0; i < GUEST_WRITER_BATCH; i++)
        length += sprintf(line + length, " %" PRIu64, guestWriterIndex(generation, i));
    line[length++] = '\n';

    if (write(writer->acks, line, length) != length)
        return -1;

    /* The port is writable again only when the host has taken the line. */
    return poll(&taken, 1, -1) == 1 ? 0 : -1;
}

int
guestWriterBatch(guestWriter *writer)
{
    uint64_t generation = writer->acknowledged + 1;
    struct timespec began;

    for (unsigned int i = 0; i < GUEST_WRITER_BATCH; i++) {
        uint64_t index = guestWriterIndex(generation, i);

        guestBlockFill(writer->block, index, generation);
        clock_gettime(CLOCK_MONOTONIC, &began);
        if (pwrite(writer->disk, writer->block, GUEST_BLOCK_SIZE,
                   guestWriterOffset(writer, index)) != GUEST_BLOCK_SIZE)
            return -1;
        guestLatencyAdd(&writer->writes, &began);
        writer->generations[index] = generation;
    }

    if (fdatasync(writer->disk) < 0 || guestWriterAcknowledge(writer, generation) < 0)
        return -1;

    writer->acknowledged = generation;
    return 0;
}

static int
guestWriterCheck(guestWriter *writer, uint64_t index)
{
    struct timespec began;

    clock_gettime(CLOCK_MONOTONIC, &began);
    if (pread(writer->disk, writer->block, GUEST_BLOCK_SIZE, guestWriterOffset(writer, index)) !=
        GUEST_BLOCK_SIZE)
        return -1;
    guestLatencyAdd(&writer->reads, &began);

    if (!guestBlockMatches(writer->block, index, writer->generations[index])) {
        errno = EILSEQ;
        return -1;
    }
    return 0;
}

int
guestWriterReadBack(guestWriter *writer)
{
    /* Any block of any acknowledged batch: the newest generation of it is what counts. */
    uint64_t random = guestWriterRandom(~writer->acknowledged);
    uint64_t generation = random % writer->acknowledged + 1;

    return guestWriterCheck(writer, guestWriterIndex(generation, random % GUEST_WRITER_BATCH));
}

int
guestWriterReadTail(guestWriter *writer)
{
    uint64_t blocks = (writer->start - writer->tail) / GUEST_BLOCK_SIZE;
    uint64_t block;

    if (blocks == 0)
        return 0;
    block = guestWriterRandom(++writer->tailReads) % blocks;
    memset(writer->block, 0x5a, GUEST_BLOCK_SIZE);
    if (pread(writer->disk, writer->block, GUEST_BLOCK_SIZE,
              writer->tail + block * GUEST_BLOCK_SIZE) != GUEST_BLOCK_SIZE)
        return -1;
    for (unsigned int i = 0; i < GUEST_BLOCK_SIZE; i++) {
        if (writer->block[i] != 0) {
            errno = EILSEQ;
            return -1;
        }
    }
    return 0;
}

uint64_t
guestWriterVerify(guestWriter *writer)
{
    uint64_t wrong = 0;

    for (uint64_t index = 0; index < GUEST_WRITER_BLOCKS; index++) {
        if (writer->generations[index] == 0 || guestWriterCheck(writer, index) == 0)
            continue;
        printf("guest: block %" PRIu64 " of generation %" PRIu64 ": %s\n", index,
               writer->generations[index], strerror(errno));
        wrong++;
    }
    return wrong;
}

uint64_t
guestWriterCount(const guestWriter *writer)
{
    return writer->acknowledged * GUEST_WRITER_BATCH;
}

void
guestWriterPrintLatency(guestWriter *writer)
{
    printf("guest: latency %u:", ++writer->reports);
    guestLatencyPrint(&writer->reads, "read");
    guestLatencyPrint(&writer->writes, "write");
    printf("\n");
}
