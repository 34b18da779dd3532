#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""check-names.py: every function in foo_bar.c is called fooBar...

So the name of a function tells the file it lives in, its static ones too. A unit test is one file:
its names are free.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
FOLDERS = ["src", "tools", "python", "tests/guest", "bench"]
OTHER_PREFIX = {"src/libvirt-domain.c": "vir"}  # the public entry points
FOREIGN_NAMES = {"main", "LLVMFuzzerTestOneInput", "PyInit__native"}  # their callers chose them

DEFINITION = re.compile(r"^([a-zA-Z]\w*)\((?!.*;$)", re.M)


def prefix_of(path):
    words = re.split("[-_]", path.stem)
    prefix = words[0] + "".join(word.capitalize() for word in words[1:])
    return OTHER_PREFIX.get(str(path.relative_to(ROOT)), prefix)


def main():
    status = 0
    for path in sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.c")):
        prefix = prefix_of(path)
        for name in DEFINITION.findall(path.read_text()):
            if name in FOREIGN_NAMES or name.isupper() or name[:2] == "G_":
                continue
            if not re.match(prefix + "([A-Z0-9]|$)", name):
                print(f"{path.relative_to(ROOT)}: {name}() does not begin with {prefix}")
                status = 1
    return status


sys.exit(main())
