#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""check-api.py [--self-test]: of no public function a step of docs/adding-an-api.md was forgotten

With --self-test it takes away in turn, in memory, everything it looks for, and has to miss it.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent

# step, its title in the document, where, and what some file there must have: {name}, or made from
# it {slot} (of the driver table), {proc} (of the protocol), {python}
STEPS = [
    (1, "Declaration", "include/libvirt/libvirt-streamdisk.h", r"^\w[\w \*]*\b{name}\("),
    (2, "Symbol", "src/libvirt_streamdisk.syms", r"^ +{name};$"),
    (3, "Slot", "src/driver.h", r"\(\*{slot}\)\("),
    (4, "Entry point", "src/libvirt-*.c", r"^{name}\("),
    (4, "Entry point", "src/libvirt-*.c", r"^/\*\*\n \* {name}:\n( \*( .*)?\n)+ \* Since: \d"),
    (5, "Procedure", "src/remote/streamdisk_protocol.x", r"\b{proc} = \d"),
    (6, "Remote driver", "src/remote/remote_driver.c", r"\.{slot} = \w"),
    (7, "Dispatcher", "src/remote/remote_dispatch.c", r"\.number = {proc},"),
    (8, "QEMU driver", "src/qemu/qemu_driver.c", r"\.{slot} = \w"),
    (9, "Test driver", "src/test/test_driver.c", r"\.{slot} = \w"),
    (10, "Python", "python/*.c", r"\b{name}\("),
    (10, "Python", "python/libvirt_streamdisk/_native.pyi", r"^def {python}\("),
    (11, "Command line", "tools/*.c", r"\b{name}\("),
    (12, "Example", "examples/*.c", r"\b{name}\("),
    (13, "Tests", "tests/unit/libvirt-domain-test.c", r"\b{name}\("),
    (13, "Tests", "tests/unit/remote_driver-test.c", r"\bremoteDriver\.{slot}\("),
    (13, "Tests", "tests/unit/streamdisk_protocol-test.c", r"\b{proc}\b"),
    (13, "Tests", "tests/system/api-calls.c", r"\b{name}\("),
    (13, "Tests", "tests/python/*.py", r"\.{python}\("),
    (14, "News", "NEWS.md", r"\b{name}\b"),
]
# a function that frees needs no driver
NOT_FREE = re.compile(r"\{(slot|proc|python)\}")

# events are subscribed to once, however many callbacks there are
OTHER_SLOT = {
    "virConnectStreamDiskEventRegister": "connectEventsSubscribe",
    "virConnectStreamDiskEventDeregister": "connectEventsUnsubscribe",
}


def lower_first(text):
    return text[0].lower() + text[1:]


def names_of(name):
    slot = OTHER_SLOT.get(name, lower_first(name.removeprefix("vir")))
    return {
        "name": name,
        "slot": slot,
        "proc": "STREAMDISK_PROC_" + re.sub("([A-Z])", r"_\1", slot).upper(),
        "python": lower_first(re.sub("^vir(Domain|Connect)", "", name)),
    }


def read_tree():
    """The text of all files of a step by the step's place."""
    return {place: "".join(path.read_text(encoding="utf-8") for path in sorted(ROOT.glob(place)))
            for _, _, place, _ in STEPS}


def wanted(texts):
    """What has to be found: (function, step, title, place, pattern)."""
    header = texts["include/libvirt/libvirt-streamdisk.h"]
    for name in re.findall(r"^\w[\w \*]*\b(vir\w+)\(", header, re.M):
        for number, title, place, pattern in STEPS:
            if not (name.endswith("Free") and NOT_FREE.search(pattern)):
                yield name, number, title, place, pattern.format(**names_of(name))


def check(texts):
    return [f"{name}: step {number}, {title}: nothing in {place} matches '{pattern}'"
            for name, number, title, place, pattern in wanted(texts)
            if not re.search(pattern, texts[place], re.M)]


def check_document():
    document = (ROOT / "docs/adding-an-api.md").read_text(encoding="utf-8")
    return [f"docs/adding-an-api.md has no step '{number}. **{title}**'"
            for number, title, _, _ in STEPS if f"\n{number}. **{title}**" not in document]


def self_test(texts):
    header = STEPS[0][2]
    more = {**texts, header: texts[header] + "int virDomainStreamDiskNew(virDomainPtr dom);\n"}
    failures = []
    if len(check(more)) != len(STEPS) - 1:
        failures.append("a function that is only declared is not missed everywhere else")
    for name, number, title, place, pattern in wanted(texts):
        less = {**texts, place: re.sub(pattern, "", texts[place], flags=re.M)}
        complaint = f"{name}: step {number}, {title}:"
        if number > 1 and not any(found.startswith(complaint) for found in check(less)):
            failures.append(f"{complaint} it is gone from {place}, and not missed")
    return failures


def main():
    texts = read_tree()
    if sys.argv[1:] == ["--self-test"]:
        complaints = self_test(texts)
    else:
        complaints = check(texts) + check_document()
    for complaint in complaints:
        print(complaint)
    return bool(complaints)


sys.exit(main())
