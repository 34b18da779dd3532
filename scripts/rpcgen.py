#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Turn one .x file into its XDR header and source: rpcgen.py RPCGEN INPUT HEADER SOURCE

rpcgen writes the include line and the header's guard from the path that it is given, so
it runs in the input's folder.
"""

import pathlib
import subprocess
import sys


def main():
    rpcgen, *paths = sys.argv[1:]
    source, header, code = (pathlib.Path(path).resolve() for path in paths)

    for option, output in (("-h", header), ("-c", code)):
        with output.open("wb") as stream:
            subprocess.run([rpcgen, option, source.name], cwd=source.parent, stdout=stream,
                           check=True)


if __name__ == "__main__":
    main()
