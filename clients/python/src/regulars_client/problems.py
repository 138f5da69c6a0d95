"""The API's refusals, a class for each type of problem. Made from the API's description by `make client`: don't change it by hand."""

from collections.abc import Mapping
from typing import Final

from regulars_client.errors import (
    AuthenticationError,
    BadRequestError,
    ConflictError,
    GoneError,
    InvalidError,
    NotFoundError,
    PaymentRequiredError,
    PermissionDeniedError,
    PreconditionError,
    ProblemError,
    RateLimitError,
    ServerError,
)


class AllowanceUsedUp(ConflictError):
    """Allowance used up: All {count} free uses of {product} are gone in this period; there are new ones from {again_on}."""

    code = "allowance-used-up"


class AlreadyInForce(ConflictError):
    """Already in force: Version {version} is the one in force; there is nothing to go back to."""

    code = "already-in-force"


class AlreadyStaff(ConflictError):
    """Already staff or invited: This address belongs to somebody who works here already or is invited. An invitation that waits can be sent again."""

    code = "already-staff"


class ApprovalNeeded(PermissionDeniedError):
    """A manager has to approve: A clerk may not do this alone. A manager can approve it here with a PIN; an approval is good once and for two minutes."""

    code = "approval-needed"


class AsOfInFuture(InvalidError):
    """Time in the future: A recalculation cannot be as of an instant in the future."""

    code = "as-of-in-future"


class BadRequest(BadRequestError):
    """Bad request: The server could not understand this request."""

    code = "bad-request"


class BalanceLimit(InvalidError):
    """Balance limit exceeded: This member's wallet may hold {limit} and holds {balance}: at most {most} more can be paid in."""

    code = "balance-limit"


class BatchTooLarge(InvalidError):
    """Batch too large: At most {limit} items at a time."""

    code = "batch-too-large"


class BillingDisabled(ServerError):
    """Payments are not set up: This installation has no payment service. Ask whoever runs it."""

    code = "billing-disabled"


class BillingEmailMissing(ConflictError):
    """No address for invoices: Give the e-mail address that invoices go to first."""

    code = "billing-email-missing"


class BillingGivenUp(ServerError):
    """It could not be done: The payment service did not answer for most of a day, and this was given up. Look at your plan and invoices, and try anew if need be."""

    code = "billing-given-up"


class BillingInProgress(ConflictError):
    """Earlier change still under way: An earlier payment or change of plan is still under way. Try again shortly."""

    code = "billing-in-progress"


class BillingNotSetUp(ServerError):
    """Plans are not published yet: The plans are not known to the payment service yet. Ask whoever runs this installation (regulars billing sync)."""

    code = "billing-not-set-up"


class BillingRefused(ConflictError):
    """Refused by the payment service: The payment service does not accept this; nothing was changed. Reload the page and try again, or ask us."""

    code = "billing-refused"


class BillingUnavailable(ServerError):
    """Payment service not reached: The payment service did not answer in time. What you asked for is noted and goes on by itself; nothing is charged twice. Look again in a moment."""

    code = "billing-unavailable"


class BranchClosed(InvalidError):
    """Branch closed: This branch is closed and can no longer be used for this."""

    code = "branch-closed"


class Busy(ServerError):
    """Busy: Another operation holds the same data. Try again shortly."""

    code = "busy"


class CampaignNotDraft(ConflictError):
    """Not a draft: The campaign has run already: it can no longer be changed or deleted. Make another one."""

    code = "campaign-not-draft"


class CampaignNotRunning(ConflictError):
    """Not running: The campaign is still a draft: there is nothing to stop."""

    code = "campaign-not-running"


class CampaignOutdated(ConflictError):
    """What the campaign names is gone: A segment, a coupon or a text that the campaign names is gone. Change the campaign, then start it."""

    code = "campaign-outdated"


class CardLost(ConflictError):
    """Card lost: This card was reported lost or was replaced, and can't be used any more. Ask the member who it is. Go on by phone or by the new card."""

    code = "card-lost"


class CardNotActive(ConflictError):
    """Card not in use: This card was replaced or has ended. Use the new card or the phone number."""

    code = "card-not-active"


class CardTaken(ConflictError):
    """Card number taken: Another member has this card number."""

    code = "card-taken"


class ChangeUnderWay(ConflictError):
    """A smaller plan is just coming into force: The plan chosen before comes into force within a day. Choose the present plan to take that back, then change again."""

    code = "change-under-way"


