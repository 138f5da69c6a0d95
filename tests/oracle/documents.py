"""Programme documents in the API's shape with as little in them as it allows."""

from oracle.facts import Json


def tier_json(code: str, rank: int, qualify: Json | None = None, retain: Json | None = None) -> Json:
    """One tier without benefits; the base tier has no conditions."""
    return {
        "code": code,
        "rank": rank,
        "names": {"zh-CN": f"等级 {code}", "en": f"Tier {code}"},
        "qualify": qualify,
        "retain": retain,
        "benefits": [],
    }


def ladder_json(code: str, tiers: list[Json], policy: Json, visibility: str = "members") -> Json:
    return {
        "code": code,
        "names": {"zh-CN": f"体系 {code}", "en": f"Ladder {code}"},
        "visibility": visibility,
        "tiers": tiers,
        "policy": policy,
    }


def document(ladders: list[Json]) -> Json:
    """A complete document around these ladders; points, wallet and the rest as plain as they come."""
    return {
        "version": 1,
        "currency": "CNY",
        "ladders": ladders,
        "points": {
            "per_unit": "0",  # what points do to a tier is told by facts of their own
            "pending_days": 0,
            "expiry": {"type": "end_of_year", "years": 1},
            "excluded_categories": [],
            "excluded_tenders": [],
            "redeem": {"points": 100, "amount": 100, "min_points": 100, "max_percent": "50"},
        },
        "wallet": {
            "top_up_bonus": [],
            "spend_order": "proportional",
            "limits": {"named": 500000, "unnamed": 100000, "bonus_counts": False},
            "cooling_off_days": 7,
            "confirm_above": 20000,
            "bonus_earns": False,
        },
        "stacking": {
            "discounts_combine": False,
            "wallet_with_tier_discount": True,
            "discount_excluded": [],
        },
        "eligibility": {"min_age": None, "kinds": ["person", "company"]},
        "attributes": [],
        "activity_kinds": [],
        "lifecycle": {"new_days": 30, "slipping_factor": "1.5", "dormant_days": 90, "lost_days": 180},
    }
