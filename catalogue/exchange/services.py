"""The services of the national vocabulary of digital help, and how they are told to a person."""

from catalogue.exchange.rows import plain_text, sentence

# As the lists of the conseillers numériques write them.
SERVICES = frozenset(
    {
        "Accompagner les démarches de santé",
        "Accéder à du matériel",
        "Accéder à une connexion internet",
        "Approfondir ma culture numérique",
        "Créer avec le numérique",
        "Créer et développer mon entreprise",
        "Devenir autonome dans les démarches administratives",
        "Favoriser mon insertion professionnelle",
        "Prendre en main un ordinateur",
        "Prendre en main un smartphone ou une tablette",
        "Promouvoir la citoyenneté numérique",
        "Réaliser des démarches administratives avec un accompagnement",
        "S'équiper en matériel informatique",
        "Utiliser le numérique au quotidien",
    }
)
MOST_SERVICES = 3


def services_sentence(value: str) -> str:
    """A list of services as a sentence that names three at most; any other description, cleaned."""
    services = [service.strip() for service in value.split(";") if service.strip()]
    if not services or not SERVICES.issuperset(services):
        said = plain_text(value)
        return sentence(said) if len(said) > 3 else "Aide au numérique."
    named = [service[:1].lower() + service[1:] for service in services[:MOST_SERVICES]]
    last = "d'autres aides" if len(services) > MOST_SERVICES else named.pop()
    return sentence(f"{', '.join(named)} et {last}" if named else last)
