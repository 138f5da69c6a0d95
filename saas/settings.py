"""Settings, read once from the environment. A name here, in capitals, is the variable's name there."""

from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Everything a process needs to know of where it runs.

    `DATABASE_URL` is the API's and the worker's login. The other database URLs default to it: then
    that login must be a member of the roles `gate`, `relay`, `operator` and `migrator`, and each pool
    becomes its role with `SET ROLE` at connection. A production install gives each role its own login.
    """

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)

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
    public_url: str = "http://127.0.0.1:8000"

    pool_size: int = Field(default=10, ge=1, le=200)
    worker_threads: int = Field(default=2, ge=1, le=64)
    lock_timeout_ms: int = Field(default=2000, ge=100)
    principal_cache_seconds: float = Field(default=5.0, ge=0, le=60)
    import_max_bytes: int = 4 * 1024**3
    log_format: Literal["console", "json"] = "json"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    # argon2id, RFC 9106's second recommended choice (64 MiB); tests take a cheap one.
    argon2_time_cost: int = 3
    argon2_memory_kib: int = 65536

    @property
    def app_url(self) -> str:
        return self.database_url.get_secret_value()

    def url_for(self, role: Literal["app", "gate", "relay", "operator", "migrator"]) -> str:
        """The login for `role`: its own if it has one, else the API's."""
        own: SecretStr | None = None if role == "app" else getattr(self, f"{role}_database_url")
        return (own or self.database_url).get_secret_value()

    @property
    def migrator_url(self) -> str:
        return self.url_for("migrator")


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """The process's settings. Raises pydantic's ValidationError that names each missing variable."""
    return Settings()
