# SPDX-License-Identifier: LGPL-2.1-or-later
"""The module is what the C header and its own stub say; wrong arguments are refused by name"""
import ast
import inspect
import pathlib
import re
import subprocess
import sys
import unittest

import libvirt
import libvirt_streamdisk as streamdisk
from libvirt_streamdisk import _native
import session  # noqa: F401: errors are not printed

ROOT = pathlib.Path(__file__).resolve().parents[2]
HEADER = (ROOT / "include/libvirt/libvirt-streamdisk.h").read_text()
SYMBOLS = (ROOT / "src/libvirt_streamdisk.syms").read_text()
# what Python does by itself
WITHOUT = {"virDomainStreamDiskRecordListFree"}


def python_name(name):
    """virDomainStreamDiskStart: streamDiskStart"""
    name = re.sub("^vir(Domain|Connect)", "", name)
    return name[0].lower() + name[1:]


def stub_functions():
    stub = pathlib.Path(streamdisk.__file__).with_name("_native.pyi").read_text()
    return {node.name: node for node in ast.parse(stub).body if isinstance(node, ast.FunctionDef)}


class Names(unittest.TestCase):
    def test_calls(self):
        calls = set(re.findall(r"^ +(vir\w+);", SYMBOLS, re.M)) - WITHOUT
        self.assertGreater(len(calls), 7)
        for call in calls:
            self.assertTrue(callable(getattr(streamdisk, python_name(call), None)), call)
            self.assertIn(f'objectRaise("{call}")', self.sources())

    def sources(self):
        return "".join(path.read_text() for path in (ROOT / "python").glob("*.c"))

    def test_constants(self):
        names = set(re.findall(r"\bVIR_DOMAIN_STREAM_DISK_\w*[A-Z]\b", HEADER))
        self.assertEqual(names, {name for name in dir(streamdisk) if name.startswith("VIR_")})
        self.assertEqual(streamdisk.VIR_DOMAIN_STREAM_DISK_ONE, 4)
        self.assertEqual(streamdisk.VIR_DOMAIN_STREAM_DISK_EVENT_FAILED, 4)
        self.assertEqual(streamdisk.VIR_DOMAIN_STREAM_DISK_STATS_DATA_TOTAL, "data_total")

    def test_nothing_else(self):
        public = {name for name in dir(streamdisk) if not name.startswith(("_", "VIR_"))}
        native = {name for name in dir(_native) if not name.startswith("_")}
        self.assertEqual(public, native | {"streamDiskToEnd"})

    def test_docstrings(self):
        for name in dir(streamdisk):
            if callable(getattr(streamdisk, name)) and not name.startswith("_"):
                self.assertGreater(len(inspect.getdoc(getattr(streamdisk, name))), 50, name)

    def test_import_by_itself(self):
        subprocess.run([sys.executable, "-c", "import libvirt_streamdisk"], check=True)


class Stub(unittest.TestCase):
    def test_names(self):
        self.assertEqual(set(stub_functions()), {name for name in dir(_native) if name[0] != "_"})

    def test_signatures(self):
        for name, stub in stub_functions().items():
            required = len(stub.args.args) - len(stub.args.defaults)
            defaults = [inspect.Parameter.empty] * required
            defaults += [ast.literal_eval(default) for default in stub.args.defaults]
            expected = [(argument.arg, default)
                        for argument, default in zip(stub.args.args, defaults)]
            signature = inspect.signature(getattr(_native, name))
            self.assertEqual(expected, [(parameter.name, parameter.default)
                                        for parameter in signature.parameters.values()], name)
            self.assertTrue(stub.returns and all(arg.annotation for arg in stub.args.args), name)

    def test_is_typed(self):
        self.assertTrue(pathlib.Path(streamdisk.__file__).with_name("py.typed").exists())


