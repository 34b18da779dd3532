#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""check-size.py: no file grows past what can be read at once; clang-tidy looks at the functions"""
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
FOLDERS = ["include", "src", "tools", "python", "tests", "scripts", "demo", "examples", "bench"]
SUFFIXES = {".c", ".h", ".x", ".py", ".sh", ".build"}
FILE_LINES = 600


def main():
    status = 0
    for path in sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*")):
        if path.suffix not in SUFFIXES:
            continue
        lines = len(path.read_text().splitlines())
        if lines > FILE_LINES:
            print(f"{path.relative_to(ROOT)}: {lines} lines, more than {FILE_LINES}")
            status = 1
    return status


sys.exit(main())