class ChangedMeanwhile(ConflictError):
    """Somebody changed it meanwhile: Since you opened it, somebody kept another version. Nothing was changed: compare, then save again."""

    code = "changed-meanwhile"


class ClaimNotOpen(ConflictError):
    """Claim not open: This claim is {state}."""

    code = "claim-not-open"


class ClockRunning(ConflictError):
    """The clock is moving: While a sandbox's clock moves it can be read, and nothing is written. Wait until the clock has arrived, then send the same again."""

    code = "clock-running"


class CodeEnded(InvalidError):
    """Member code not valid: Nobody has this code, or it was used or has ended. Ask the member to show a new one."""

    code = "code-ended"


class CodeTaken(ConflictError):
    """Code taken: This code is already in use."""

    code = "code-taken"


class CommitFailed(ServerError):
    """Saving not confirmed: It is not certain that this was saved. Try again with the same idempotency key."""

    code = "commit-failed"


class ConfigurationCurrency(ConflictError):
    """Another currency: This set-up is in {currency} and this chain in {own}: its amounts would mean something else here."""

    code = "configuration-currency"


class Conflict(ConflictError):
    """Conflict: This conflicts with what is stored. Nothing was changed."""

    code = "conflict"


class ConsentRefused(InvalidError):
    """Consent not valid: The code or PIN is wrong, has ended, was used, or is for less. Ask the member for a new one."""

    code = "consent-refused"


class ConsentRequired(InvalidError):
    """The member's consent is needed: Paying this much from the wallet needs the member's consent: the code of its digital card, a code by SMS, or its PIN."""

    code = "consent-required"


class CouponBelowMinimum(InvalidError):
    """Below the coupon's minimum: The coupon {code} asks for {minimum}; what it is for comes to {amount} after other discounts. Add something, or sell without it."""

    code = "coupon-below-minimum"


class CouponEnded(ConflictError):
    """Coupon ended: The coupon {code} has ended, or its days are over: no more of it is given. Those that were given hold."""

    code = "coupon-ended"


class CouponNotHere(InvalidError):
    """Not at this branch: The coupon {code} isn't for this branch. Sell without it."""

    code = "coupon-not-here"


class CouponNotUsable(ConflictError):
    """Coupon not usable: The coupon {code} is {state}. Sell without it."""

    code = "coupon-not-usable"


class CouponWithoutEffect(InvalidError):
    """Nothing for the coupon: There is nothing in this purchase that the coupon {code} could reduce. Keep it for another time."""

    code = "coupon-without-effect"


class CouponsDoNotCombine(InvalidError):
    """Coupons do not combine: The coupon {code} can't be used beside others. Keep one of them."""

    code = "coupons-do-not-combine"


class CouponsNeedListPrices(InvalidError):
    """Coupons need list prices: Final amounts (external_amounts: true) take no coupons: send list prices, or redeem the coupon by its own call."""

    code = "coupons-need-list-prices"


class CsrfFailed(PermissionDeniedError):
    """Page expired: The security check failed. Reload the page and try again."""

    code = "csrf-failed"


class CurrencyMismatch(InvalidError):
    """Currency mismatch: The programme's currency must be that of the chain: {currency}."""

    code = "currency-mismatch"


class DraftChanged(ConflictError):
    """The draft has changed meanwhile: The part that you edit was changed meanwhile (last by: {by}). Your entries are still in the form, not saved: save again to put them in the place of the other change, or open the page anew to see that."""

    code = "draft-changed"


class DraftInTheWay(ConflictError):
    """A draft is there already: There is a draft of the rules already, which isn't written over. Publish it or give it up first."""

    code = "draft-in-the-way"


class DraftMissing(NotFoundError):
    """No draft: There is no programme draft."""

    code = "draft-missing"


class DraftRevised(ConflictError):
    """The draft has changed meanwhile: The draft was changed since you opened this page (last by: {by}). Look at what changes, then go on."""

    code = "draft-revised"


class EmailTaken(ConflictError):
    """E-mail address taken: This e-mail address is already registered."""

    code = "email-taken"


class EventsGone(GoneError):
    """Events gone: Events are kept for 30 days, and some of those behind this position are gone. The oldest one that is left is {oldest}: read anew what you need and go on there."""

    code = "events-gone"


class ExportGone(GoneError):
    """Export file gone: This export has no file: it is not written yet, was kept for its seven days, or was deleted. Ask for a new one."""

    code = "export-gone"