class Arguments(unittest.TestCase):
    """libvirt's own test driver has connections and domains without a daemon"""

    def setUp(self):
        self.conn = libvirt.open("test:///default")
        self.dom = self.conn.lookupByName("test")

    def refuses(self, exception, text, function, *args, **kwargs):
        with self.assertRaisesRegex(exception, text):
            function(*args, **kwargs)

    def test_objects(self):
        for wrong in (None, 1, "test", self.conn, self.dom._o):
            for function in (streamdisk.streamDiskInfo, streamdisk.streamDisk,
                             streamdisk.streamDiskStart, streamdisk.streamDiskGetStats):
                args = () if function is streamdisk.streamDiskInfo else ("vda",)
                self.refuses(TypeError, "expected a libvirt.virDomain, not", function, wrong, *args)
            self.refuses(TypeError, "expected a libvirt.virDomain, not",
                         streamdisk.streamDiskSetParameters, wrong, "vda", {})
        for wrong in (None, 1, self.dom, self.conn._o):
            self.refuses(TypeError, "expected a libvirt.virConnect, not",
                         streamdisk.listAllStreamDisks, wrong)
            self.refuses(TypeError, "expected a libvirt.virConnect, not",
                         streamdisk.streamDiskEventRegister, wrong, None, print)
            self.refuses(TypeError, "expected a libvirt.virConnect, not",
                         streamdisk.streamDiskEventDeregister, wrong, 1)
        self.refuses(TypeError, "expected a libvirt.virDomain, not int",
                     streamdisk.streamDiskEventRegister, self.conn, 1, print)

    def test_closed_connection(self):
        closed = libvirt.open("test:///default")
        closed.close()
        for function, args in ((streamdisk.listAllStreamDisks, ()),
                               (streamdisk.streamDiskEventRegister, (None, print)),
                               (streamdisk.streamDiskEventDeregister, (1,))):
            self.refuses(libvirt.libvirtError, "invalid connection pointer", function, closed,
                         *args)

    def test_disk(self):
        for wrong in (None, 1, b"vda", ["vda"]):
            for function in (streamdisk.streamDisk, streamdisk.streamDiskStart,
                             streamdisk.streamDiskGetStats):
                self.refuses(TypeError, "must be str, not", function, self.dom, wrong)
        self.refuses(ValueError, "null character", streamdisk.streamDisk, self.dom, "v\0a")
        self.refuses(TypeError, "must be str or None, not", streamdisk.streamDiskStart, self.dom,
                     "vda", 1)

    def test_numbers(self):
        for wrong in (-1, 1 << 32, 1 << 64):
            self.refuses(OverflowError, "", streamdisk.streamDiskInfo, self.dom, wrong)
        for wrong in (-1, 1 << 64):
            self.refuses(OverflowError, "", streamdisk.streamDisk, self.dom, "vda", wrong, 1)
        for wrong in (None, "1", 1.0):
            self.refuses(TypeError, "cannot be interpreted as an integer",
                         streamdisk.streamDiskInfo, self.dom, wrong)
        self.refuses(OverflowError, "", streamdisk.streamDiskEventDeregister, self.conn, 1 << 31)

    def test_params(self):
        def refuses(exception, text, params):
            for function in (lambda: streamdisk.streamDiskStart(self.dom, "vda", None, params),
                             lambda: streamdisk.streamDiskSetParameters(self.dom, "vda", params)):
                self.refuses(exception, text, function)

        for wrong in (1, "bandwidth", [("bandwidth", 1)]):
            refuses(TypeError, "params must be dict, not", wrong)
        for wrong in (1, None, b"bandwidth"):
            refuses(TypeError, "the name of a parameter must be str, not", {wrong: 1})
        for wrong in (None, [1], b"1", object()):
            refuses(TypeError, "parameter 'colour' must be int, float, bool or str, not",
                    {"colour": wrong})
        refuses(ValueError, "colour has a null character", {"colour": "\0"})
        refuses(ValueError, "the name of a parameter has a null character", {"\0": 1})
        for wrong in (1 << 64, -1 << 64):
            refuses(OverflowError, f"parameter 'colour' is out of range: {wrong}",
                    {"colour": wrong})
        refuses(libvirt.libvirtError, "Field name .* too long", {"x" * 80: 1})

    def test_known_params(self):
        """Each has the type that the header says"""
        word = {"ULLONG": "int", "DOUBLE": "float", "BOOLEAN": "bool"}
        known = re.findall(r"^ \* VIR_DOMAIN_STREAM_DISK_PARAM_(\w+):.*?VIR_TYPED_PARAM_(\w+)\.",
                           HEADER, re.M | re.S)
        self.assertGreater(len(known), 1)
        for name, kind in known:
            name = getattr(streamdisk, "VIR_DOMAIN_STREAM_DISK_PARAM_" + name)
            self.refuses(TypeError, f"parameter '{name}' must be {word[kind]}, not str",
                         streamdisk.streamDiskStart, self.dom, "vda", None, {name: "1"})
        self.refuses(OverflowError, "parameter 'bandwidth' is out of range: -1",
                     streamdisk.streamDiskStart, self.dom, "vda", None, {"bandwidth": -1})
        self.refuses(TypeError, "parameter 'bandwidth' must be int, not bool",
                     streamdisk.streamDiskStart, self.dom, "vda", None, {"bandwidth": True})

    def test_callback(self):
        for wrong in (None, 1, "print"):
            self.refuses(TypeError, "cb must be callable, not",
                         streamdisk.streamDiskEventRegister, self.conn, None, wrong)

    def test_keywords(self):
        self.refuses(TypeError, "missing required argument", streamdisk.streamDisk, self.dom)
        self.refuses(TypeError, "invalid keyword argument", streamdisk.streamDiskInfo, self.dom,
                     flag=1)
        self.refuses(TypeError, "at most", streamdisk.streamDiskInfo, self.dom, 0, 0)
