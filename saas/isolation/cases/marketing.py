"""Pages of tasks, segments, campaigns and messages."""

from saas.isolation.cases.offers import sent
from saas.isolation.knocks import Case, Cases, Knock


def _campaign_page(act: str) -> list[tuple[tuple[str, str], Case]]:
    path = f"/campaigns/{{campaign_id:uuid}}/{act}"
    return [
        (("GET", path), lambda ids, _: [Knock(f"/campaigns/{ids.campaign}/{act}", 404)]),
        (("POST", path), lambda ids, _: [sent(f"/campaigns/{ids.campaign}/{act}", 404)]),
    ]


def _text_page(act: str) -> list[tuple[tuple[str, str], Case]]:
    """Of a text that the calls' cases don't make under the same code."""
    path = f"/messages/texts/{{code:str}}/{act}"
    return [
        (("GET", path), lambda ids, _: [Knock(f"/messages/texts/{ids.text}-b/{act}", 404)]),
        (("POST", path), lambda ids, _: [sent(f"/messages/texts/{ids.text}-b/{act}", 404)]),
    ]


MARKETING_PAGES: Cases = {
    ("GET", "/tasks/{task_id:uuid}"): lambda ids, _: [Knock(f"/tasks/{ids.task}", 404)],
    ("POST", "/tasks/{task_id:uuid}/number"): lambda ids, _: [sent(f"/tasks/{ids.task}/number", 404)],
    ("POST", "/tasks/{task_id:uuid}/done"): lambda ids, _: [sent(f"/tasks/{ids.task}/done", 404, outcome="reached")],
    ("POST", "/tasks/{task_id:uuid}/postpone"): lambda ids, _: [
        sent(f"/tasks/{ids.task}/postpone", 404, until="2199-01-01")
    ],
    ("POST", "/tasks/{task_id:uuid}/skip"): lambda ids, _: [sent(f"/tasks/{ids.task}/skip", 404)],
    ("GET", "/tasks/rules/{rule_id:uuid}"): lambda ids, _: [Knock(f"/tasks/rules/{ids.rule}", 404)],
    ("POST", "/tasks/rules/{rule_id:uuid}"): lambda ids, _: [sent(f"/tasks/rules/{ids.rule}", 404)],
    ("GET", "/tasks/rules/{rule_id:uuid}/end"): lambda ids, _: [Knock(f"/tasks/rules/{ids.rule}/end", 404)],
    ("GET", "/segments/{segment_id:uuid}"): lambda ids, _: [Knock(f"/segments/{ids.segment}", 404)],
    ("GET", "/segments/{segment_id:uuid}/edit"): lambda ids, _: [Knock(f"/segments/{ids.segment}/edit", 404)],
    ("POST", "/segments/{segment_id:uuid}/edit"): lambda ids, _: [sent(f"/segments/{ids.segment}/edit", 404)],
    ("GET", "/segments/{segment_id:uuid}/delete"): lambda ids, _: [Knock(f"/segments/{ids.segment}/delete", 404)],
    ("POST", "/segments/{segment_id:uuid}/delete"): lambda ids, _: [sent(f"/segments/{ids.segment}/delete", 404)],
    ("POST", "/tasks/rules/{rule_id:uuid}/end"): lambda ids, _: [sent(f"/tasks/rules/{ids.rule}/end", 404)],
    ("GET", "/campaigns/{campaign_id:uuid}"): lambda ids, _: [Knock(f"/campaigns/{ids.campaign}", 404)],
    ("GET", "/campaigns/{campaign_id:uuid}/report"): lambda ids, _: [Knock(f"/campaigns/{ids.campaign}/report", 404)],
    ("GET", "/campaigns/new"): lambda ids, _: [Knock(f"/campaigns/new?like={ids.campaign}", 404)],
    ("GET", "/messages"): lambda ids, _: [Knock(f"/messages?member_id={ids.member}", 422)],
    **{case: knocks for act in ("edit", "start", "stop", "delete") for case, knocks in _campaign_page(act)},
    **{case: knocks for act in ("edit", "delete") for case, knocks in _text_page(act)},
}