class ExportLinkExpired(GoneError):
    """Link expired: A download link is good for an hour, and no longer than the key or the owner that it was made for. Ask for a fresh one."""

    code = "export-link-expired"


class ExternalIdConflict(ConflictError):
    """External id used for other content: This external_id is already recorded with other content. Check whether it is the same ticket; if it is another one, give it a number of its own."""

    code = "external-id-conflict"


class ExternalIdTaken(ConflictError):
    """External id taken: Another member has this external id."""

    code = "external-id-taken"


class Forbidden(PermissionDeniedError):
    """Permission missing: This key or account lacks the permission {scope}."""

    code = "forbidden"


class HealthConsentMissing(InvalidError):
    """No consent to health data: The member has not consented to keeping health data, so that no health measurement can be recorded. Ask for the consent first (channel health)."""

    code = "health-consent-missing"


class HouseholdsLeft(ConflictError):
    """Phone numbers still shared: Members still share phone numbers ({phones}), so that this can't be switched off."""

    code = "households-left"


class IdempotencyInProgress(ConflictError):
    """Same request still running: A request with the same Idempotency-Key is still running. Try again shortly."""

    code = "idempotency-in-progress"


class IdempotencyKeyInvalid(BadRequestError):
    """Invalid idempotency key: Idempotency-Key must be 1 to 255 visible ASCII characters."""

    code = "idempotency-key-invalid"


class IdempotencyKeyReused(InvalidError):
    """Idempotency key reused: This Idempotency-Key was used for another request. Use a new key."""

    code = "idempotency-key-reused"


class ImportFileInvalid(InvalidError):
    """Invalid import file: The import file cannot be read."""

    code = "import-file-invalid"


class ImportOptionsInvalid(InvalidError):
    """Invalid import options: Errors found in the import options: {count}."""

    code = "import-options-invalid"


class Internal(ServerError):
    """Internal error: Something went wrong on our side; nothing was changed. Quote the request id when you contact us."""

    code = "internal"


class InvalidCursor(InvalidError):
    """Invalid cursor: The cursor is not valid. Start again from the first page."""

    code = "invalid-cursor"


class InvitationExpired(GoneError):
    """Invitation expired: An invitation is good for seven days. Ask who invited you to send it again."""

    code = "invitation-expired"


class InvitationUnknown(NotFoundError):
    """Invitation not found: This link is incomplete, was withdrawn, or a newer one has taken its place. Ask who invited you."""

    code = "invitation-unknown"


class InvitationUsed(ConflictError):
    """Invitation already accepted: This invitation was accepted already. Just log in."""

    code = "invitation-used"


class InvoiceNotOpen(ConflictError):
    """Invoice is not open: This invoice is not waiting to be paid."""

    code = "invoice-not-open"


class JoinClosed(NotFoundError):
    """No joining here at the moment: Please become a member at the counter."""

    code = "join-closed"


class LastOwner(ConflictError):
    """Last owner: A chain needs an owner. Make somebody else an owner first."""

    code = "last-owner"


class LaterDecisions(ConflictError):
    """Later decisions exist: There are decisions later than this instant, up to {latest}; it can no longer be evaluated on its own."""

    code = "later-decisions"


class LinesDoNotMatch(InvalidError):
    """Lines do not add up: The lines add up to {lines}; they must add up to the amount, {amount}. Correct them and send again."""

    code = "lines-do-not-match"


class LiveOnly(ConflictError):
    """Not in a sandbox: This belongs to the live chain: a sandbox has no sandbox, bill or invitations of its own. Use a live key, or go back."""

    code = "live-only"


class Locked(AuthenticationError):
    """Till locked: This till was idle and is locked. Its user has to unlock it with a PIN."""

    code = "locked"


class MalformedJson(BadRequestError):
    """Malformed JSON: The request body is not valid JSON (line {line}, column {column})."""

    code = "malformed-json"


class MemberClosed(ConflictError):
    """Member has left: This member has left: it can be read, but nothing can be changed or recorded any more."""

    code = "member-closed"


class MemberMerged(ConflictError):
    """Member already merged: This record was merged into member {survivor_id} before."""

    code = "member-merged"


class MemberNeeded(InvalidError):
    """A member is needed: Only a member pays with points or stored value: give member_id, phone, card_no or member_code."""

    code = "member-needed"


class MergeSelf(InvalidError):
    """Cannot merge with itself: Both ids are the same member's."""

    code = "merge-self"


