"""How a member came to its tier: the last decision, told with the values that it kept."""

from collections.abc import Callable, Iterator
from typing import Final

from saas.i18n import n_
from tenants.programme.document import Tier
from tenants.tiers.explaining.receipt import carried, lacked
from tenants.tiers.explaining.scene import Scene


def came(scene: Scene) -> Iterator[str]:
    """The sentences about the last decision; of a member without one, about joining."""
    decision = scene.decision
    if decision["id"] is None:
        since = scene.teller.day(scene.state("began") or scene.reading.row["joined_on"])
        tier = scene.name(scene.state("tier"))
        yield scene.teller.say("the tier is %(tier)s since joining on %(day)s", tier=tier, day=since)
        return
    undone = decision["reason"] == "refund" and decision["cause"] == "undo"
    yield from _TOLD["undo" if undone else decision["reason"]](scene)


def _upgrade(scene: Scene) -> Iterator[str]:
    yield _with_proof(scene, n_("%(tier)s was reached on %(day)s, %(cause)s"), _proof(scene, in_retain=False))


def _renew(scene: Scene) -> Iterator[str]:
    yield _with_proof(scene, n_("%(tier)s was kept on %(day)s, %(cause)s"), _proof(scene, in_retain=True))


def _late(scene: Scene) -> Iterator[str]:
    message = n_(
        "%(tier)s goes back to the schedule of %(day)s: something that belonged before it was heard only after it,"
        " and it was decided again"
    )
    yield _with_proof(scene, message, _proof(scene, in_retain=False) or _proof(scene, in_retain=True))


def _downgrade(scene: Scene) -> Iterator[str]:
    """What was lacking for the tier before, by the rules of then."""
    lost = _tier_then(scene, "from_tier")
    condition = None if lost is None else lost.retain or lost.qualify
    lacking = None
    if lost is not None and condition and scene.facts is not None:
        lacking = lacked(condition, scene.facts, scene.teller, in_retain=lost.retain is not None)
    message = n_("the tier fell from %(before)s to %(tier)s on %(day)s, %(cause)s")
    yield _with_proof(scene, message, lacking and scene.teller.say("lacking was %(what)s", what=lacking))
    policy = (scene.then.ladder(scene.ladder.code) or scene.ladder).policy
    if policy.max_drop is not None and scene.decision["from_rank"] - scene.decision["to_rank"] >= policy.max_drop:
        yield scene.teller.plural(
            "one fall takes at most %(n)s step", "one fall takes at most %(n)s steps", policy.max_drop
        )


def _refund(scene: Scene) -> Iterator[str]:
    message = n_(
        "after a refund the decision about %(before)s was made again with what is left of the purchases,"
        " and gave %(tier)s (%(day)s)"
    )
    lost = _tier_then(scene, "from_tier")
    lacking = None
    if lost is not None and lost.qualify is not None and scene.facts is not None:
        lacking = lacked(lost.qualify, scene.facts, scene.teller, in_retain=False)
    yield _with_proof(scene, message, lacking and scene.teller.say("lacking was %(what)s", what=lacking))


def _undo(scene: Scene) -> Iterator[str]:
    yield _with_proof(
        scene,
        n_("an entry was undone on %(day)s, and with it what it had decided: the tier is %(tier)s as before"),
        None,
    )


def _manual(scene: Scene) -> Iterator[str]:
    why = scene.decision["act_reason"]
    yield _with_proof(scene, n_("staff set %(tier)s by hand on %(day)s"), why and scene.teller.quoted(why))


def _import(scene: Scene) -> Iterator[str]:
    since = scene.teller.day(scene.decision["since"])
    text = scene.teller.say(
        "%(tier)s was brought along from an earlier system on %(day)s, held since %(since)s",
        tier=_tier_name(scene),
        day=_when(scene),
        since=since,
    )
    yield text


def _merge(scene: Scene) -> Iterator[str]:
    yield _with_proof(
        scene, n_("two records of this member were united on %(day)s, and %(tier)s is the higher tier of both"), None
    )


def _programme_change(scene: Scene) -> Iterator[str]:
    decision = scene.decision
    number = decision["programme_version"]
    renamed = decision["from_tier"] != decision["to_tier"] and decision["from_rank"] == decision["to_rank"] != 0
    if decision["cause"] == "programme" and renamed:
        message = n_("with version %(version)s of the rules of %(day)s %(before)s became %(tier)s")
        yield _with_proof(scene, message, None, version=number)
        return
    back_to = scene.then.published.rolled_back_to
    if back_to is not None:
        message = n_("the rules were rolled back to version %(version)s on %(day)s, which gives %(tier)s back")
        yield _with_proof(scene, message, None, version=back_to)
        return
    message = n_("version %(version)s of the rules gave %(tier)s on %(day)s instead of %(before)s")
    fell = decision["to_rank"] < decision["from_rank"]
    lost = _tier_then(scene, "from_tier") if fell else None
    proof = _proof(scene, in_retain=False)
    if lost is not None and lost.qualify is not None and scene.facts is not None:
        lacking = lacked(lost.qualify, scene.facts, scene.teller, in_retain=False)
        proof = lacking and scene.teller.say("lacking was %(what)s", what=lacking)
    yield _with_proof(scene, message, proof, version=number)


_TOLD: Final[dict[str, Callable[[Scene], Iterator[str]]]] = {
    "upgrade": _upgrade,
    "renew": _renew,
    "late": _late,
    "downgrade": _downgrade,
    "refund": _refund,
    "undo": _undo,
    "manual": _manual,
    "import": _import,
    "merge": _merge,
    "programme_change": _programme_change,
}
_CAUSES: Final = {
    "purchase": n_("with a purchase"),
    "refund": n_("with a refund"),
    "activity": n_("with an activity"),
    "referral": n_("as a friend bought for the first time"),
    "top_up": n_("with a top-up"),
    "undo": n_("as an entry was undone"),
    "recalculation": n_("when all tiers were decided"),
    "recheck": n_("as a refund was looked at"),
    "late": n_("with what was heard late"),
    "manual": n_("as staff ended the lock"),
    "import": n_("with an import"),
    "merge": n_("as two records were united"),
    "campaign": n_("with points of a campaign"),
    "birthday": n_("with points for the birthday"),
    "programme": n_("as new rules took effect"),
}


def _with_proof(scene: Scene, message: str, proof: str | None, **params: object) -> str:
    cause = scene.decision["cause"]
    told = scene.teller.say(
        message,
        tier=_tier_name(scene),
        before=scene.name(scene.decision["from_tier"], scene.before),
        day=_when(scene),
        cause=scene.teller.say(_CAUSES[cause]),
        **params,
    )
    return scene.teller.label(told, proof) if proof else told


def _tier_name(scene: Scene) -> str:
    return scene.name(scene.decision["to_tier"], scene.then)


def _when(scene: Scene) -> str:
    return scene.day(scene.decision["effective_at"])


def _tier_then(scene: Scene, column: str) -> Tier | None:
    ladder = scene.then.ladder(scene.ladder.code)
    return None if ladder is None else ladder.tier(scene.decision[column])


def _proof(scene: Scene, *, in_retain: bool) -> str | None:
    """What carried the tier, by the rules and the values of then."""
    tier = _tier_then(scene, "to_tier")
    if tier is None or scene.facts is None:
        return None
    explicit = in_retain and tier.retain is not None
    condition = tier.retain if explicit else tier.qualify
    return None if condition is None else carried(condition, scene.facts, scene.teller, in_retain=explicit)
