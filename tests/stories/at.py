"""The product, as it is, at another moment: `python -m tests.stories.at 2026-11-24T10:00:00+01:00 run`."""

import sys

import time_machine

if __name__ == "__main__":
    moment = sys.argv.pop(1)
    with time_machine.travel(moment):
        from bot.__main__ import main

        main()
