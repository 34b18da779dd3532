#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""check-quirks.py: docs/quirks.md shows the table of qemu_safety.c"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
CODE = "".join((ROOT / "src/qemu" / name).read_text()
               for name in ("qemu_safety.h", "qemu_safety.c"))
DOCUMENT = (ROOT / "docs/quirks.md").read_text()

MACROS = dict(re.findall(r'^#define (\w+) (".*")$', CODE, re.M))
SERIES = re.findall(r'"([^"]+)"', re.search(r"qemuSafetySeries\[\] = \{(.*?)\};", CODE)[1])
ROWS = re.search(r"qemuSafetyRows\[\] = \{\n(.*?)^\};", CODE, re.M | re.S)[1]
ROW = re.compile(r'\{ ("[^"]+"|\w+), +\{ (.+) \} \},')


def text_of(word):
    return MACROS.get(word, word).strip('"')


def cell_of(verdict):
    if verdict == "NULL":
        return "not tried"
    return f"no: {text_of(verdict)}" if text_of(verdict) else "safe"


def main():
    lines = [["feature of the disk"] + [f"QEMU {series}" for series in SERIES],
             ["---"] * (1 + len(SERIES))]
    for row in ROWS.splitlines():
        feature, verdicts = ROW.search(row).groups()
        lines.append([text_of(feature)] +
                     [cell_of(verdict) for verdict in re.findall(r'"[^"]*"|\w+', verdicts)])
    table = "".join(f"|{'|'.join(f' {cell} ' for cell in line)}|\n" for line in lines)
    table = table.replace(" --- ", "---")
    if table not in DOCUMENT:
        print("docs/quirks.md should have this table:", table, sep="\n\n")
    return table not in DOCUMENT


if __name__ == "__main__":
    sys.exit(main())
