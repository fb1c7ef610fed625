"""The commands of those who look after the catalogue."""

from bot.commands.campaigns import campaign
from bot.commands.entries import entry, history, notice, restore
from bot.commands.events import events
from bot.commands.installation import copy, seed
from bot.commands.lists import export, import_
from bot.commands.looking import duplicates, quality, search
from bot.commands.proposals import proposals
from bot.commands.roles import invite, revoke, roles
from bot.commands.state import state
from bot.commands.status import status

COMMANDS = (
    *(import_, export, search, duplicates, quality, history, restore, entry, notice, events),
    *(invite, roles, revoke, state, campaign, proposals, status, copy, seed),
)
