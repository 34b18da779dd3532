#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""guest-compare.py TEMPLATE FINAL ACKS: is FINAL the template plus the guest's own writes?

TEMPLATE and FINAL are raw images, ACKS is the log of acknowledgements, one line
"GENERATION INDEX..." a batch. Every byte must be the template's or that of the newest acknowledged
write to it. Only the one batch that was under way at the end may be there without being
acknowledged, each of its blocks as a whole or not at all. Beyond its end the template counts as
zeroes.
Prints what it counted; exits with 1 and the first difference otherwise.
"""
import struct
import sys

BLOCK = 4096
SCRATCH = 64 << 20  # GUEST_WRITER_SCRATCH
CHUNK = 1 << 20
RECORD = struct.Struct("<8sQQQ")  # guestBlockRecord


class Difference(Exception):
    pass


def block_of(index, generation):
    """What guestBlockFill() writes."""
    return b"".join(RECORD.pack(b"GUESTBLK", index, generation, number)
                    for number in range(BLOCK // RECORD.size))


def read_acks(path):
    """Returns the newest generation of each block, and the last generation of all."""
    newest = {}
    last = 0
    with open(path, encoding="ascii") as log:
        for line in log:
            if not line.endswith("\n"):
                break  # the guest ended while it wrote the line
            generation, *indices = map(int, line.split())
            if generation != last + 1 or not indices:
                raise Difference(f"generation {generation} acknowledged after {last}")
            newest.update(dict.fromkeys(indices, generation))
            last = generation
    return newest, last


def read_template(template, count):
    return template.read(count).ljust(count, b"\0")


def compare_untouched(template, final, length):
    """Compares the next length bytes of both, of which no byte may differ."""
    for start in range(0, length, CHUNK):
        count = min(CHUNK, length - start)
        old, new = read_template(template, count), final.read(count)
        if old != new:
            at = next((i for i, (a, b) in enumerate(zip(old, new)) if a != b), len(new))
            raise Difference(f"byte {start + at} is not the template's")


def compare_scratch(template, final, newest, last):
    """Compares the blocks of the scratch region; returns how many are written, and under way."""
    written = under_way = 0
    for index in range(SCRATCH // BLOCK):
        old, new = read_template(template, BLOCK), final.read(BLOCK)
        generation = newest.get(index)
        if new == (block_of(index, generation) if generation else old):
            written += generation is not None
        elif new == block_of(index, last + 1):
            under_way += 1
        else:
            expected = f"of generation {generation}" if generation else "the template's"
            raise Difference(f"block {index} of the scratch region is not {expected}, "
                             f"it begins with {new[:24].hex()}")
    return written, under_way


def main():
    template_path, final_path, acks_path = sys.argv[1:]
    newest, last = read_acks(acks_path)
    with open(template_path, "rb") as template, open(final_path, "rb") as final:
        template_size, size = (file.seek(0, 2) for file in (template, final))
        if size < template_size:
            raise Difference(f"{size} bytes long, the template {template_size}")
        template.seek(0)
        final.seek(0)
        compare_untouched(template, final, size - SCRATCH)
        written, under_way = compare_scratch(template, final, newest, last)
    print(f"{size >> 20} MiB identical: {written} blocks written by the guest in {last} batches, "
          f"{under_way} under way")


try:
    main()
except Difference as difference:
    sys.exit(f"{sys.argv[2]}: {difference}")
