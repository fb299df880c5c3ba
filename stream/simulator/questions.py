"""What people ask about, how it is answered, and how answers fail, in words with slots."""

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

Fate = Literal["good", "stale", "wrong", "error", "empty", "truncated"]
"""How an answer is: as it should be, what the bad version says, wrong, none, or cut off."""


class Topic(NamedTuple):
    """What people ask about, how it is answered, and how answers fail.

    Texts have slots; ``{ref}`` is unique to a conversation, so that texts are distinct.
    ``stale`` is what the bad version answers; a topic without it is not touched.
    """

    name: str
    app: str
    weight: float
    questions: tuple[str, ...]
    answers: tuple[str, ...]
    wrong: tuple[str, ...]
    complaints: tuple[str, ...]
    stale: tuple[str, ...] = ()
    stale_complaints: tuple[str, ...] = ()
    system: str = ""
    expect: Mapping[str, Any] | None = None
    care: float = 1.0  # the failure rate is multiplied by it: what is asked often is well tended


_INVOICE: Mapping[str, Any] = {
    "format": "json",
    "schema": {
        "type": "object",
        "properties": {
            "supplier": {"type": "string"},
            "reference": {"type": "string"},
            "items": {"type": "array", "items": {"type": "string"}},
            "total": {"type": "number"},
        },
        "required": ["supplier", "reference", "items", "total"],
    },
}

