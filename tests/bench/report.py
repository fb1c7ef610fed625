"""What was measured, one line each, beside what was aimed at."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Line:
    """One figure. `reached` is None where nothing is aimed at."""

    what: str
    figure: str
    target: str = ""
    reached: bool | None = None

    def __str__(self) -> str:
        verdict = {None: "", True: "ok", False: "MISSED"}[self.reached]
        return f"{self.what:<70} | {self.figure:>10} | {self.target:>9} | {verdict}".rstrip(" |")


class Report:
    """Prints figures as they come, and keeps them."""

    def __init__(self) -> None:
        self.lines: list[Line] = []

    def title(self, words: str) -> None:
        """Opens a part."""
        print(f"\n{words}", flush=True)

    def fact(self, what: str, figure: str) -> None:
        """A figure that nothing is asked of."""
        self._add(Line(what, figure))

    def at_most(self, what: str, value: float, most: float, unit: str = "") -> None:
        """A figure that should not exceed another."""
        self._add(Line(what, f"{value:.2f}{unit}", f"≤ {most:g}{unit}", value <= most))

    def at_least(self, what: str, value: float, least: float, unit: str = "") -> None:
        """A figure that should reach another."""
        self._add(Line(what, f"{value:.2f}{unit}", f"≥ {least:g}{unit}", value >= least))

    def right(self, what: str, checked: int, wrong: int) -> None:
        """How many answers were compared with those of another method."""
        self._add(Line(what, f"{checked - wrong}/{checked}", "all", wrong == 0))

    def missed(self) -> list[Line]:
        """The targets that were not reached."""
        return [line for line in self.lines if line.reached is False]

    def end(self) -> None:
        """Says what was missed."""
        missed = self.missed()
        print(f"\n{len(missed)} missed" if missed else "\nEvery target is reached.")
        for line in missed:
            print(f"  {line}")

    def _add(self, line: Line) -> None:
        self.lines.append(line)
        print(line, flush=True)


def micro(seconds: float) -> str:
    """Seconds as whole microseconds."""
    return f"{seconds * 1e6:,.0f} µs"


def entries(size: int) -> str:
    """10000 → "10 k"."""
    return f"{size // 1_000_000} M" if size >= 1_000_000 else f"{size // 1_000} k"