class MethodNotAllowed(ProblemError):
    """Method not allowed: This address does not take this method; the Allow header lists those it takes."""

    code = "method-not-allowed"


class MoneyOwed(ConflictError):
    """Money is owed: The chain still owes this member {principal} of stored value and {passes} for unused passes. Pay it back first."""

    code = "money-owed"


class NoAllowance(ConflictError):
    """No such allowance: The member's tiers give no free {product}. Charge as usual."""

    code = "no-allowance"


class NoSandbox(ConflictError):
    """No sandbox: There is no sandbox, or it isn't ready. Make one and wait until GET /v1/sandbox says ready."""

    code = "no-sandbox"


class NoSubscription(ConflictError):
    """No subscription: There is no subscription. Choose a plan and pay for it first."""

    code = "no-subscription"


class NobodyChosen(InvalidError):
    """Say who you are: Choose your name first, then type the PIN."""

    code = "nobody-chosen"


class NotAcceptable(ProblemError):
    """Not acceptable: No answer fits the Accept header."""

    code = "not-acceptable"


class NotEligible(InvalidError):
    """Not eligible: The programme's conditions for joining are not met."""

    code = "not-eligible"


class NotEnoughPoints(InvalidError):
    """Not enough points: The points that may be used are {spendable}: fewer than asked for. Use fewer."""

    code = "not-enough-points"


class NotFound(NotFoundError):
    """Not found: There is nothing here by that name or id."""

    code = "not-found"


class NotPermitted(PermissionDeniedError):
    """Not permitted: This key or account may not do this."""

    code = "not-permitted"


class PassEnded(ConflictError):
    """Pass has ended: The pass ended on {valid_until}. Unused visits can be paid back."""

    code = "pass-ended"


class PassUsedUp(ConflictError):
    """Not enough visits left: The pass has {left} visits left."""

    code = "pass-used-up"


class PayloadTooLarge(ProblemError):
    """Request too large: The request body is larger than allowed."""

    code = "payload-too-large"


class PaymentDeclined(PaymentRequiredError):
    """Payment declined: The bank declined the payment. Use another card, or ask the bank and try again."""

    code = "payment-declined"


class PaymentOutstanding(PaymentRequiredError):
    """Something is still to be paid: Pay the open invoice or give a new card first; then change the plan."""

    code = "payment-outstanding"


class PhoneMissing(InvalidError):
    """The member has no phone: The member has no phone that could receive an SMS. Let the member show the card's code or type the PIN."""

    code = "phone-missing"


class PhoneShared(ConflictError):
    """Phone number shared: {members} members share this phone number. Choose one of the candidates and send member_id instead."""

    code = "phone-shared"


class PhoneTaken(ConflictError):
    """Phone number taken: Another member has this phone number."""

    code = "phone-taken"


class PinLocked(PermissionDeniedError):
    """PIN locked: Five wrong tries: this PIN is good again once its owner has logged in with the password."""

    code = "pin-locked"


class PinWrong(PermissionDeniedError):
    """Wrong PIN: The PIN is not right. Tries left: {left}."""

    code = "pin-wrong"


class PlanLimit(PaymentRequiredError):
    """The plan's limit is reached: The plan {name} has room for {limit} open branches. Close branches that no longer trade, or choose a larger plan."""

    code = "plan-limit"


class PlanTooSmall(PaymentRequiredError):
    """Too many branches for this plan: This plan allows {limit} open branches. Close {over} first, or choose a larger plan."""

    code = "plan-too-small"


class PlanUnchanged(ConflictError):
    """Already on this plan: This is the plan you have."""

    code = "plan-unchanged"


class PointsBeyondLimit(InvalidError):
    """Not so many points: This purchase takes from {least} to {most} points. Ask for a number in between, or for none."""

    code = "points-beyond-limit"


class PointsInDebt(InvalidError):
    """Points are owed: After refunds the member owes {debt} points; none can be used before new ones have paid for them."""

    code = "points-in-debt"


class PointsNotRedeemable(InvalidError):
    """Points don't pay: The programme takes no points as payment."""

    code = "points-not-redeemable"


class PreconditionFailed(PreconditionError):
    """Changed in the meantime: This is not in the state that If-Match or If-None-Match asks for. Read it again, then send your change."""

    code = "precondition-failed"


class PreconditionRequired(ProblemError):
    """If-Match required: Send If-Match, so that nobody's change is overwritten."""

    code = "precondition-required"


class PreviewOutdated(ConflictError):
    """Preview outdated: The amount shown is no longer current. Preview the change again."""

    code = "preview-outdated"


