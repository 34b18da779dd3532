/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* guest_block.c: the content of a block that the guest writes */

#include "guest_block.h"

#include <string.h>

typedef struct _guestBlockRecord guestBlockRecord;
struct _guestBlockRecord {
    char magic[8];
    uint64_t index;
    uint64_t generation;
    uint64_t number;
};

#define GUEST_BLOCK_RECORDS (GUEST_BLOCK_SIZE / sizeof(guestBlockRecord))

void
guestBlockFill(void *block, uint64_t index, uint64_t generation)
{
    guestBlockRecord *records = block;

    for (uint64_t i = 0; i < GUEST_BLOCK_RECORDS; i++) {
        memcpy(records[i].magic, "GUESTBLK", sizeof(records[i].magic));
        records[i].index = index;
        records[i].generation = generation;
        records[i].number = i;
    }
}

bool
guestBlockMatches(const void *block, uint64_t index, uint64_t generation)
{
    guestBlockRecord expected[GUEST_BLOCK_RECORDS];

    guestBlockFill(expected, index, generation);
    return memcmp(block, expected, sizeof(expected)) == 0;
}
