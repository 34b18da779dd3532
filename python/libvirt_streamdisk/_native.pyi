# SPDX-License-Identifier: LGPL-2.1-or-later
# The types of the calls; their docstrings say more.
from typing import Any, Callable, TypedDict

from libvirt import virConnect, virDomain

_Params = dict[str, bool | int | float | str]
_Callback = Callable[[virConnect, virDomain, str, int, dict[str, Any], Any], object]

class _State(TypedDict):
    alias: str
    target: str
    offset: int
    size: int

class _Record(TypedDict):
    dom: virDomain
    disk: str
    params: dict[str, Any]

def streamDisk(dom: virDomain, disk: str, offset: int = 0, flags: int = 0) -> int: ...
def streamDiskInfo(dom: virDomain, flags: int = 0) -> list[_State]: ...
def streamDiskStart(dom: virDomain, disk: str, base: str | None = None,
                    params: _Params | None = None, flags: int = 0) -> None: ...
def streamDiskSetParameters(dom: virDomain, disk: str, params: _Params, flags: int = 0) -> None: ...
def streamDiskGetStats(dom: virDomain, disk: str, flags: int = 0) -> dict[str, Any]: ...
def listAllStreamDisks(conn: virConnect, flags: int = 0) -> list[_Record]: ...
def streamDiskEventRegister(conn: virConnect, dom: virDomain | None, cb: _Callback,
                            opaque: Any = None, flags: int = 0) -> int: ...
def streamDiskEventDeregister(conn: virConnect, callbackID: int) -> None: ...
