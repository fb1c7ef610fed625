"""What commands that read a document share: fetching it, and telling what became of its rows."""

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from bot.console import Trouble


def is_address(document: str) -> bool:
    """Whether a document is to be fetched."""
    return "://" in document


@contextmanager
def local(document: str, most_bytes: int | None = None) -> Iterator[tuple[Path, str]]:
    """A document as a file, fetched if it is an address, and what to call it. Raises Trouble."""
    if not is_address(document):
        yield _found(document, most_bytes), Path(document).name
        return
    from catalogue.exchange.fetch import CannotFetch, fetch

    limits: dict[str, Any] = {} if most_bytes is None else {"most_bytes": most_bytes}
    with tempfile.TemporaryDirectory(prefix="bonne-porte-") as folder:
        path = Path(folder, "document")
        try:
            fetch(document, path, **limits)
        except CannotFetch as error:
            raise Trouble(str(error)) from None
        yield path, document.rpartition("/")[2] or document


def _found(document: str, most_bytes: int | None) -> Path:
    path = Path(document)
    if not path.is_file():
        raise Trouble(f"{document} : ce fichier n'existe pas.")
    if most_bytes is not None and path.stat().st_size > most_bytes:
        raise Trouble(f"{document} : ce fichier dépasse {most_bytes // 1_000_000} Mo.")
    return path


def tell(source: str, counts: Iterable[tuple[int, str, str]], dry_run: bool) -> None:
    """One line: how many rows of a source became what, each said for one and for several."""
    said = ", ".join(f"{count} {one if count == 1 else several}" for count, one, several in counts if count) or "rien"
    click.echo(f"{source} : {said}." + (" (essai : rien n'est écrit)" if dry_run else ""))