class ProgrammeInvalid(InvalidError):
    """Invalid programme: Errors found in the programme: {count}."""

    code = "programme-invalid"


class ProofRunning(ConflictError):
    """Proof running: A proof is at work already; wait for its end."""

    code = "proof-running"


class PublishNotAhead(InvalidError):
    """Not in the future: The time of the publish, {at}, is not in the future."""

    code = "publish-not-ahead"


class PublishPending(ConflictError):
    """A publish is pending: Another publish already waits for its time; cancel it first."""

    code = "publish-pending"


class PurchaseUndone(ConflictError):
    """Purchase undone: This purchase was undone: there is nothing to give back."""

    code = "purchase-undone"


class RateLimited(RateLimitError):
    """Too many requests: Too many requests. Try again after the time in Retry-After."""

    code = "rate-limited"


class RecalculationRunning(ConflictError):
    """Recalculation running: A recalculation is already running."""

    code = "recalculation-running"


class RefundExceedsPurchase(InvalidError):
    """Refund exceeds the purchase: No more than {left} of this purchase is left to give back. Refund that or less."""

    code = "refund-exceeds-purchase"


class RequestTimeout(ProblemError):
    """The request took too long: The body of the request didn't come in time. Look at the line, then send it again."""

    code = "request-timeout"


class ResetExpired(GoneError):
    """Link expired: A link is good for one hour. Please ask for a new one."""

    code = "reset-expired"


class ResetUnknown(NotFoundError):
    """Link not found: This link is incomplete, or another one has set the password since. Please ask for a new one."""

    code = "reset-unknown"


class ResetUsed(ConflictError):
    """Link already used: A password was set with this link already. Just log in."""

    code = "reset-used"


class RewardEnded(ConflictError):
    """Reward ended: The reward {code} has ended and can't be claimed any more."""

    code = "reward-ended"


class RewardNeedsTier(ConflictError):
    """Tier too low: Only members in the tier {tier} of {ladder} or a higher one may claim this."""

    code = "reward-needs-tier"


class RewardOutOfStock(ConflictError):
    """Out of stock: There is no piece of the reward {code} left. No points were taken."""

    code = "reward-out-of-stock"


class RewardStockTooLow(InvalidError):
    """Not so many in stock: There are only {stock} pieces in stock."""

    code = "reward-stock-too-low"


class RulesChanged(ConflictError):
    """Other rules came into force: Other rules came into force since you opened this page. Look at what would change now, then go on."""

    code = "rules-changed"


class SandboxExists(ConflictError):
    """There is a sandbox already: A chain has one sandbox. Reset it, or remove it first."""

    code = "sandbox-exists"


class SandboxFull(ConflictError):
    """The sandbox or sample is full: A sandbox, and a sample chain, has room for {limit} members. Reset it, or go on in the real chain."""

    code = "sandbox-full"


class SandboxOnly(ConflictError):
    """Only in a sandbox: A live chain's clock isn't moved, and its letters went out. Use a test key of the sandbox (rk_test_…)."""

    code = "sandbox-only"


class SecondFactorElsewhere(ConflictError):
    """This person works for another chain, too: The account belongs to another chain, too, so one owner can't take its second factor away. A recovery code helps, or ask us."""

    code = "second-factor-elsewhere"


class SecondFactorRequired(PermissionDeniedError):
    """Set up the second factor first: This chain asks its owners and managers for a second factor. Set yours up under your account, then go on."""

    code = "second-factor-required"


class SecretShownOnce(ConflictError):
    """Secret shown once: This request was carried out. Its secret was shown once and is not repeated."""

    code = "secret-shown-once"


class SegmentOutdated(InvalidError):
    """Segment out of date: The segment's condition names what the rules in force no longer have. Change the condition."""

    code = "segment-outdated"


class SettingsFrozen(ConflictError):
    """Setting frozen: Time zone and currency cannot change once there are facts."""

    code = "settings-frozen"


class SimulationNotDone(ConflictError):
    """Simulation not done: This simulation is still under way, was replaced by a newer one or has failed: it has no list of members."""

    code = "simulation-not-done"


class SlugTaken(ConflictError):
    """Address name taken: Another chain uses this address name."""

    code = "slug-taken"


class StripeSignatureInvalid(BadRequestError):
    """Signature invalid: This request has no valid signature of Stripe's, or it is too old."""

    code = "stripe-signature-invalid"


