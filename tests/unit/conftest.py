"""Unit tests reach no network: a test that does is not one."""

from __future__ import annotations

import socket
from typing import Any, NoReturn

import pytest


@pytest.fixture(autouse=True)
def _no_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_self: socket.socket, address: Any, *_rest: Any) -> NoReturn:
        raise AssertionError(f"a unit test tried to reach {address!r}")

    for verb in ("connect", "connect_ex", "bind", "sendto"):
        monkeypatch.setattr(socket.socket, verb, refuse)
