#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""check-size.py: no file and no function grows past what can be read at once"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
FOLDERS = ["include", "src", "tools", "python", "tests", "scripts", "demo", "examples", "bench"]
SUFFIXES = {".c", ".h", ".x", ".py", ".sh", ".build"}
FILE_LINES = 600
FUNCTION_LINES = 60

FUNCTION = re.compile(r"^\w+\([^;{}]*\)\n\{\n.*?^\}$", re.M | re.S)


def main():
    status = 0
    for path in sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*")):
        if path.suffix not in SUFFIXES:
            continue
        text = path.read_text()
        blocks = [("", text, FILE_LINES)]
        if path.suffix == ".c":
            blocks += [(f" {body[:body.index('(')]}()", body, FUNCTION_LINES)
                       for body in FUNCTION.findall(text)]
        for name, block, limit in blocks:
            lines = len(block.splitlines())
            if lines > limit:
                print(f"{path.relative_to(ROOT)}{name}: {lines} lines, more than {limit}")
                status = 1
    return status


sys.exit(main())
