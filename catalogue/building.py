"""What is built once and kept for as long as the program runs."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def kept() -> Iterator[None]:
    """Around the building of what is kept, or as a decorator of what builds it: nothing is thrown away meanwhile.

    The collector would look through hundreds of thousands of new objects again and again, for a quarter of the time.
    """
    collected = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collected:
            gc.enable()
