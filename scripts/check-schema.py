#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""check-schema.py: the schema of --json and the manual page know every statistic

That is, every VIR_DOMAIN_STREAM_DISK_STATS_ and _PARAM_ of the public header with its type, the
words that tools/stream-stats.c has for numbers, and no field that the header does not have.
"""
import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
HEADER = (ROOT / "include/libvirt/libvirt-streamdisk.h").read_text()
WORDS = (ROOT / "tools/stream-stats.c").read_text()
MANUAL = (ROOT / "docs/manpages/virt-stream.1.rst").read_text()
STREAM = json.loads((ROOT / "docs/virt-stream.schema.json").read_text())["$defs"]["stream"]

FIELD = re.compile(r'/\*\*((?:(?!\*/).)*)\*/\s*'
                   r'# define VIR_DOMAIN_STREAM_DISK_(?:STATS|PARAM)_\w+ "([^"]+)"', re.S)
TABLE = re.compile(r"^Field  .*?\n=+ +=+\n(.*?)^=+ +=+$", re.M | re.S)
ONLY_AT_START = {"relative", "standstill"}  # the parameters that are no statistics later
TYPES = {
    "STRING": {"type": "string"},
    "ULLONG": {"$ref": "#/$defs/count"},
    "DOUBLE": {"type": "number"},
    "BOOLEAN": {"type": "boolean"},
}


def header_fields():
    """The type of each field by its name."""
    fields = {}
    for comment, name in FIELD.findall(HEADER):
        types = re.findall(r"\b(?:VIR_TYPED_PARAM_)?(INT|" + "|".join(TYPES) + r")\.", comment)
        fields[name] = types[-1] if types else None
    return fields


def words_of(field):
    """The words of an INT: those of the table that stream-stats.c names for the field."""
    macro = re.search(rf'# define (\w+) "{re.escape(field)}"', HEADER)[1]
    table = re.search(rf"\{{ {macro}, (\w+),", WORDS)
    if not table:
        return None
    return re.findall(r'\] = "(\w+)"', re.search(rf"{table[1]}\[\] = \{{(.*?)\}};", WORDS, re.S)[1])


def main():
    complaints = []
    fields = header_fields()
    described = {name: schema for name, schema in STREAM["properties"].items()
                 if name not in STREAM["required"]}
    in_manual = set(re.findall(r"``([\w.]+)``", "\n".join(
        line[:27] for line in TABLE.search(MANUAL)[1].splitlines()))) - set(STREAM["required"])

    for name, of_type in fields.items():
        expected = {"enum": words_of(name)} if of_type == "INT" else TYPES.get(of_type)
        if name in ONLY_AT_START:
            continue
        if name not in described:
            complaints.append(f"'{name}' is a statistic, but not in the schema")
        elif described[name] != expected:
            complaints.append(f"'{name}' is {of_type}: in the schema it has to be {expected}")
    for name in described.keys() - fields.keys():
        complaints.append(f"'{name}' is in the schema, but not in the header")
    for name in described.keys() ^ in_manual:
        complaints.append(f"'{name}' is not in both of schema and manual page")
    for complaint in complaints:
        print(complaint)
    return bool(complaints)


sys.exit(main())
