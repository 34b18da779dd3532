/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * guest_block.h: the content of a block that the guest writes
 *
 * A block is one record repeated, each with its own number: magic, index of
 * the block, generation, number of the record. Every byte can be predicted
 * from index and generation, so a torn, shifted, stale or foreign byte shows.
 * guest-compare.py knows the same layout.
 */

#pragma once

#include <stdbool.h>
#include <stdint.h>

#define GUEST_BLOCK_SIZE 4096

/**
 * guestBlockFill:
 * @block: GUEST_BLOCK_SIZE bytes
 * @index: which block of the scratch region
 * @generation: which batch of writes, from 1
 */
void guestBlockFill(void *block, uint64_t index, uint64_t generation);

/**
 * guestBlockMatches:
 * @block: GUEST_BLOCK_SIZE bytes
 *
 * Returns whether @block is what guestBlockFill() makes of @index and @generation.
 */
bool guestBlockMatches(const void *block, uint64_t index, uint64_t generation);
