"""What no request can show: read out of the sources."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PRODUCT = ("saas", "tenants", "industry_templates")
# Made-up people and days of demo and sample chains, members to look at for a proof, delays of repeats.
PLAYS = {
    "saas/billing/usage/reporting.py",
    "saas/demo/people.py",
    "saas/demo/purse.py",
    "saas/demo/trading_days.py",
    "saas/demo/visits.py",
    "saas/jobs.py",
    "saas/local/stripe_sandbox/webhooks.py",
    "saas/samples/names.py",
    "saas/samples/people.py",
    "tenants/proofs/slices.py",
    "tenants/webhooks/carrying.py",
}
NO_SECRETS = [
    "saas/account/own.py: row['token_hash'] == session.token_hash",  # one's own rows; the token itself was looked up
    "saas/assets.py: found.digest != digest",  # of a public file
]
WEAK = re.compile(r"\b(?:hashlib\.(?:md5|sha1)|MD5|SHA1|modes\.ECB|TripleDES|ARC4|PKCS1v15)\b")


def sources(pattern: str = "*.py") -> Iterator[tuple[str, str]]:
    for part in PRODUCT:
        for path in sorted((ROOT / part).rglob(pattern)):
            yield str(path.relative_to(ROOT)), path.read_text()


def imported(source: str) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def test_no_random_number_of_ours_is_guessable() -> None:
    playing = {path for path, source in sources() if "random" in source and "random" in imported(source)}
    assert playing == PLAYS, "what must not be guessed comes from `secrets`"


def test_no_weak_algorithm_is_called() -> None:
    """SHA-1 is TOTP's by its standard, as an HMAC; and what Valkey calls a script by."""
    weak = {path for path, source in sources() if WEAK.search(source)}
    assert weak == {"saas/second_factor/totp.py", "saas/limits/buckets.py"}


def called(node: ast.expr) -> str:
    """The name of a variable, an attribute or a column."""
    if isinstance(node, ast.Subscript):
        return str(node.slice.value) if isinstance(node.slice, ast.Constant) else ""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def test_secrets_are_compared_in_constant_time() -> None:
    """None stands beside == or !=. PostgreSQL looks up hashes, of which nothing is learnt bit by bit."""
    words = "(?:token|secret|digest|signature|csrf|pin|password)(?:_hash)?"
    named, maybe = re.compile(f"(?:^|_){words}$"), re.compile(rf"{words}\W{{0,3}}\s*[=!]=|[=!]=\s*[\w.\[\"']*{words}\b")
    unequal = []
    for path, source in sources():
        if maybe.search(source) is None:
            continue
        for node in ast.walk(ast.parse(source)):
            if not isinstance(node, ast.Compare) or not isinstance(node.ops[0], ast.Eq | ast.NotEq):
                continue
            if any(named.search(called(side)) for side in (node.left, node.comparators[0])):
                unequal.append(f"{path}: {ast.unparse(node)}")
    assert sorted(unequal) == NO_SECRETS


def test_every_password_field_is_one() -> None:
    """Masked, and known to password managers by what it is for; pasting is nobody's to forbid."""
    fields = []
    for path, page in sources("*.html"):
        assert "onpaste" not in page, path
        for tag in re.findall(r"<input\b[^>]*>", page):
            name = re.search(r'name="([^"]*)"', tag)
            if name and name[1] in {"password", "current", "pin"}:
                fields.append((path, tag))
    assert len(fields) > 6
    for path, tag in fields:
        assert 'type="password"' in tag, (path, tag)
        assert "autocomplete=" in tag, (path, tag)
