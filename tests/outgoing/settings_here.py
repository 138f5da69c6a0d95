"""Settings for what needs no server."""

from typing import Final

from pydantic import SecretStr

from saas.settings import Settings

SETTINGS: Final = Settings(
    environment="test",
    database_url=SecretStr("postgresql://nowhere/nothing"),
    redis_url=SecretStr("redis://nowhere"),
    secret_keys=SecretStr("0123456789abcdef0123456789abcdef"),
    webhook_private_targets=False,
    webhook_timeout_seconds=15.0,
)
