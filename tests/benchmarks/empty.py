"""The product's application with two handlers more, that ask who calls and do nothing."""

from litestar import Litestar, get

_ANSWER = {"status": "ok"}


@get("/bench/empty", opt={"requires": "members:read"}, sync_to_thread=False)
def empty() -> dict[str, str]:
    """As any handler is written: behind the key, the limiter and the tenant's transaction, BEGIN and COMMIT."""
    return _ANSWER


@get("/bench/bare", opt={"requires": "members:read", "scoped": False}, sync_to_thread=False)
def bare() -> dict[str, str]:
    """Without the transaction: the database isn't asked at all."""
    return _ANSWER


def create_app() -> Litestar:
    from saas.app import create_app

    app = create_app()
    app.register(empty)
    app.register(bare)
    return app
