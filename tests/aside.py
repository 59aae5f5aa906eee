"""Something done in a thread of its own: where a browser was opened, an event loop runs in ours already."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Found = TypeVar("Found")


def aside(deed: Callable[[], Found]) -> Found:
    """What `deed` answers, or raises."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(deed).result()
