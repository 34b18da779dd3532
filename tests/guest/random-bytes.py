#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""random-bytes.py SEED MIB [hex]: writes MIB mebibytes, always the same for one seed; of
hexadecimal digits only, which can be compressed"""
import random
import sys

seed, mebibytes, digits = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:] == ["hex"]
generator = random.Random(seed)
for _ in range(mebibytes):
    sys.stdout.buffer.write(generator.randbytes(1 << 19).hex().encode() if digits
                            else generator.randbytes(1 << 20))
