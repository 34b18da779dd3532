#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""check-symbols.py LIBRARY: header, symbol file and library name the same functions"""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


def main():
    header = (ROOT / "include/libvirt/libvirt-streamdisk.h").read_text()
    symbols = (ROOT / "src/libvirt_streamdisk.syms").read_text()
    dynamic = subprocess.run(["nm", "--dynamic", "--defined-only", sys.argv[1]],
                             check=True, capture_output=True, text=True).stdout
    names = {
        "the header": re.findall(r"^\w[\w \*]*\b(vir\w+)\(", header, re.M),
        "the symbol file": re.findall(r"^\s+(vir\w+);", symbols, re.M),
        "the library": re.findall(r" T (\w+)", dynamic),
    }
    status = 0
    for name in sorted(set().union(*names.values())):
        missing = [place for place, there in names.items() if name not in there]
        if missing:
            print(f"{name} is missing in {', '.join(missing)}")
            status = 1
    return status


sys.exit(main())
