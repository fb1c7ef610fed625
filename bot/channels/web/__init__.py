"""The web chat: one page that works without JavaScript, better with it, and a page that says what this is."""

from bot.channels.web.app import create_app
from bot.channels.web.session import CHANNEL

__all__ = ["CHANNEL", "create_app"]
