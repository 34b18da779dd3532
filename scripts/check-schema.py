#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""check-schema.py: the schema of --json and the table of the manual page know every statistic

That is, every VIR_DOMAIN_STREAM_DISK_STATS_ and _PARAM_ of the public header with its type, the
words that tools/cli-stats.c has for numbers, and no field that the header does not have. The
table has all settings, too, units as the header has them, and says what may be set when.
"""
import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
HEADER = (ROOT / "include/libvirt/libvirt-streamdisk.h").read_text()
WORDS = (ROOT / "tools/cli-stats.c").read_text()
MANUAL = (ROOT / "docs/manpages/virt-stream.1.rst").read_text()
STREAM = json.loads((ROOT / "docs/virt-stream.schema.json").read_text())["$defs"]["stream"]

FIELD = re.compile(r'/\*\*((?:(?!\*/).)*)\*/\s*'
                   r'# define VIR_DOMAIN_STREAM_DISK_(?:STATS|PARAM)_\w+ "([^"]+)"', re.S)
TABLE = re.compile(r"^Name +Type +Unit .*?\n(=[= ]+)\n(.*?)^=[= ]+$", re.M | re.S)
UNITS = {  # the first that the header's comment has
    r"bytes per second": "B/s", r"microseconds": "us", r"milliseconds|\bms\b": "ms",
    r"seconds": "s", r"\bbytes\b": "B", r"so many times": "x",
}
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
    """The words of an INT: those of the table that cli-stats.c names for the field."""
    macro = re.search(rf'# define (\w+) "{re.escape(field)}"', HEADER)[1]
    table = re.search(rf"\{{ {macro}, (\w+),", WORDS)
    if not table:
        return None
    return re.findall(r'\] = "(\w+)"', re.search(rf"{table[1]}\[\] = \{{(.*?)\}};", WORDS, re.S)[1])


def table_rows():
    """The cells of the manual page's table by the name in the first of them."""
    rule, body = TABLE.search(MANUAL).groups()
    columns = [found.span() for found in re.finditer("=+", rule)]
    rows = [[line[begin:end].strip() for begin, end in columns] for line in body.splitlines()]
    return {row[0].strip("`"): row[1:] for row in rows if row[0]}


def unit_of(comment, of_type):
    """What it is counted in, by the comment; "\\-", as the table has it, if in nothing."""
    if of_type in ("ULLONG", "DOUBLE"):
        for words, unit in UNITS.items():
            if re.search(words, comment):
                return unit
    return "\\-"


def check_table(fields):
    """What is wrong in the table."""
    rows = table_rows()
    for name in rows.keys() ^ fields.keys():
        yield f"'{name}' is not in both of header and manual page"
    for name in rows.keys() & fields.keys():
        of_type, unit, when = rows[name][:3]
        comments = [comment for comment, found in FIELD.findall(HEADER) if found == name]
        macros = re.findall(rf'DISK_(PARAM|STATS)_\w+ "{re.escape(name)}"', HEADER)
        if of_type != fields[name]:
            yield f"'{name}' is {fields[name]}, not {of_type} as in the manual page"
        if unit not in {unit_of(comment, of_type) for comment in comments}:
            yield f"the unit of '{name}' is not {unit}, as in the manual page"
        if ("start" in when) != ("PARAM" in macros) or ("STATS" in macros and when == "start"):
            yield f"'{name}' is not set or told '{when}', as in the manual page"
        if (when == "start") != (name in ONLY_AT_START):
            yield f"'{name}' is or is not only for the start, '{when}' in the manual page"


def main():
    complaints = []
    fields = header_fields()
    described = {name: schema for name, schema in STREAM["properties"].items()
                 if name not in STREAM["required"]}
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
    complaints += check_table(fields)
    for complaint in complaints:
        print(complaint)
    return bool(complaints)


sys.exit(main())