TOPICS: tuple[Topic, ...] = (
    Topic(
        "refund",
        "support",
        3.2,
        (
            "I want my money back for order {ref}, the {product} arrived {damage}. How do I return it?",
            "Can I still get a refund for the {product} in order {ref}? I bought it {days} days ago.",
            "How long do I have to return a {product}? It is order {ref} and it came {damage}.",
            "Order {ref}: I sent the {product} back, when do I get my refund?",
        ),
        (
            "You can return the {product} of order {ref} within 60 days for a full refund. Returns are free: print the label in your account and drop the parcel at any shop.",
            "Order {ref} is covered by our 60-day return policy. Send the {product} back with the free label, and the money is on your account three to five days after it arrives.",
        ),
        (
            "Order {ref} cannot be found, so there is nothing that can be returned.",
            "Please contact the maker of the {product} about order {ref}. Shops do not refund.",
        ),
        (
            "wrong, the order is in my account, I can see it",
            "does not answer my question about the refund",
        ),
        (
            "Returns for order {ref} are accepted within 14 days only, and a restocking fee of 15 % is taken off your refund for the {product}.",
            "I am sorry, the {product} of order {ref} can no longer be returned: our policy allows refunds for 14 days, less a 15 % restocking fee.",
        ),
        (
            "wrong, that was last year's refund policy",
            "outdated answer, returns are free for 60 days now",
            "that restocking fee is wrong, it was abolished last year",
            "incorrect, your website says 60 days for refunds",
        ),
        care=0.15,
    ),
    Topic(
        "delivery",
        "support",
        2.0,
        (
            "Where is my parcel? Order {ref} with the {product} should have been here {days} days ago.",
            "Can you change the delivery date of order {ref}? I am away next {weekday}.",
            "The tracking page of order {ref} has not moved for {days} days. Is the {product} lost?",
        ),
        (
            "Order {ref} left our warehouse and is with the carrier. The {product} should be with you by {weekday}; the tracking link is in your confirmation.",
            "I have looked at order {ref}: the parcel is in the depot near you. You can pick another delivery day under My orders until the evening before.",
        ),
        (
            "Order {ref} was delivered last year.",
            "Delivery takes between one and ninety days, so order {ref} is in time.",
        ),
        (
            "wrong, nothing was delivered",
            "useless answer, I asked where the parcel is",
            "too vague, when does it come?",
        ),
    ),
    Topic(
        "invoice",
        "support",
        1.4,
        (
            "I need the invoice for order {ref} with our company's VAT number on it.",
            "Why does the invoice of order {ref} show {amount} dollars? The {product} was cheaper in the shop.",
            "Could you send the bill for order {ref} again? Accounting lost it.",
        ),
        (
            "The invoice for order {ref} is under My orders, Documents. To add a VAT number, edit the billing details and press Issue again.",
            "The amount on invoice {ref} includes shipping and tax for the {product}. The list of single items is on its second page.",
        ),
        (
            "Invoices are not available for order {ref} since it was a gift.",
            "The invoice for order {ref} is {amount} dollars because prices are what they are.",
        ),
        (
            "that was last year's price, wrong",
            "wrong, it was not a gift",
            "not helpful, the link does not exist",
        ),
    ),
    Topic(
        "password",
        "support",
        1.3,
        (
            "I can't sign in any more, the reset mail does not arrive. My ticket is {ref}.",
            "How do I change my password? The page says the link of ticket {ref} has expired.",
            "My account is locked after {days} attempts, ticket {ref}. What now?",
        ),
        (
            "Ask for a new reset link under Sign in, Forgot password. Links are good for one hour; look into the spam folder too. I noted it in ticket {ref}.",
            "An account unlocks itself after 30 minutes. Then choose a new password of twelve characters or more. Ticket {ref} stays open until it works.",
        ),
        (
            "Your ticket {ref} says that you have no account.",
            "Passwords cannot be changed, please open a second account for ticket {ref}.",
        ),
        (
            "wrong, of course I have an account",
            "this does not help, I still can't sign in",
        ),
    ),
    Topic(
        "extract",
        "support",
        1.2,
        (
            "Supplier {supplier} sent bill {ref}: one {product}, {days} cables, {amount} dollars in all. Extract the fields.",
            "Extract the fields from: {supplier} / no. {ref} / {product} / shipping / sum {amount} USD",
        ),
        (
            '{{"supplier": "{supplier}", "reference": "{ref}", "items": ["{product}", "cables", "shipping"], "total": {amount}}}',
        ),
        (
            '{{"supplier": "{supplier}", "reference": "{ref}", "total": {amount}}}',
            'Here is the JSON:\n```json\n{{"supplier": "{supplier}", "reference": "{ref}"}}\n```',
        ),
        ("the JSON is broken", "wrong, the items are not there"),
        ('{{"supplier": "{supplier}", "reference": "{ref}", "items": ["{product}", "cab',),
        ("the JSON is broken, it stops in the middle", "broken JSON, cut off"),
        system="You turn bills into JSON for the shop's accounting. Answer with JSON only.",
        expect=_INVOICE,
    ),
    Topic(
        "code",
        "docs",
        1.5,
        (
            "How do I page through the orders endpoint in {language}? Project {ref}, {days} pages at once.",
            "My {language} client of project {ref} gets status 429 after {days} calls. How should it retry?",
            "Show me how to verify the webhook signature in {language} for project {ref}.",
        ),
        (
            "Use the cursor that each answer of project {ref} returns: in {language}, loop until `next` is null and pass it as `after`. Ask for at most 100 rows a page.",
            "Wait as long as the `Retry-After` header says, then double the pause with some jitter. The {language} SDK does so if you set `retries=5` for project {ref}.",
        ),
        (
            "In {language} just call `client.magic()` with {ref}, it does everything.",
            "Paging is not possible in {language}. Project {ref} must read all rows at once.",
        ),
        (
            "wrong, that function does not exist",
            "the code does not work, import error",
            "too long, I only wanted the loop",
        ),
    ),
    Topic(
        "maths",
        "docs",
        0.9,
        (
            "Plan {ref} costs {amount} dollars for {days} seats. What is that per seat and year with 12 monthly payments?",
            "If project {ref} makes {days}00 calls an hour, how many is that in a week?",
        ),
        (
            "Step by step for {ref}: divide by the number of seats, then multiply by twelve. With {amount} dollars and {days} seats take the quotient times 12.",
            "For {ref}: {days}00 an hour times 24 hours times 7 days, that is {days}00 times 168.",
        ),
        (
            "For {ref} the result is about seven, give or take.",
            "Multiply {amount} by zero, so {ref} costs nothing.",
        ),
        ("wrong result, check the multiplication", "incorrect, a week has 168 hours"),
    ),
    Topic(
        "howto",
        "docs",
        1.3,
        (
            "Where do I set the time zone for workspace {ref}? Reports are {days} hours off.",
            "How can I invite a colleague to workspace {ref} with read access only?",
            "Is there a way to export the dashboard of workspace {ref} every {weekday}?",
        ),
        (
            "In workspace {ref} open Settings, General. The time zone is the third field; reports use it from the next run on.",
            "Open Members in workspace {ref}, press Invite and choose the role Viewer. For exports use Schedules, pick {weekday} and a format.",
        ),
        (
            "Workspace {ref} has no settings.",
            "That is on the page that explains it, see the documentation of {ref}.",
        ),
        (
            "not helpful, it only points to itself",
            "wrong menu, there is no such page",
            "too long, didn't find the answer",
        ),
    ),
)
"""The topics; one more is one more row."""

SLOTS: Mapping[str, tuple[str, ...]] = {
    "product": ("kettle", "desk lamp", "backpack", "headset", "coffee grinder", "rain jacket"),
    "damage": ("broken", "with a scratch", "in the wrong colour", "without its cable"),
    "days": ("3", "5", "8", "9", "12", "20", "25"),
    "weekday": ("Monday", "Wednesday", "Friday", "Saturday"),
    "amount": ("18.90", "42.50", "79.00", "129.99", "240.00"),
    "supplier": ("Northwind Tools", "Lakeside Paper", "Blue Door Coffee"),
    "language": ("Python", "Go", "TypeScript", "Rust"),
}
FOLLOW_UPS: tuple[tuple[str, str], ...] = (
    ("And how long does that take?", "For {ref} it is usually done within two working days."),
    ("Do I have to do anything else?", "No, for {ref} that is all. You get a message at the end."),
    ("Can you say that in one sentence?", "In short: {ref} is taken care of as I described."),
)
"""The next question of someone content, and its answer."""
