"""Settings, read once from the environment. A name here, in capitals, is the variable's name there."""

from email.utils import parseaddr
from functools import lru_cache
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Final, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict

SHORTEST_SECRET_KEY: Final = 32  # characters


class Settings(BaseSettings):
    """Everything a process needs to know of where it runs.

    `DATABASE_URL` is the API's and the worker's login. The other database URLs default to it: then
    that login must be a member of the roles `gate`, `relay`, `operator` and `migrator`, and each pool
    becomes its role with `SET ROLE` at connection. A production install gives each role its own login.
    """

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True, hide_input_in_errors=True)

    environment: Literal["local", "production", "test"] = "production"
    database_url: SecretStr
    gate_database_url: SecretStr | None = None
    relay_database_url: SecretStr | None = None
    operator_database_url: SecretStr | None = None
    migrator_database_url: SecretStr | None = None
    redis_url: SecretStr

    secret_keys: SecretStr = Field(
        description="Comma-separated, the newest first: it signs; the others still verify (rotation)."
    )
    file_store: Path = Path("var/files")
    public_url: str = Field(
        default="http://127.0.0.1:8000",
        validate_default=True,
        description="Where people reach it; https in production, and only then cookies are `Secure`.",
    )
    trusted_proxies: str = Field(
        default="",
        description="Addresses and networks of the reverse proxies, comma-separated: their X-Forwarded-For and"
        " X-Forwarded-Proto are believed. Without it everybody behind a proxy shares one limit of log-in tries.",
    )

    sms_gateway_url: str = Field(
        default="",
        validate_default=True,
        description="Where SMS are handed over, by POST; https in production. Without it they are written to files.",
    )
    sms_gateway_token: SecretStr | None = None

    smtp_url: SecretStr | None = Field(
        default=None,
        description="Where letters are handed over, `smtp[s]://user:password@host:port`. Without it they are written to"
        " files.",
    )
    mail_from: str = Field(default="Regulars <regulars@localhost>", description="Who letters are from.")

    stripe_api_key: SecretStr | None = Field(default=None, description="Without it nothing is sold and nobody pays.")
    stripe_api_base: str = Field(
        default="https://api.stripe.com", description="Another one only for the sandbox on this machine."
    )
    stripe_webhook_secrets: SecretStr = Field(
        default=SecretStr(""), description="Comma-separated: each verifies (rotation)."
    )

    operator_console: bool | None = Field(
        default=None, description="Whether /operator answers here. Without it everywhere but in production."
    )

    metrics_token: SecretStr | None = Field(
        default=None,
        min_length=16,
        description="Who brings it as `Authorization: Bearer …` reads /metrics. Without it nobody does in production.",
    )
    security_contact: str = Field(
        default="",
        description="Where people tell of a hole they found, `mailto:` or https: for /.well-known/security.txt.",
    )

    webhook_private_targets: bool = Field(
        default=False,
        description="Whether customers' webhooks may also lead to private addresses and to this machine. Only where all"
        " customers are your own.",
    )
    webhook_timeout_seconds: float = Field(
        default=15.0, gt=0, le=30, description="How long a customer's server may take over a webhook, all in all."
    )

    isolation_proof_days: int = Field(
        default=7, ge=0, le=90, description="How often isolation is proved by attack, by night; 0: never by itself."
    )

    pool_size: int = Field(default=10, ge=1, le=200)
    worker_threads: int = Field(default=2, ge=1, le=64)
    lock_timeout_ms: int = Field(default=2000, ge=100)
    principal_cache_seconds: float = Field(default=5.0, ge=0, le=60)
    sign_ups_an_hour: int = Field(
        default=20, ge=1, description="New chains from one address of the internet; offices and fairs share one."
    )
    rate_limits: bool = Field(default=True, description="Off only where load is measured.")
    import_max_bytes: int = 4 * 1024**3
    log_format: Literal["console", "json"] = "json"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    # argon2id, RFC 9106's second recommended choice (64 MiB); tests take a cheap one.
    argon2_time_cost: int = 3
    argon2_memory_kib: int = 65536

    @field_validator("secret_keys")
    @classmethod
    def _strong(cls, given: SecretStr) -> SecretStr:
        keys = split_keys(given)
        if not keys or min(map(len, keys)) < SHORTEST_SECRET_KEY:
            told = f"needs keys of {SHORTEST_SECRET_KEY} characters or more, separated by commas"
            raise PydanticCustomError("invalid", told)
        return given

    @field_validator("public_url")
    @classmethod
    def _encrypted(cls, given: str, info: ValidationInfo) -> str:
        address = urlsplit(given)
        if info.data.get("environment") == "production" and not (address.scheme == "https" and address.hostname):
            raise PydanticCustomError(
                "invalid", "must be an https address in production: else passwords and sessions travel in the open"
            )
        return given

    @field_validator("sms_gateway_url")
    @classmethod
    def _reachable(cls, given: str, info: ValidationInfo) -> str:
        address = urlsplit(given)
        allowed = {"https"} if info.data.get("environment") == "production" else {"https", "http"}
        if given and not (address.scheme in allowed and address.hostname):
            raise PydanticCustomError(
                "invalid", "must be an http or https address, https in production: codes are in what it's sent"
            )
        return given

    @field_validator("smtp_url")
    @classmethod
    def _mail_server(cls, given: SecretStr | None) -> SecretStr | None:
        try:
            address = urlsplit(given.get_secret_value()) if given else None
            sound = address is None or (address.scheme in {"smtp", "smtps"} and address.hostname and address.port != 0)
        except ValueError:  # a port that is none
            sound = False
        if not sound:
            raise PydanticCustomError("invalid", "must be smtp://user:password@host:port, or smtps://…")
        return given

    @field_validator("mail_from")
    @classmethod
    def _an_address(cls, given: str) -> str:
        if not given.isprintable() or "@" not in parseaddr(given)[1]:
            raise PydanticCustomError("invalid", "must be an e-mail address, with a name before it or without")
        return given

    @field_validator("security_contact")
    @classmethod
    def _told_to(cls, given: str) -> str:
        address = urlsplit(given)
        there = address.hostname if address.scheme == "https" else address.scheme == "mailto" and "@" in address.path
        if given and not (there and given.isprintable() and " " not in given):
            raise PydanticCustomError("invalid", "must be mailto:you@example.com or an https address")
        return given

    @field_validator("stripe_api_base")
    @classmethod
    def _not_in_the_open(cls, given: str) -> str:
        address = urlsplit(given)
        here = address.scheme == "http" and is_loopback(address.hostname)
        if not ((address.scheme == "https" and address.hostname) or here):
            raise PydanticCustomError(
                "invalid", "must be an https address, or one of this very machine: the key is sent there"
            )
        return given

    @field_validator("trusted_proxies")
    @classmethod
    def _addresses(cls, given: str) -> str:
        for proxy in given.split(",") if given else ():
            try:
                ip_network(proxy.strip())
            except ValueError:
                raise PydanticCustomError(
                    "invalid", "needs addresses and networks (10.0.0.0/8), separated by commas"
                ) from None
        return given

    def url_for(self, role: Literal["app", "gate", "relay", "operator", "migrator"]) -> str:
        """The login for `role`: its own if it has one, else the API's."""
        own: SecretStr | None = None if role == "app" else getattr(self, f"{role}_database_url")
        return (own or self.database_url).get_secret_value()

    @property
    def migrator_url(self) -> str:
        return self.url_for("migrator")


def is_loopback(host: str | None) -> bool:
    """Whether an address's host is this very machine."""
    try:
        return host == "localhost" or (host is not None and ip_address(host).is_loopback)
    except ValueError:
        return False


def split_keys(setting: SecretStr) -> tuple[str, ...]:
    """The keys in a comma-separated setting, in its order (`SECRET_KEYS`: the newest first)."""
    return tuple(key.strip() for key in setting.get_secret_value().split(",") if key.strip())


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """The process's settings. Raises pydantic's ValidationError that names each missing variable."""
    return Settings()
