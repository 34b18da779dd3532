#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""validate-json.py SCHEMA: each line of standard input is an object of the schema

Prints how many of each kind there were. What is wrong with a line is told by the kind it seems to
be: that whose field it has.
"""
import collections
import json
import sys

import jsonschema

KINDS = ["error", "event", "result", "streams"]


def main():
    with open(sys.argv[1]) as file:
        schema = json.load(file)
    jsonschema.Draft202012Validator.check_schema(schema)
    counts = collections.Counter()
    status = 0
    for line in sys.stdin:
        it = json.loads(line)
        kind = next((kind for kind in KINDS if kind in it), None)
        if kind is None:
            sys.exit(f"none of {', '.join(KINDS)}: {line}")
        counts[kind] += 1
        one = {"$ref": f"#/$defs/{kind}", "$defs": schema["$defs"]}
        for error in jsonschema.Draft202012Validator(one).iter_errors(it):
            print(f"{error.json_path}: {error.message}\n  in {line}", file=sys.stderr)
            status = 1
        jsonschema.Draft202012Validator(schema).validate(it)
    print(*(f"{kind}: {counts[kind]}" for kind in KINDS), sep=", ")
    return status


sys.exit(main())
