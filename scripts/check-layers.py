#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""check-layers.py: data flows one way

A folder includes headers only of the folders that the table names for it, a library is used only
where its table says, and no two files of a folder need each other, directly or in a circle.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent

# src: the headers directly in src, which the drivers and their callers share
LAYERS = {
    "src/util": {"src/util"},
    "src/conf": {"src/conf", "src/util"},
    "src/rpc": {"src/rpc", "src/util"},
    "src/stream": {"src/stream", "src", "src/util"},
    "src/remote": {"src/remote", "src/rpc", "src/stream", "src", "src/util"},
    "src/hydrate": {"src/hydrate", "src/stream", "src/util"},
    "src/backend": {"src/backend", "src/stream", "src/util"},
    "src/qemu": {"src/qemu", "src/hydrate", "src/backend", "src/conf", "src/stream", "src",
                 "src/util"},
    "src/test": {"src/test", "src/conf", "src/stream", "src", "src/util"},
    "src/daemon": {"src/daemon", "src/remote", "src/rpc", "src/qemu", "src/stream", "src",
                   "src/util"},
    "src": {"src", "src/stream", "src/util"},
    "tools": {"tools"},
    "python": {"python"},
}
# the list of drivers joins the layers
JOINS = {"src/driver.c": {"src/qemu", "src/remote", "src/test"}}

LIBRARIES = {
    "libxml/": {"src/conf", "tools/cli-disk.c"},
    "json-c/": {"src/backend/backend_qmp.c", "tools/cli-json.c", "tools/cli-json.h"},
    "libnbd": {"src/hydrate/hydrate_nbd.c"},
    "libvirt/libvirt-qemu": {"src/backend"},
    "rpc/": {"src/rpc", "src/remote"},
    "systemd/": {"src/daemon"},
    "Python.h": {"python"},
}

INCLUDE = re.compile(r'^\s*#\s*include [<"]([^>"]+)[>"]', re.M)


def find_header(path, name):
    """The file of the tree that an include means, or None for one of the system's."""
    for place in (path.parent, ROOT / "src", ROOT / "tools"):
        if (place / name).is_file():
            return (place / name).relative_to(ROOT)
    return None


def check_file(path, includes, complain):
    """Complains about the includes of one file; returns those of its own folder."""
    own = path.relative_to(ROOT)
    folder = str(own.parent)
    nouns = set()
    for name in includes:
        for library, users in LIBRARIES.items():
            if name.startswith(library) and not users & {str(own), folder}:
                if find_header(path, name) is None:
                    complain(f"{own}: <{name}> is not for this file")
        header = find_header(path, name)
        if header is None:
            continue
        if str(header.parent) not in LAYERS[folder] | JOINS.get(str(own), set()):
            complain(f"{own}: {header} is not below {folder}")
        if str(header.parent) == folder and header.stem != own.stem:
            nouns.add(header.stem)
    return nouns


def find_circle(graph, noun, way):
    """The first circle that is met when going on from the end of way."""
    if noun in way:
        return way[way.index(noun):] + [noun]
    for following in sorted(graph.get(noun, ())):
        circle = find_circle(graph, following, way + [noun])
        if circle:
            return circle
    return None


def main():
    complaints = []
    for folder in LAYERS:
        graph = {}
        for path in sorted((ROOT / folder).glob("*.[ch]")):
            nouns = check_file(path, INCLUDE.findall(path.read_text()), complaints.append)
            graph.setdefault(path.stem, set()).update(nouns)
        circles = (find_circle(graph, noun, []) for noun in sorted(graph))
        for circle in [circle for circle in circles if circle][:1]:
            complaints.append(f"{folder}: a circle: {' -> '.join(circle)}")
    for complaint in complaints:
        print(complaint)
    return bool(complaints)


sys.exit(main())
