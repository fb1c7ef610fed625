"""The words shown to people, through gettext. French is the source, written where it is said.

`make messages` gathers them into bonne-porte.pot, from which translations are made.
"""

import gettext as _gettext
from pathlib import Path

DOMAIN = "bonne-porte"
FOLDER = Path(__file__).parent
_french = _gettext.translation(DOMAIN, FOLDER, languages=["fr"], fallback=True)

gettext = _french.gettext
ngettext = _french.ngettext
