"""A pytest plug-in: the whole run with one part of the analysis switched off, that which ABLATED names (``predicate module:function``)."""

import os
from collections.abc import Iterator

import pytest

from ablation.switches import Switch, off


@pytest.fixture(scope="session", autouse=True)
def ablated() -> Iterator[None]:
    with off(Switch(*os.environ["ABLATED"].split(" ", 1))):
        yield
