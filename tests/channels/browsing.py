"""What the browser tests and the screenshots share: a browser that keeps to itself, two screens, a conversation."""

from playwright.sync_api import Page, ViewportSize

CHROMIUM_ARGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
PHONE: ViewportSize = {"width": 360, "height": 740}
DESKTOP: ViewportSize = {"width": 1100, "height": 800}


def say(page: Page, words: str) -> None:
    """Writes a message and sends it."""
    page.get_by_label("Écrivez avec vos mots").fill(words)
    page.get_by_role("button", name="Envoyer").click()


def ask_for_food_in_nanterre(page: Page) -> None:
    page.get_by_role("button", name="Manger", exact=True).click()
    page.get_by_text("Où cherchez-vous ?").wait_for()
    say(page, "Nanterre")
    page.get_by_role("heading", name="Mon Épicerie", exact=True).wait_for()
