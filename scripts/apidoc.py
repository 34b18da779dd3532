#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""apidoc.py HEADER SOURCE: the manual of the public calls, as reStructuredText

Everything in it is taken from the comments and declarations of the header, and of the source for
its functions. What is public and has no comment, or one without "Since:", is named as an error.
"""
import pathlib
import re
import sys
import textwrap

COMMENT = re.compile(r"^/\*\*(?P<text>.*?)\*/\n(?P<code>.*?)(?=\n\n|\n\{)", re.M | re.S)
PUBLIC = re.compile(r"^(?:\w[\w *]*\b(vir\w+)\(|# *define (VIR_\w+)|\} (vir\w+);"
                    r"|struct _(vir\w+) \{|typedef void \(\*(vir\w+)\))", re.M)
TITLE = "libvirt-streamdisk"

problems = []


class Item:
    """One documented name: a comment and the code that follows it."""

    def __init__(self, comment, code):
        lines = [re.sub(r"^ \* ?", "", line) for line in comment.strip("\n").split("\n")]
        name, _, rest = lines[0].strip().partition(":")
        self.name = name
        self.params = re.findall(r"^@(\w+): (.*(?:\n(?!@|\n).+)*)", "\n".join(lines), re.M)
        text = "\n".join([rest.strip()] + [line for line in lines[1:]])
        text = re.sub(r"^@\w+: .*(?:\n(?!@|\n).+)*\n?", "", text, flags=re.M)
        text, self.since = self.cut(text, r"\s*Since: ([\d.]+)\s*$")
        text, self.example = self.cut(text, r"^Example: (\S+)\n?")
        self.text = text.strip()
        self.code = code.strip()
        if not self.since:
            problems.append(f"{self.name} does not say since when it is there")

    @staticmethod
    def cut(text, pattern):
        """Takes what matches out of the text, and returns both."""
        found = re.search(pattern, text, re.M)
        if not found:
            return text, None
        return text[:found.start()] + text[found.end():], found.group(1)


def marked_up(text):
    """Names of the API as literals, arguments in italics, and nothing else as markup."""
    def word(found):
        name = found.group(0)
        if name[0] == "@":
            return f"*{name[1:]}*"
        return f"``{name}``" if re.match(r"[vV][iI][rR]", name) else "\\" + name
    return re.sub(r"@\w+|\b(?:VIR_[A-Z0-9_]+\*?|vir[A-Z]\w+(?:\(\))?)|[*`|\\]|_(?=\W|$)",
                  word, text)


def read(path):
    text = path.read_text()
    return text, [Item(found["text"], found["code"]) for found in COMMENT.finditer(text)]


def heading(text, line):
    return [text, line * len(text), ""]


def indented(text, by="  "):
    return textwrap.indent(text, by).split("\n") + [""]


def paragraphs(item):
    text = marked_up(item.text)
    if item.example:
        text += f"\n\nExample: ``{item.example}``"
    return text.strip().split("\n") + ["", f"Since {item.since}.", ""]


def of_function(item):
    out = heading(item.name, "-")
    for name, meaning in item.params:
        out += [f"*{name}*", "  " + " ".join(marked_up(meaning).split())]
    return out + [""] + paragraphs(item)


def of_type(item):
    return heading(item.name, "-") + paragraphs(item) + ["::", ""] + indented(item.code)


def of_define(item):
    value = re.search(r'define \w+ "?([^"\n]*)"?', item.code).group(1)
    text = " ".join(marked_up(item.text).split())
    return [f"``{item.name}``: **{marked_up(value)}**", *indented(f"{text} Since {item.since}.")]


def check_names(types):
    """Notes typed parameters whose constant and string differ in more than case and dots."""
    for item in types:
        found = re.match(
            r'# *define VIR_DOMAIN_STREAM_DISK_(?:PARAM|STATS)_(\w+) "(.*)"$', item.code)
        if found and found[1] != found[2].replace(".", "_").upper():
            problems.append(f"{item.name} is not the name of '{found[2]}'")
        if found and not re.match(r"[a-z]+(\.[a-z]+)?(_[a-z]+)*$", found[2]):
            problems.append(f"'{found[2]}' of {item.name} is not made as the others are")


def check(text, types, functions):
    """Notes what is public and not documented, or documented otherwise than it is."""
    check_names(types)
    known = {item.name for item in types + functions}
    for names in PUBLIC.findall(text):
        name = next(filter(None, names))
        if name not in known:
            problems.append(f"{name} has no comment")
    for item in functions:
        arguments = re.findall(r"(\w+)[,)]", item.code)
        if [name for name, _ in item.params] != arguments:
            problems.append(f"the comment of {item.name} is not about {', '.join(arguments)}")
        if not item.code.startswith("void") and "Returns" not in item.text:
            problems.append(f"{item.name} does not say what it returns")


def main():
    text, types = read(pathlib.Path(sys.argv[1]))
    functions = read(pathlib.Path(sys.argv[2]))[1]
    check(text, types, functions)
    declared = re.findall(r"^(?!typedef)(\w[\w *]*\b(vir\w+)\([^;]*;)", text, re.M)
    by_name = {item.name: item for item in functions}
    callbacks = [item for item in types if "(*" in item.code]
    defines = [item for item in types if item.code.startswith("# define")]
    others = [item for item in types if item not in callbacks + defines]
    about = re.search(r"/\*\n \* \S+: (.*?)\n \*\n(.*?)\*/", text, re.S)

    out = [".. SPDX-License-Identifier: LGPL-2.1-or-later", ""]
    out += ["=" * len(TITLE), *heading(TITLE, "="), "-" * len(about[1]), *heading(about[1], "-")]
    out += [":Manual section: 3", ":Manual group: libvirt-streamdisk", ""]
    out += heading("SYNOPSIS", "=") + ["::", "", "  #include <libvirt/libvirt-streamdisk.h>", ""]
    for prototype, _ in declared:
        out += indented(prototype)
    out += ["Compile and link with ``pkg-config --cflags --libs libvirt-streamdisk``.", ""]
    out += heading("DESCRIPTION", "=")
    out += [re.sub(r"^ \* ?", "", line) for line in about[2].rstrip().split("\n")] + [""]
    out += heading("FUNCTIONS", "=")
    for _, name in declared:
        out += of_function(by_name[name]) if name in by_name else []
    for item in callbacks:
        out += of_function(item) + ["::", ""] + indented(item.code)
    out += heading("TYPES", "=")
    for item in others:
        out += of_type(item)
    out += heading("CONSTANTS", "=")
    out += [r"**virt-stream**\(1) has a table of all parameters and statistics.", ""]
    for item in defines:
        out += of_define(item)
    out += heading("SEE ALSO", "=")
    out += [r"**virt-stream**\(1), **virtstreamd**\(8), **virtstreamd.conf**\(5)"]
    print("\n".join(out))
    for problem in problems:
        print(f"{sys.argv[0]}: {problem}", file=sys.stderr)
    return 1 if problems else 0


sys.exit(main())
