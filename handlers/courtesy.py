"""What is answered to what asks for nothing: a greeting, thanks, the weather, a question about who answers."""

from handlers.locale import gettext as _


def courtesy(said: str | None) -> str:
    """The sentence for a section of the lexicon's politesse.toml; "" when nothing was recognised."""
    return {
        "bonjour": _("Bonjour, et bienvenue."),
        "merci": _("Avec plaisir."),
        "au-revoir": _("Au revoir. Revenez quand vous voulez."),
        "temps": _("Le temps, je n'y peux rien ! Mais je connais des lieux près de chez vous."),
        "qui": _("Je suis un guide automatique, pas une personne. Je connais des lieux et des coups de main."),
        "gratuit": _("C'est gratuit, sans compte, et sans donner votre nom."),
        "donnees": _("J'oublie vos réponses après 24 heures. Écrivez « mes données » pour voir ce que je garde."),
        "humain": _("Je suis un guide automatique. Votre mairie ou un espace France services peuvent vous recevoir."),
        "ca-va": _("Je suis là pour vous aider."),
        "fache": _("Pardon. Dites-le autrement, ou touchez un bouton."),
    }.get(said or "", "")
