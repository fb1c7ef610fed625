"""`make messages`: gathers every text shown to people into handlers/locale/bonne-porte.pot, for translators.

With --check, writes nothing and fails when the file is not up to date, or when a translation misses a text.
"""

import io
import sys
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from catalogue import needs
from catalogue.needs import Labelled
from handlers.emergency import Emergency
from handlers.locale import DOMAIN, FOLDER

ROOT = Path(__file__).parent.parent
POT = FOLDER / f"{DOMAIN}.pot"
METHODS = [("**.py", "python"), ("**/templates/**.html", "jinja2.ext.babel_extract")]
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2)}


def gathered() -> Catalog:
    """Every text, where it is said, in a stable order."""
    catalog = Catalog(project=DOMAIN, charset="utf-8")
    for room in ("bot", "handlers"):
        found = extract_from_dir(str(ROOT / room), METHODS, keywords=KEYWORDS)
        for file, _line, message, comments, _context in sorted(found, key=lambda entry: (entry[0], entry[1])):
            catalog.add(message, locations=[(f"{room}/{file}", 0)], auto_comments=comments)
    vocabularies = [value for value in vars(needs).values() if isinstance(value, type) and issubclass(value, Labelled)]
    for vocabulary in [*vocabularies, Emergency]:
        for member in vocabulary:
            catalog.add(member.label, locations=[(vocabulary.__module__.replace(".", "/") + ".py", 0)])
    return catalog


def written(catalog: Catalog) -> bytes:
    """The file's content: without line numbers or dates, so that it changes only when a text does."""
    buffer = io.BytesIO()
    write_po(buffer, catalog, omit_header=True, include_lineno=False, width=100)
    return buffer.getvalue()


def untranslated(catalog: Catalog) -> list[str]:
    """What each translation misses, one line a text."""
    missing = []
    for path in sorted(FOLDER.glob("*/LC_MESSAGES/*.po")):
        with path.open("rb") as file:
            translation = read_po(file)
        known = {message.id for message in translation if message.id and message.string}
        missing += [f"{path.parent.parent.name} : {message.id}" for message in catalog if message.id not in known]
    return missing


def main() -> int:
    catalog = gathered()
    if "--check" not in sys.argv:
        POT.write_bytes(written(catalog))
        print(f"{len(catalog)} textes dans {POT.relative_to(ROOT)}")
        return 0
    problems = untranslated(catalog)
    if not POT.exists() or POT.read_bytes() != written(catalog):
        problems.append(f"{POT.relative_to(ROOT)} n'est pas à jour : lancez make messages.")
    print("\n".join(problems) or f"Les {len(catalog)} textes sont rassemblés.")
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main())