class SubscriptionEnding(ConflictError):
    """Subscription is ending: The subscription is cancelled and ends with this period. Take the cancellation back first."""

    code = "subscription-ending"


class SubscriptionExists(ConflictError):
    """Already subscribed: There is a subscription already. Change its plan instead."""

    code = "subscription-exists"


class SubscriptionNotEnding(ConflictError):
    """Subscription is not ending: The subscription is not cancelled; there is nothing to take back."""

    code = "subscription-not-ending"


class SubscriptionNotPaused(ConflictError):
    """Subscription is not paused: The subscription is not paused; there is nothing to go on with."""

    code = "subscription-not-paused"


class TaskNotOpen(ConflictError):
    """Task not open: This task is over: {state}."""

    code = "task-not-open"


class TaskRuleEnded(ConflictError):
    """Task rule ended: The rule {code} has ended and can't be changed any more."""

    code = "task-rule-ended"


class TaskRuleForOthers(ConflictError):
    """A rule for others: There is a rule of this code for other members. For whom a rule is can't be changed: end it first."""

    code = "task-rule-for-others"


class TenantClosed(PermissionDeniedError):
    """Account closed: This chain's account is closed; nothing more can be done with it."""

    code = "tenant-closed"


class TendersDoNotMatch(InvalidError):
    """Tenders do not add up: The tenders add up to {tenders}; they must add up to what is to be paid, {amount}. Correct them and send again."""

    code = "tenders-do-not-match"


class TextInUse(ConflictError):
    """The text is in use: The campaign {campaign} sends this text; it cannot be deleted."""

    code = "text-in-use"


class TiersInUse(InvalidError):
    """Tiers in use: The tier {tier} of the ladder {ladder} is held (members: {members}), and the new rules don't have it; say in holders what becomes of them."""

    code = "tiers-in-use"


class TooManyStreams(RateLimitError):
    """Too many streams: A chain can follow {most} jobs at a time. End one of the streams first."""

    code = "too-many-streams"


class TooManyTries(RateLimitError):
    """Too many tries: Too many tries. Please wait a quarter of an hour."""

    code = "too-many-tries"


class TooManyWebhooks(ConflictError):
    """Too many webhooks: A chain has room for {most} endpoints. Delete one that is no longer used."""

    code = "too-many-webhooks"


class Unauthenticated(AuthenticationError):
    """Not authenticated: Send a valid API key or log in first."""

    code = "unauthenticated"


class Unavailable(ServerError):
    """Temporarily unavailable: The service is temporarily unavailable. Try again shortly."""

    code = "unavailable"


class UndoHandedOver(ConflictError):
    """Its shift was handed over: It is on a sheet that was signed. Give it back by a refund instead: that counts in the shift that goes on now."""

    code = "undo-handed-over"


class UndoNotLast(ConflictError):
    """Not the last entry: Only your last entry at this branch can be undone, and another one followed. Give it back by a refund instead."""

    code = "undo-not-last"


class UndoNotYours(ConflictError):
    """Somebody else's entry: Only an entry of your own at the till can be undone. Give it back by a refund instead."""

    code = "undo-not-yours"


class UndoTooLate(ConflictError):
    """Too late to undo: It was recorded more than {minutes} minutes ago. Give it back by a refund instead."""

    code = "undo-too-late"


class UndoUsed(ConflictError):
    """A later entry used it: It can't be undone: a later entry used what it gave. Give it back by a refund instead."""

    code = "undo-used"


class UnknownBranch(InvalidError):
    """Unknown branch: There is no such branch."""

    code = "unknown-branch"


class UnknownCoupon(InvalidError):
    """Unknown coupon: There is no coupon with this number or id. Compare with the coupon and type it again."""

    code = "unknown-coupon"


class UnknownMember(InvalidError):
    """Unknown member: There is no such member."""

    code = "unknown-member"


class UnknownTemplate(InvalidError):
    """Unknown template: There is no such industry template."""

    code = "unknown-template"


class UnknownVersion(BadRequestError):
    """No such version: Regulars-Version must be one of {versions}. Leave it out for the newest."""

    code = "unknown-version"


class UnsupportedMediaType(ProblemError):
    """Unsupported media type: The request's Content-Type is not supported here."""

    code = "unsupported-media-type"


class UriTooLong(ProblemError):
    """Address too long: The address is longer than allowed."""

    code = "uri-too-long"


class ValidationFailed(InvalidError):
    """Invalid request: Errors found in the request: {count}."""

    code = "validation-failed"


