"""Routes for everybody, for the platform's people, and for every key."""

CONSOLE = {
    ("GET", "/operator"),
    ("GET", "/operator/chains"),
    ("GET", "/operator/chains/{chain_id:uuid}"),
    ("POST", "/operator/chains/{chain_id:uuid}"),
    ("GET", "/operator/jobs"),
    ("POST", "/operator/jobs"),
    ("GET", "/operator/webhooks"),
    ("GET", "/operator/acts"),
    ("GET", "/operator/webhooks"),
    ("POST", "/operator/logout"),
}
"""For the platform's own people alone: no key and no session of a tenant opens them."""


PUBLIC = {
    ("GET", "/"): "what this is",
    ("GET", "/healthz"): "liveness",
    ("GET", "/readyz"): "readiness",
    ("GET", "/metrics"): "Prometheus; the reverse proxy keeps it inside",
    ("GET", "/exports/files/{token:str}"): "who has the signed link; tests/exports/test_export_links.py attacks it",
    ("GET", "/problems"): "what problem types mean",
    ("GET", "/problems/{code:str}"): "what a problem type means",
    ("GET", "/v1/templates"): "industry templates",
    ("GET", "/v1/templates/{code:str}"): "an industry template",
    ("POST", "/v1/signup"): "who has no tenant yet",
    ("POST", "/stripe/webhook"): "Stripe, by a signature",
    ("GET", "/docs"): "the reference",
    ("GET", "/counter/offline"): "the till's shell: nobody's data",
    ("GET", "/counter/worker.js"): "the till's worker: names of files",
    ("GET", "/openapi.json"): "the contract",
    ("GET", "/assets/{digest:str}/{name:str}"): "styles and scripts",
    ("GET", "/login"): "the log-in",
    ("POST", "/login"): "the log-in",
    ("POST", "/login/code"): "the log-in's step for who has a second factor, by a signed ticket",
    ("GET", "/lock"): "a shared till, by 256 random bits that name the tenant",
    ("POST", "/lock"): "a shared till, by 256 random bits and somebody's PIN",
    ("POST", "/login/chain"): "the log-in's second step, by a signed ticket",
    ("GET", "/invitation/{token:str}"): "who was invited, by 256 random bits that name the tenant",
    ("POST", "/invitation/{token:str}"): "who was invited, by 256 random bits and the account's password",
    ("GET", "/forgot"): "who has forgotten the password",
    ("POST", "/forgot"): "the same answer for every address",
    ("GET", "/reset/{token:str}"): "who has the link, 256 random bits",
    ("POST", "/reset/{token:str}"): "who has the link, 256 random bits",
    ("GET", "/outbox"): "a local installation's letters; not there in production",
    ("GET", "/operator/login"): "the console's log-in",
    ("POST", "/operator/login"): "the console's log-in",
    ("POST", "/operator/code"): "the console's second factor, by a signed ticket",
    ("GET", "/plans"): "what it costs",
    ("GET", "/templates"): "industry templates",
    ("GET", "/templates/{code:str}"): "an industry template",
    ("GET", "/robots.txt"): "search engines",
    ("GET", "/.well-known/security.txt"): "whoever found a hole",
    ("GET", "/sitemap.xml"): "search engines",
    ("GET", "/signup"): "who has no tenant yet",
    ("GET", "/signup/template"): "who has no tenant yet",
    ("GET", "/signup/account"): "who has no tenant yet",
    ("POST", "/signup/account"): "who has no tenant yet",
    **dict.fromkeys(
        (
            *(("GET", f"/c/{{link:str}}{page}") for page in ("", "/points", "/wallet", "/phone", "/manifest.json")),
            *(("POST", f"/c/{{link:str}}/{act}") for act in ("code", "phone", "consents")),
            ("GET", "/c/{link:str}/coupons/{grant_id:uuid}"),
            ("GET", "/c/{link:str}/rewards/{reward_id:uuid}"),
            ("POST", "/c/{link:str}/rewards/{reward_id:uuid}"),
        ),
        "who has the link, signed, that names the tenant and the member; tried in tests/digital_card",
    ),
    **dict.fromkeys(
        ((method, f"/join/{{code:str}}{step}") for method in ("GET", "POST") for step in ("", "/{ticket:str}")),
        "who scans a poster: its code names the tenant; a ticket is the browser's own, 144 random bits",
    ),
    ("POST", "/preferences"): "language of the log-in page, a cookie",
}
"""Routes for everybody: they may not know of any tenant."""


ANY_KEY = {
    ("GET", "/v1/tenant"): "every key may know whose it is",
    ("GET", "/v1/branches"): "every till has to name a branch",
    ("GET", "/v1/branches/{branch_id:uuid}"): "every till has to name a branch",
    ("GET", "/v1/jobs/{job_id:uuid}"): "progress and counts; who may start a job may follow it",
    ("GET", "/v1/jobs/{job_id:uuid}/events"): "the same as it goes on",
    ("POST", "/logout"): "whoever is logged in may leave",
    ("POST", "/lock/now"): "whoever is logged in may lock the till",
    ("GET", "/lock/awake"): "whoever is logged in",
    ("GET", "/account"): "everybody's own",
    ("POST", "/account/name"): "everybody's own",
    ("POST", "/account/language"): "everybody's own",
    ("POST", "/account/password"): "everybody's own",
    ("POST", "/account/pin"): "everybody's own",
    ("POST", "/account/pin/drop"): "everybody's own",
    ("POST", "/account/sessions/end"): "everybody's own",
    ("GET", "/account/second-factor"): "everybody's own",
    ("POST", "/account/second-factor/begin"): "everybody's own",
    ("POST", "/account/second-factor/confirm"): "everybody's own",
    ("POST", "/account/second-factor/codes"): "everybody's own",
    ("POST", "/account/second-factor/off"): "everybody's own",
    ("GET", "/components"): "samples; where it isn't to be seen the page says so itself",
}
"""Routes for every key or session of the tenant, whatever its scopes."""


OWN_CHECK = {
    ("POST", "/v1/imports"): "the scope depends on what is imported",
    ("GET", "/v1/imports"): "who may import anything",
    ("POST", "/v1/imports/{import_id:uuid}/cancel"): "who may import anything",
    ("GET", "/v1/imports/{import_id:uuid}"): "who may import anything",
    ("GET", "/v1/imports/{import_id:uuid}/errors.csv"): "who may import anything",
}
"""Routes that check scopes themselves."""
