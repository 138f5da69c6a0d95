"""What the processes of a one-machine installation find in their environment."""

import hashlib
import hmac
import os
import secrets
import shlex
from collections.abc import Mapping
from pathlib import Path

from saas.local.postgres import EmbeddedPostgres
from saas.local.provision import DATABASE
from saas.local.secrets_file import SUPERUSER, load_or_create
from saas.local.valkey import EmbeddedValkey


def database_addresses(postgres: EmbeddedPostgres, database: str = DATABASE) -> dict[str, str]:
    """One URL per role; the migrations log in as superuser and become migrator themselves."""
    return {
        "DATABASE_URL": postgres.dsn("app", database),
        "GATE_DATABASE_URL": postgres.dsn("gate", database),
        "RELAY_DATABASE_URL": postgres.dsn("relay", database),
        "OPERATOR_DATABASE_URL": postgres.dsn("operator", database),
        "MIGRATOR_DATABASE_URL": postgres.dsn(SUPERUSER, database),
    }


def child_environment(
    data_dir: Path, url: str, postgres: EmbeddedPostgres | None, valkey: EmbeddedValkey | None
) -> dict[str, str]:
    """Our environment, with what the embedded services add and what one machine can default."""
    defaults = {
        "ENVIRONMENT": "local",
        "FILE_STORE": str(data_dir / "files"),
        "LOG_FORMAT": "console",
        "PUBLIC_URL": url,
        "RATE_LIMITS": "no",  # two years of a demo chain's days are written in a minute
        "SIGN_UPS_AN_HOUR": "1000",  # who tries it out has one address
        "SECRET_KEYS": load_or_create(data_dir).secret_key,
        "WEBHOOK_PRIVATE_TARGETS": "true",  # who tries it out has the receiver on the same machine
    }
    given = {name: value for name, value in os.environ.items() if value}
    environment = {**defaults, **given, "PYTHONUNBUFFERED": "1"}
    if postgres is not None:
        environment |= database_addresses(postgres)
    if valkey is not None:
        environment["REDIS_URL"] = valkey.url
    return environment


def sandbox_environment(data_dir: Path, port: int) -> dict[str, str]:
    """Where the sandbox of Stripe is, with a key and a webhook secret of this folder's own."""
    secret_key = load_or_create(data_dir).secret_key.encode()
    key, webhook = (hmac.new(secret_key, f"stripe {use}".encode(), hashlib.sha256) for use in ("key", "webhook"))
    return {
        "STRIPE_API_KEY": f"sk_test_{key.hexdigest()}",
        "STRIPE_API_BASE": f"http://127.0.0.1:{port}",
        "STRIPE_WEBHOOK_SECRETS": f"whsec_{webhook.hexdigest()}",
    }


def write_environment(data_dir: Path, environment: Mapping[str, str]) -> Path:
    """`<data_dir>/environment`, for another terminal: `set -a; . var/environment; regulars …`. Mode 0600."""
    names = ["ENVIRONMENT", "FILE_STORE", "LOG_FORMAT", "PUBLIC_URL", "SECRET_KEYS", "REDIS_URL"]
    names += ["STRIPE_API_KEY", "STRIPE_API_BASE", "STRIPE_WEBHOOK_SECRETS"]
    names += [name for name in environment if name.endswith("DATABASE_URL")]
    path = data_dir / "environment"
    draft = path.with_name(f".environment-{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.writelines(f"{name}={shlex.quote(environment[name])}\n" for name in names if name in environment)
    draft.replace(path)
    return path
