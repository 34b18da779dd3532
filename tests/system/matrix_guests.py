#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""matrix_guests.py [--seed N] [--guests N] [--part I/N] [--plain] [FACET=VALUE[,VALUE...]]...

Draws guests from the table below, and prints one a line, "FACET=VALUE FACET=VALUE ...". The first
ones have each value once, the others each pair of values of two facets; without --guests all are
printed. --part 2/4 prints the second of each four; with --plain there is one guest, which has the
first value wherever it can. FACET=VALUE allows these values only. A seed has the same guests again.
But for the bus, a first value is only printed with --whole. drawn-guest.sh makes these guests.
"""
import argparse
import itertools
import os
import random
import sys

# What a guest is: the first value of each is the plain one
FACETS = {
    # the disk that is streamed
    "bus": ["virtio", "scsi", "sata", "ide", "usb"],  # scsi: virtio-scsi
    "plug": ["cold", "hot"],  # hot: attached to the running guest
    "queues": ["1", "4"],  # of the disk, or of its SCSI controller
    "iothread": ["none", "own", "shared", "controller"],  # shared: with the second disk
    "cache": ["default", "none", "writeback", "writethrough", "directsync", "unsafe"],
    "io": ["default", "threads", "native", "io_uring"],
    "discard": ["default", "unmap", "ignore"],
    "detect_zeroes": ["default", "off", "on", "unmap"],
    "copy_on_read": ["off", "on"],
    "throttle": ["none", "own", "group"],  # <iotune>; group: with the second disk
    # its image, and those below
    "overlay": ["file", "nbd", "data-file", "block"],  # block: of the block device $BLOCKDEV
    "encryption": ["none", "luks"],  # of the overlay
    "tail": ["no", "yes"],  # yes: the overlay is longer than its backing image
    "layers": ["1", "2", "3", "4"],  # images below the overlay; the last is the template, far away
    "template": ["raw", "qcow2", "compressed"],
    "chain": ["detected", "spelled"],  # spelled: the XML has all layers in <backingStore>
    # the rest of the guest, and what is done to it beside the stream
    "machine": ["pc", "q35"],
    "other": ["none", "plain", "shareable"],  # the second disk: qcow2, or raw and <shareable/>
    "backup": ["none", "push", "pull", "other-push", "other-pull"],  # other: of the second disk
}

# Which guests there are not: libvirt or QEMU has none such, if nothing else is said
RULES = [
    "bus=ide needs machine=pc",
    "bus=sata needs machine=q35",
    "plug=hot needs bus=virtio,scsi,usb",
    "queues=4 needs bus=virtio,scsi",
    "iothread=own needs bus=virtio",
    "iothread=shared needs bus=virtio",
    "iothread=controller needs bus=scsi",
    "io=native needs cache=none,directsync",
    "tail=yes needs iothread=none",  # else it depends on QEMU whether ours is refused: tail.sh
    "overlay=nbd needs io=default",
    "iothread=shared needs other=plain,shareable",
    "throttle=group needs other=plain,shareable",
    "backup=other-push needs other=plain",
    "backup=other-pull needs other=plain",
]

# Which are only there when they are asked for, as an argument
LEFT_OUT = {
    **({} if "BLOCKDEV" in os.environ else {"overlay": "block"}),
}

CANDIDATES = 30  # guests of which the one with most new pairs is taken


def parse(text):
    """Returns the facet and the values of "FACET=VALUE,VALUE"."""
    facet, _, values = text.partition("=")
    values = values.split(",")
    if unknown := [value for value in values if value not in FACETS.get(facet, [])]:
        sys.exit(f"{sys.argv[0]}: no {facet}={unknown[0]}: {' '.join(FACETS.get(facet, FACETS))}")
    return facet, values


NEEDS = [tuple(parse(side) for side in rule.split(" needs ")) for rule in RULES]


def is_valid(guest):
    """Whether no rule is broken by the facets that the guest has by now."""
    return all(guest.get(facet) not in values or guest.get(needed, allowed[0]) in allowed
               for (facet, values), (needed, allowed) in NEEDS)


def complete(guest, facets, order):
    """Returns the guest with a value for each of the facets, taken in the order that order() gives
    the values; None if there is none such."""
    if not is_valid(guest):
        return None
    missing = [facet for facet in facets if facet not in guest]
    if not missing:
        return guest
    for value in order(facets[missing[0]]):
        if whole := complete({**guest, missing[0]: value}, facets, order):
            return whole
    return None


def shuffled(values):
    return random.sample(values, len(values))


def shuffled_guest(guest, facets):
    """Returns a random guest that has these values; None if there is none such."""
    return complete(guest, {facet: facets[facet] for facet in shuffled(list(facets))}, shuffled)


def combinations(facets, count):
    """Returns all combinations of so many facets' values, each as a frozenset of items."""
    items = [[(facet, value) for value in values] for facet, values in facets.items()]
    return [frozenset(combination) for several in itertools.combinations(items, count)
            for combination in itertools.product(*several)]


def combinations_of(guest, count):
    return set(map(frozenset, itertools.combinations(guest.items(), count)))


def draw(facets):
    """Yields guests until each value, then each pair of values that can be was in one."""
    drawn = []
    for count in 1, 2:
        wanted = dict.fromkeys(shuffled(combinations(facets, count)))  # an ordered set
        for guest in drawn:
            for combination in combinations_of(guest, count):
                wanted.pop(combination, None)
        while wanted:
            first = next(iter(wanted))
            candidates = [shuffled_guest(dict(first), facets) for _ in range(CANDIDATES)]
            if candidates[0]:
                drawn.append(max(candidates, key=lambda guest: len(
                    combinations_of(guest, count) & wanted.keys())))
                yield drawn[-1]
                for combination in combinations_of(drawn[-1], count):
                    wanted.pop(combination, None)
            wanted.pop(first, None)


def describe(guest, whole):
    """Returns all facets, or its bus and those from which --plain makes the same guest again."""
    return " ".join(f"{facet}={guest[facet]}" for facet, values in FACETS.items()
                    if whole or facet == "bus" or guest[facet] != values[0])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--guests", type=int)
    parser.add_argument("--part", default="1/1")
    parser.add_argument("--plain", action="store_true")
    parser.add_argument("--whole", action="store_true")
    parser.add_argument("facets", nargs="*", type=parse, metavar="FACET=VALUE[,VALUE...]")
    arguments = parser.parse_args()

    random.seed(arguments.seed)
    facets = {facet: [value for value in values if LEFT_OUT.get(facet) != value]
              for facet, values in FACETS.items()} | dict(arguments.facets)
    guests = draw(facets)
    if arguments.plain:
        guests = [complete({}, facets, list)]
    part, parts = map(int, arguments.part.split("/"))
    for guest in itertools.islice(guests, part - 1, arguments.guests, parts):
        if not guest:
            sys.exit("no such guest: see the rules")
        print(describe(guest, arguments.whole))


main()
