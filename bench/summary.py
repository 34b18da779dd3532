#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""summary.py TITLE METHOD...: medians of what the methods recorded, and ratios to the first one

Reads lines of METHOD, FIGURE and VALUE. The n-th value of a method was measured beside the n-th of
every other: the ratio is the median of theirs, one by one.
"""
import statistics
import sys


def read_figures():
    figures = {}
    for line in sys.stdin:
        method, figure, value = line.rstrip("\n").split("\t")
        figures.setdefault(figure, {}).setdefault(method, []).append(float(value))
    return figures


def format_number(value):
    return f"{value:.{0 if value >= 100 else 1 if value >= 10 else 2}f}"


def format_cell(values, stock):
    least, median, most = map(format_number,
                              (min(values), statistics.median(values), max(values)))
    cell = f"{median} ({least}-{most})"
    if not stock or 0 in stock:
        return f"{cell:22}"
    ratio = statistics.median(one / other for one, other in zip(values, stock))
    return f"{cell:22} {format_number(ratio):>5}"


def main():
    title, *methods = sys.argv[1:]
    figures = read_figures()
    print(f"\n{title}: medians (least-most), and ratios to {methods[0]}")
    width = max(map(len, methods)) + 2
    print(" " * (width + 2) + "".join(f"{figure:31}" for figure in figures).rstrip())
    for method in methods:
        cells = (format_cell(of[method], of.get(methods[0])) if method in of else ""
                 for of in figures.values())
        print(f"  {method:{width}}" + "".join(f"{cell:31}" for cell in cells).rstrip(), flush=True)


main()
