"""Photos as they are kept: read with suspicion, made small, and with nothing in them but what is seen."""

from dataclasses import dataclass
from enum import StrEnum
from io import BytesIO
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

MOST = 3  # of one entry: a new one takes the place of the oldest
MOST_BYTES = 10 * 1024 * 1024
MOST_PIXELS = 50_000_000  # a telephone's largest; one of so many takes 150 MB once decoded
LONGEST_SIDE = 1600  # pixels: the small letters of a poster are still read
QUALITY = 80
FORMATS = ("JPEG", "PNG", "WEBP")

_ONE_AT_A_TIME = Lock()


class Flaw(StrEnum):
    """Why a photo cannot be kept; `handlers.poster_photo` has the words."""

    TOO_HEAVY = "lourde"
    TOO_LARGE = "grande"
    UNREADABLE = "illisible"
    OUT_OF_REACH = "introuvable"  # it could not be fetched where it was


class Unusable(ValueError):
    """A photo that cannot be kept, and why."""

    def __init__(self, flaw: Flaw) -> None:
        super().__init__(flaw.value)
        self.flaw = flaw


@dataclass(frozen=True, slots=True)
class Picture:
    """A photo that may be kept: a JPEG without any metadata."""

    jpeg: bytes
    width: int
    height: int


def kept(content: bytes) -> Picture:
    """What may be kept of a photo: upright, small, without its metadata (when, where, with what it was taken).

    Raises Unusable for what is too heavy, has too many pixels (its header says so, before any is decoded), or is no
    JPEG, PNG or WebP.
    """
    if len(content) > MOST_BYTES:
        raise Unusable(Flaw.TOO_HEAVY)
    with _ONE_AT_A_TIME:
        try:
            return _written(_seen(content))
        except Unusable:
            raise
        except Exception as error:  # a damaged or forged file makes Pillow raise anything
            raise Unusable(Flaw.UNREADABLE) from error


def _seen(content: bytes) -> "Image":
    """What is seen of a photo, upright and small."""
    from PIL import Image, ImageOps  # here: most processes never read a photo, and all of them start

    Image.MAX_IMAGE_PIXELS = None  # its own limit only warns
    with Image.open(BytesIO(content), formats=FORMATS) as photo:
        if photo.width * photo.height > MOST_PIXELS:
            raise Unusable(Flaw.TOO_LARGE)
        photo.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))  # a large JPEG is decoded smaller
        photo.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
        return _on_white(ImageOps.exif_transpose(photo))


def _on_white(photo: "Image") -> "Image":
    from PIL import Image

    if not photo.has_transparency_data:
        return photo.convert("RGB")
    shown = photo.convert("RGBA")
    white = Image.new("RGB", photo.size, "white")
    white.paste(shown, mask=shown.getchannel("A"))
    return white


def _written(seen: "Image") -> Picture:
    seen.info.clear()  # comments would be written again
    out = BytesIO()
    seen.save(out, "JPEG", quality=QUALITY, optimize=True)
    return Picture(out.getvalue(), seen.width, seen.height)
