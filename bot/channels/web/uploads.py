"""A form that carries a photo: read in memory, never written to a disk, and not one byte more than a photo may have."""

from http import HTTPStatus

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from bot.channels.web.forms import MOST_BYTES, MOST_FIELDS, Fields, Refused, chunks
from catalogue.pictures import MOST_BYTES as MOST_PHOTO_BYTES
from handlers.locale import gettext as _

MOST_FORM_BYTES = MOST_PHOTO_BYTES + MOST_BYTES


class _InMemory(MultiPartParser):
    spool_max_size = MOST_FORM_BYTES


async def read_upload(request: Request) -> tuple[Fields, bytes]:
    """The fields of a form and the photo it carries, b"" for none. Raises Refused when it is too large, or no form."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "multipart/form-data":
        raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, _("Je n'ai pas pu lire votre photo."))
    body = chunks(request, MOST_FORM_BYTES, _too_heavy())
    parser = _InMemory(request.headers, body, max_files=1, max_fields=MOST_FIELDS, max_part_size=MOST_BYTES)
    try:
        form = await parser.parse()
    except MultiPartException:
        raise Refused(HTTPStatus.BAD_REQUEST, _("Je n'ai pas pu lire votre photo.")) from None
    fields = {name: value for name, value in form.items() if isinstance(value, str)}
    sent = form.get("photo")
    content = await sent.read() if isinstance(sent, UploadFile) else b""
    await form.close()
    return fields, content


def _too_heavy() -> Refused:
    return Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, _("Cette photo est trop lourde : 10 Mo au plus."))