class WalletBalanceTooLow(InvalidError):
    """Wallet balance too low: The wallet holds {balance}, less than this asks for. Pay the rest in another way, or top up first."""

    code = "wallet-balance-too-low"


class WalletBeyondAmount(InvalidError):
    """More than is to be paid: No more than {most} is left to pay from the wallet. Try again with that."""

    code = "wallet-beyond-amount"


class WalletPrincipalTooLow(InvalidError):
    """Not so much principal left: No more than {principal} of principal is left to pay back. Pay back that or less."""

    code = "wallet-principal-too-low"


class WebhookOff(ConflictError):
    """The webhook is off: Nothing is sent to this endpoint while it is off. Turn it on first."""

    code = "webhook-off"


class WechatTaken(ConflictError):
    """WeChat identity taken: Another member has this WeChat identity. Where it is the same person, merge the two records."""

    code = "wechat-taken"


BY_CODE: Final[Mapping[str, type[ProblemError]]] = {
    "allowance-used-up": AllowanceUsedUp,
    "already-in-force": AlreadyInForce,
    "already-staff": AlreadyStaff,
    "approval-needed": ApprovalNeeded,
    "as-of-in-future": AsOfInFuture,
    "bad-request": BadRequest,
    "balance-limit": BalanceLimit,
    "batch-too-large": BatchTooLarge,
    "billing-disabled": BillingDisabled,
    "billing-email-missing": BillingEmailMissing,
    "billing-given-up": BillingGivenUp,
    "billing-in-progress": BillingInProgress,
    "billing-not-set-up": BillingNotSetUp,
    "billing-refused": BillingRefused,
    "billing-unavailable": BillingUnavailable,
    "branch-closed": BranchClosed,
    "busy": Busy,
    "campaign-not-draft": CampaignNotDraft,
    "campaign-not-running": CampaignNotRunning,
    "campaign-outdated": CampaignOutdated,
    "card-lost": CardLost,
    "card-not-active": CardNotActive,
    "card-taken": CardTaken,
    "change-under-way": ChangeUnderWay,
    "changed-meanwhile": ChangedMeanwhile,
    "claim-not-open": ClaimNotOpen,
    "clock-running": ClockRunning,
    "code-ended": CodeEnded,
    "code-taken": CodeTaken,
    "commit-failed": CommitFailed,
    "configuration-currency": ConfigurationCurrency,
    "conflict": Conflict,
    "consent-refused": ConsentRefused,
    "consent-required": ConsentRequired,
    "coupon-below-minimum": CouponBelowMinimum,
    "coupon-ended": CouponEnded,
    "coupon-not-here": CouponNotHere,
    "coupon-not-usable": CouponNotUsable,
    "coupon-without-effect": CouponWithoutEffect,
    "coupons-do-not-combine": CouponsDoNotCombine,
    "coupons-need-list-prices": CouponsNeedListPrices,
    "csrf-failed": CsrfFailed,
    "currency-mismatch": CurrencyMismatch,
    "draft-changed": DraftChanged,
    "draft-in-the-way": DraftInTheWay,
    "draft-missing": DraftMissing,
    "draft-revised": DraftRevised,
    "email-taken": EmailTaken,
    "events-gone": EventsGone,
    "export-gone": ExportGone,
    "export-link-expired": ExportLinkExpired,
    "external-id-conflict": ExternalIdConflict,
    "external-id-taken": ExternalIdTaken,
    "forbidden": Forbidden,
    "health-consent-missing": HealthConsentMissing,
    "households-left": HouseholdsLeft,
    "idempotency-in-progress": IdempotencyInProgress,
    "idempotency-key-invalid": IdempotencyKeyInvalid,
    "idempotency-key-reused": IdempotencyKeyReused,
    "import-file-invalid": ImportFileInvalid,
    "import-options-invalid": ImportOptionsInvalid,
    "internal": Internal,
    "invalid-cursor": InvalidCursor,
    "invitation-expired": InvitationExpired,
    "invitation-unknown": InvitationUnknown,
    "invitation-used": InvitationUsed,
    "invoice-not-open": InvoiceNotOpen,
    "join-closed": JoinClosed,
    "last-owner": LastOwner,
    "later-decisions": LaterDecisions,
    "lines-do-not-match": LinesDoNotMatch,
    "live-only": LiveOnly,
    "locked": Locked,
    "malformed-json": MalformedJson,
    "member-closed": MemberClosed,
    "member-merged": MemberMerged,
    "member-needed": MemberNeeded,
    "merge-self": MergeSelf,
    "method-not-allowed": MethodNotAllowed,
    "money-owed": MoneyOwed,
    "no-allowance": NoAllowance,
    "no-sandbox": NoSandbox,
    "no-subscription": NoSubscription,
    "nobody-chosen": NobodyChosen,
    "not-acceptable": NotAcceptable,
    "not-eligible": NotEligible,
    "not-enough-points": NotEnoughPoints,
    "not-found": NotFound,
    "not-permitted": NotPermitted,
    "pass-ended": PassEnded,
    "pass-used-up": PassUsedUp,
    "payload-too-large": PayloadTooLarge,
    "payment-declined": PaymentDeclined,
    "payment-outstanding": PaymentOutstanding,
    "phone-missing": PhoneMissing,
    "phone-shared": PhoneShared,
    "phone-taken": PhoneTaken,
    "pin-locked": PinLocked,
    "pin-wrong": PinWrong,
    "plan-limit": PlanLimit,
    "plan-too-small": PlanTooSmall,
    "plan-unchanged": PlanUnchanged,
    "points-beyond-limit": PointsBeyondLimit,
    "points-in-debt": PointsInDebt,
    "points-not-redeemable": PointsNotRedeemable,
    "precondition-failed": PreconditionFailed,
    "precondition-required": PreconditionRequired,
    "preview-outdated": PreviewOutdated,
    "programme-invalid": ProgrammeInvalid,
    "proof-running": ProofRunning,
    "publish-not-ahead": PublishNotAhead,
    "publish-pending": PublishPending,
    "purchase-undone": PurchaseUndone,
    "rate-limited": RateLimited,
    "recalculation-running": RecalculationRunning,
    "refund-exceeds-purchase": RefundExceedsPurchase,
    "request-timeout": RequestTimeout,
    "reset-expired": ResetExpired,
    "reset-unknown": ResetUnknown,
    "reset-used": ResetUsed,
    "reward-ended": RewardEnded,
    "reward-needs-tier": RewardNeedsTier,
    "reward-out-of-stock": RewardOutOfStock,
    "reward-stock-too-low": RewardStockTooLow,
    "rules-changed": RulesChanged,
    "sandbox-exists": SandboxExists,
    "sandbox-full": SandboxFull,
    "sandbox-only": SandboxOnly,
    "second-factor-elsewhere": SecondFactorElsewhere,
    "second-factor-required": SecondFactorRequired,
    "secret-shown-once": SecretShownOnce,
    "segment-outdated": SegmentOutdated,
    "settings-frozen": SettingsFrozen,
    "simulation-not-done": SimulationNotDone,
    "slug-taken": SlugTaken,
    "stripe-signature-invalid": StripeSignatureInvalid,
    "subscription-ending": SubscriptionEnding,
    "subscription-exists": SubscriptionExists,
    "subscription-not-ending": SubscriptionNotEnding,
    "subscription-not-paused": SubscriptionNotPaused,
    "task-not-open": TaskNotOpen,
    "task-rule-ended": TaskRuleEnded,
    "task-rule-for-others": TaskRuleForOthers,
    "tenant-closed": TenantClosed,
    "tenders-do-not-match": TendersDoNotMatch,
    "text-in-use": TextInUse,
    "tiers-in-use": TiersInUse,
    "too-many-streams": TooManyStreams,
    "too-many-tries": TooManyTries,
    "too-many-webhooks": TooManyWebhooks,
    "unauthenticated": Unauthenticated,
    "unavailable": Unavailable,
    "undo-handed-over": UndoHandedOver,
    "undo-not-last": UndoNotLast,
    "undo-not-yours": UndoNotYours,
    "undo-too-late": UndoTooLate,
    "undo-used": UndoUsed,
    "unknown-branch": UnknownBranch,
    "unknown-coupon": UnknownCoupon,
    "unknown-member": UnknownMember,
    "unknown-template": UnknownTemplate,
    "unknown-version": UnknownVersion,
    "unsupported-media-type": UnsupportedMediaType,
    "uri-too-long": UriTooLong,
    "validation-failed": ValidationFailed,
    "wallet-balance-too-low": WalletBalanceTooLow,
    "wallet-beyond-amount": WalletBeyondAmount,
    "wallet-principal-too-low": WalletPrincipalTooLow,
    "webhook-off": WebhookOff,
    "wechat-taken": WechatTaken,
}
