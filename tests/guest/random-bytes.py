#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""random-bytes.py SEED MIB: writes MIB mebibytes, always the same for one seed"""
import random
import sys

seed, mebibytes = int(sys.argv[1]), int(sys.argv[2])
generator = random.Random(seed)
for _ in range(mebibytes):
    sys.stdout.buffer.write(generator.randbytes(1 << 20))
