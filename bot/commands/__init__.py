"""The commands of those who look after the catalogue."""

from bot.commands.entries import entry, history, notice, restore
from bot.commands.installation import copy, seed
from bot.commands.lists import export, import_
from bot.commands.looking import duplicates, quality, search

COMMANDS = (import_, export, search, duplicates, quality, history, restore, entry, notice, copy, seed)
