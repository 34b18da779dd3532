#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""constants.py HEADER: prints the constants of a public header as a Python module"""
import re
import sys

CONSTANT = re.compile(r"^(?:# *define +| +)(VIR_\w+)(?: = | +)([^/\n]+?),?(?: +/\*.*)?$", re.M)


def main():
    with open(sys.argv[1], encoding="utf-8") as header:
        text = header.read()
    print('"""The constants of libvirt-streamdisk.h: made from it, which describes them"""')
    for name, value in CONSTANT.findall(text):
        print(f"{name} = {value}")


main()
