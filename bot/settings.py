"""The environment, as one typed object."""

import re
from typing import Annotated, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

TELEGRAM_PATH = "/telegram"


class CannotStart(Exception):
    """Why the product does not start, in one line for the person at the keyboard."""


class Settings(BaseSettings):
    """What can be set; every field's name is the name of its environment variable."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True)

    DATABASE_URL: Annotated[str, Field(description="sqlite:///file or postgresql+psycopg://user@host/base")] = (
        "sqlite:///data/bonne-porte.db"
    )
    TELEGRAM_TOKEN: Annotated[SecretStr | None, Field(description="given by @BotFather; without it, web only")] = None
    TELEGRAM_API_URL: Annotated[str, Field(description="another Bot API server")] = "https://api.telegram.org"
    TELEGRAM_MODE: Annotated[Literal["polling", "webhook"], Field(description="how updates arrive")] = "polling"
    TELEGRAM_WEBHOOK_URL: Annotated[
        str | None, Field(description=f"public base address; {TELEGRAM_PATH} is added to it")
    ] = None
    TELEGRAM_WEBHOOK_SECRET: Annotated[
        SecretStr | None, Field(description="1-256 of A-Z a-z 0-9 _ -, checked on each update")
    ] = None
    WEB_HOST: Annotated[str, Field(description="address the web chat listens on")] = "127.0.0.1"
    WEB_PORT: Annotated[int, Field(ge=1, le=65535, description="port the web chat listens on")] = 8000
    LEGAL_PUBLISHER: Annotated[str | None, Field(description="legal notice: who publishes this guide")] = None
    LEGAL_CONTACT: Annotated[str | None, Field(description="legal notice: how to reach them")] = None
    LEGAL_HOST: Annotated[str | None, Field(description="legal notice: who hosts the site")] = None

    @field_validator("*", mode="before")
    @classmethod
    def _empty_is_unset(cls, value: object, info: object) -> object:
        # `TELEGRAM_TOKEN= make run` means no token, as in most shells' habits.
        if value == "":
            return cls.model_fields[info.field_name].default  # type: ignore[attr-defined]
        return value

    @field_validator("DATABASE_URL")
    @classmethod
    def _known_database(cls, value: str) -> str:
        try:
            driver = make_url(value).drivername
        except ArgumentError:
            driver = ""
        if driver not in ("sqlite", "postgresql+psycopg"):
            raise ValueError("doit commencer par sqlite:/// ou postgresql+psycopg://")
        return value

    @field_validator("TELEGRAM_API_URL", "TELEGRAM_WEBHOOK_URL")
    @classmethod
    def _web_address(cls, value: str | None) -> str | None:
        if value is not None and not re.match(r"https?://[^/\s]+", value):
            raise ValueError("doit être une adresse http:// ou https://")
        return value.rstrip("/") if value else value

    @field_validator("TELEGRAM_TOKEN")
    @classmethod
    def _token_shape(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not re.fullmatch(r"\d+:[A-Za-z0-9_-]+", value.get_secret_value()):
            raise ValueError("n'a pas la forme d'un jeton de @BotFather, comme 123456:ABC-def")
        return value

    @field_validator("TELEGRAM_WEBHOOK_SECRET")
    @classmethod
    def _secret_alphabet(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", value.get_secret_value()):
            raise ValueError("1 à 256 caractères parmi A-Z a-z 0-9 _ -")
        return value

    @model_validator(mode="after")
    def _webhook_is_whole(self) -> "Settings":
        if self.TELEGRAM_MODE == "webhook" and self.TELEGRAM_TOKEN:
            missing = [
                name for name in ("TELEGRAM_WEBHOOK_URL", "TELEGRAM_WEBHOOK_SECRET") if getattr(self, name) is None
            ]
            if missing:
                raise ValueError(f"en mode webhook, il faut aussi {' et '.join(missing)}")
        return self

    @property
    def web_address(self) -> str:
        """Where the web chat answers, as a person on this machine would type it."""
        host = f"[{self.WEB_HOST}]" if ":" in self.WEB_HOST else self.WEB_HOST
        return f"http://{host}:{self.WEB_PORT}"


def problems_in(error: ValidationError) -> list[str]:
    """One clear line for each wrong setting, without its value (it may be a secret)."""
    lines = []
    for problem in error.errors():
        name = str(problem["loc"][0]) if problem["loc"] else "réglages"
        lines.append(f"{name} : {problem['msg'].removeprefix('Value error, ')}")
    return lines


def shown(settings: Settings) -> list[tuple[str, str, str]]:
    """Each setting as (name, value, what it is), secrets masked, and the database's password too."""
    rows = []
    for name, field in Settings.model_fields.items():
        value = getattr(settings, name)
        if name == "DATABASE_URL":
            value = make_url(value).render_as_string(hide_password=True)
        text = "" if value is None else "********" if isinstance(value, SecretStr) else str(value)
        rows.append((name, text, field.description or ""))
    return rows
