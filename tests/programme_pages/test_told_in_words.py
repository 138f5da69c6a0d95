"""What the rules say beside the ladders stands on the page of the rules in force, in both languages."""

import re
from html import unescape
from typing import Any

import pytest
from support.browsing import logged_in
from support.programme import change_programme

VALUE = {
    "points": {
        "per_unit": "2",
        "pending_days": 7,
        "expiry": {"type": "months", "months": 12},
        "redeem": {"points": 100, "amount": 100, "max_percent": "50"},
        "beside": {"top_up": "1", "referral": 200, "birthday": 88},
    },
    "wallet": {
        "top_up_bonus": [{"amount": 50_000, "bonus": 10_000, "tiers": ["gold"]}],
        "spend_order": "bonus_first",
        "confirm_above": 30_000,
    },
    "stacking": {"discounts_combine": True, "wallet_with_tier_discount": False},
    "eligibility": {"min_age": 16, "kinds": ["person"]},
}


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (
            "en",
            [
                "Points expire after 12 months",
                "100 points pay ¥1.00, up to 50% of a purchase",
                "¥100.00 on top (Gold)",
                "Bonus first",
                "payments above ¥300.00",
                "both are taken off",
                "gets no discount of the tier",
                "Members are at least 16 years old",
                "Members are people",
                "bringing somebody in 200",
            ],
        ),
        (
            "zh-CN",
            [
                "推荐新会员得积分 200",
                "先用赠金",
                "单笔超过 ¥300.00",
                "两者都享受",
                "满 16 岁",
                "生日积分 88",
                "每充值 ¥1.00 得 1 分",
            ],
        ),
    ],
)
async def test_points_money_and_discounts_in_words(app: Any, chain: Any, language: str, said: list[str]) -> None:
    await change_programme(chain, **VALUE)
    async with logged_in(app, chain, language=language) as browser:
        page = (await browser.get("/programme")).text
    text = re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", page)))
    for sentence in said:
        assert sentence in text, (sentence, text)
