#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""replay.py DIR: is the disk right in whatever state a crash may leave its overlay?

DIR has overlay.qcow2 as it was in the beginning, the record of what QEMU wrote to it since then
(record.c), template.raw, which is what the overlay's backing file has, and the log of events:

    write PATTERN OFFSET LENGTH   the guest is about to write bytes of that value
    flushed POSITION              the guest's flush was acknowledged: its writes above will last
    completed POSITION            somebody was told that the disk needs its template no more

POSITION is the length of the record at that time. A write counts as one operation for each 4 KiB,
because storage may write larger ones in part. A state is what the storage has after so many
operations: if QEMU is killed, all of them; after a power cut, not all of the writes that no flush
covers. Its name is AFTER:ODDS:SEED; ODDS are those of losing such a write, 0 if QEMU is killed.

In each state the image has to open, to pass `qemu-img check`, leaked clusters apart, and to read as
the template, through its chain as long as it has the backing link, and alone afterwards. Where the
guest wrote, any value is right that is not older than the last one that lasts. Once "completed" was
told, there must not be a link. Power cuts before the link is dropped are judged, but not asserted,
because QEMU does not promise to write data before metadata when it copies on read.

Prints wrong states, and how many there are of each kind; exits with 1 if an asserted one is wrong.
"""
import argparse
import bisect
import collections
import json
import pathlib
import random
import struct
import subprocess
import sys
import time

HEADER = struct.Struct("=QQQ")  # recordHeader
WRITE, FLUSH = 1, 2
PIECE = 4096
SECTOR = 512
LINK = slice(8, 16)  # in a qcow2 header: where the backing file's name is, 0 if there is none
CHECK_CLEAN = {0, 3}  # exit status of qemu-img check; 3: leaked clusters and nothing else
NEVER = float("inf")
SHOWN = 5  # wrong states of each kind

Operation = collections.namedtuple("Operation", "kind offset data")
State = collections.namedtuple("State", "after odds seed")


class Record:
    """The operations, what flushes cover, and after how many of them the link is dropped."""

    def __init__(self, path):
        self.operations = []
        self.ends = []  # the record's length after each
        self.flushed = [0]  # for each number of operations: how many of these a flush covers
        data = memoryview(path.read_bytes())
        at = 0
        while at + HEADER.size <= len(data):
            kind, offset, length = HEADER.unpack_from(data, at)
            at += HEADER.size
            for done in range(0, max(length, 1), PIECE):
                piece = data[at + done:at + min(done + PIECE, length)]
                self.add(Operation(kind, offset + done, piece), at + done + len(piece))
            at += length
        self.dropped = next(filter(self.drops_link, self.after_writes()), None)
        if not self.dropped:
            sys.exit(f"{path}: the backing link was never dropped")

    def add(self, operation, end):
        self.operations.append(operation)
        self.ends.append(end)
        self.flushed.append(len(self.operations) - 1 if operation.kind == FLUSH
                            else self.flushed[-1])

    def after_writes(self):
        return [number + 1 for number, operation in enumerate(self.operations)
                if operation.kind == WRITE]

    def drops_link(self, after):
        _, offset, data = self.operations[after - 1]
        return offset == 0 and len(data) >= LINK.stop and not any(data[LINK])

    def operations_at(self, position):
        """How many operations there were, at most, when the record was as long as position."""
        return bisect.bisect_left(self.ends, position) + 1 if position else 0

    def unflushed(self, after):
        """The numbers of the writes that no flush covers."""
        return [number for number in range(self.flushed[after], after)
                if self.operations[number].kind == WRITE]

    def is_flushing(self, after):
        return after < len(self.operations) and self.operations[after].kind == FLUSH

    def lost(self, state):
        """The numbers of the writes that are not there."""
        dice = random.Random(state.seed)
        return {number for number in self.unflushed(state.after) if dice.random() < state.odds}


class Storage:
    """What the storage has in one state after the other; their numbers of operations only grow."""

    def __init__(self, record, image):
        self.record = record
        self.safe = bytearray(image)  # with the operations that flushes cover
        self.covered = 0

    def contents(self, state):
        covered = self.record.flushed[state.after]
        for number in range(self.covered, covered):
            self.apply(self.safe, number)
        self.covered = covered
        contents = bytearray(self.safe)
        for number in sorted(set(self.record.unflushed(state.after)) - self.record.lost(state)):
            self.apply(contents, number)
        return contents

    def apply(self, contents, number):
        _, offset, data = self.record.operations[number]
        contents[offset:offset + len(data)] = data


class Disk:
    """What the guest may read in a state."""

    def __init__(self, template, events, record):
        self.template = template
        self.completed = NEVER
        self.sectors = collections.defaultdict(list)  # of each: (value, lasts after how many)
        self.read_events(events, record)
        self.untouched = []  # ranges of bytes between those sectors
        start = 0
        for sector in [*sorted(self.sectors), len(template) // SECTOR]:
            if start < sector * SECTOR:
                self.untouched.append(slice(start, sector * SECTOR))
            start = (sector + 1) * SECTOR

    def read_events(self, events, record):
        pending = []
        for line in events.splitlines():
            event, *numbers = line.split()
            numbers = [int(number) for number in numbers]
            if event == "write":
                pending.append(numbers)
                continue
            after = record.operations_at(numbers[0])
            if event == "completed":
                self.completed = after
            else:
                self.add_writes(pending, after)
                pending = []
        self.add_writes(pending, NEVER)

    def add_writes(self, writes, lasts_after):
        for pattern, offset, length in writes:
            for sector in range(offset // SECTOR, (offset + length) // SECTOR):
                self.sectors[sector].append((bytes([pattern]) * SECTOR, lasts_after))

    def first_difference(self, contents, after):
        """Returns where it begins, in bytes, or None."""
        if len(contents) != len(self.template):
            return min(len(contents), len(self.template))
        for part in self.untouched:
            if contents[part] != self.template[part]:
                return next(at for at in range(part.start, part.stop)
                            if contents[at] != self.template[at])
        for sector, written in self.sectors.items():
            part = slice(sector * SECTOR, (sector + 1) * SECTOR)
            if contents[part] not in self.possible(part, written, after):
                return part.start
        return None

    def possible(self, part, written, after):
        values = [self.template[part]]
        for value, lasts_after in written:
            if lasts_after <= after:
                values.clear()
            values.append(value)
        return values


class Judge:
    """Looks at states with qemu-img."""

    def __init__(self, directory, record, disk):
        self.disk = disk
        self.storage = Storage(record, (directory / "overlay.qcow2").read_bytes())
        self.image = directory / "state.qcow2"
        self.raw = directory / "state.raw"
        self.template = directory / "template.raw"
        self.image.touch()
        self.raw.write_bytes(disk.template)

    def complaint(self, state):
        """Returns (kind, what is wrong), or None."""
        contents = self.storage.contents(state)
        with self.image.open("r+b") as image:
            image.write(contents)
        has_link = any(contents[LINK])
        check = self.qemu_img("check", self.uri(None))
        if check.returncode not in CHECK_CLEAN:
            return "check", (check.stdout + check.stderr).strip().splitlines()[0]
        backing = {"driver": "raw", "file": self.file(self.template)} if has_link else None
        convert = self.qemu_img("convert", "-n", "-S", "0",  # no holes, which take time
                                "-O", "raw", self.uri(backing), self.raw)
        if convert.returncode:
            return "content", convert.stderr.strip()
        difference = self.disk.first_difference(self.raw.read_bytes(), state.after)
        if difference is not None:
            return "content", f"{'through' if has_link else 'without'} the link, byte {difference}"
        if has_link and state.after >= self.disk.completed:
            return "link", "it is there though completion was told"
        return None

    def uri(self, backing):
        return "json:" + json.dumps({"driver": "qcow2", "backing": backing,
                                     "file": self.file(self.image)})

    def file(self, path):
        return {"driver": "file", "filename": str(path)}

    def qemu_img(self, *args):
        return subprocess.run(["qemu-img", *args], text=True, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def choose_killed(record, count, dice):
    """Half of them from shortly before the link is dropped until the end, if there are as many."""
    writes = record.after_writes()
    late = [after for after in writes if after > record.dropped - 100]
    chosen = set(dice.sample(late, min(count // 2, len(late))))
    others = sorted(set(writes) - chosen)
    chosen.update(dice.sample(others, min(count - len(chosen), len(others))))
    return {State(after, 0, 0) for after in chosen}


def choose_cuts(record, afters, count, dice):
    """Half of them while a flush is under way; no two are the same, so there may be fewer."""
    afters = [after for after in afters if record.unflushed(after)]
    flushing = [after for after in afters if record.is_flushing(after)]
    states = {}
    for number in range(count * 4 if afters else 0):
        after = dice.choice(flushing if flushing and number % 2 else afters)
        state = State(after, dice.choice((0.1, 0.5, 0.9)), dice.randrange(1000000))
        lost = record.lost(state)
        if lost and len(states) < count:
            states.setdefault((state.after, frozenset(lost)), state)
    return set(states.values())


def choose_states(record, count, dice):
    """Returns a dictionary: the kind of each state."""
    writes = record.after_writes()
    at_drop = [after for after in writes if record.flushed[after] < record.dropped <= after]
    after_end = [after for after in writes if after >= record.dropped]
    before_end = [after for after in writes if after < record.dropped]
    kinds = dict.fromkeys(choose_killed(record, count, dice), "killed")
    cuts = choose_cuts(record, at_drop, count // 2, dice)
    cuts |= choose_cuts(record, after_end, count - len(cuts), dice)
    kinds.update(dict.fromkeys(cuts, "after"))
    kinds.update(dict.fromkeys(choose_cuts(record, before_end, count // 4, dice), "before"))
    return kinds


def parse_state(name):
    after, odds, seed = name.split(":")
    return State(int(after), float(odds), int(seed))


def judge_states(judge, kinds):
    """Returns how many there are of each kind, and how many of each kind of complaint of each."""
    count = collections.Counter(kinds.values())
    wrong = collections.defaultdict(collections.Counter)
    for state in sorted(kinds):
        complaint = judge.complaint(state)
        if complaint:
            kind = kinds[state]
            wrong[kind][complaint[0]] += 1
            if wrong[kind].total() <= SHOWN:
                print(f"wrong, {kind}: {':'.join(map(str, state))}: {complaint[1]}")
    return count, wrong


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("directory", type=pathlib.Path, metavar="DIR")
    parser.add_argument("--states", type=int, default=300, metavar="N",
                        help="N killed, N power cuts after the link's drop, N/4 before it")
    parser.add_argument("--seed", type=int, default=1, help="of the choice")
    parser.add_argument("--only", type=parse_state, metavar="STATE",
                        help="this one, which stays in DIR/state.qcow2")
    return parser.parse_args()


def main():
    args = parse_arguments()
    record = Record(args.directory / "record")
    disk = Disk((args.directory / "template.raw").read_bytes(),
                (args.directory / "events").read_text(), record)
    judge = Judge(args.directory, record, disk)
    if args.only:
        complaint = judge.complaint(args.only)
        print(complaint or "right")
        return bool(complaint)
    began = time.monotonic()
    kinds = choose_states(record, args.states, random.Random(args.seed))
    count, wrong = judge_states(judge, kinds)
    in_words = {kind: f"{wrong[kind].total()} wrong" + "".join(
        f" {dict(wrong[kind])}" if wrong[kind] else "") for kind in ("killed", "after", "before")}
    print(f"SEED={args.seed} states: {count['killed']} killed, {in_words['killed']}; "
          f"{count['after']} power cuts after the end, {in_words['after']}; "
          f"{count['before']} before it, {in_words['before']} (not asserted); "
          f"{len(record.operations)} operations, {time.monotonic() - began:.0f} s")
    return bool(wrong["killed"] or wrong["after"])


sys.exit(main())
