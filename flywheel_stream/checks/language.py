"""Answers in another language than the one that was asked for."""

from flywheel_stream.checks.check import Check, Checked
from flywheel_stream.checks.reading import failed, system_prompt
from flywheel_stream.languages import (
    asked_language,
    language_of,
    speaks_of_languages,
    standing_language,
)

_ENGLISH = (" the ", " and ", " to ", " you ")
_ENGLISH_FIRST = frozenset(
    """
    What How Why Where When Who Which Can Could Would Should Is Are Do Does Please Write Give Tell
    Explain Describe List Name Create Make Find Show Help Generate Rewrite Summarize Summarise Suggest
    Identify Classify Compare Calculate Convert Edit Provide Compose Construct Design Develop Determine
    Add Change Choose Come Complete Define Draft Given Imagine Outline Predict Propose Rank Replace
    Select Sort Take Think Use You My The This There It If In As Based For From
    """.split()  # noqa: SIM905 - a hundred quoted words are no easier to read
)
_ASKED = 160  # characters at the end of a question, where what it asks for stands
_ASKS_FOR_ONE = ("nswer", "eply", "espond", "peak", "rite ")


def _looks_english(text: str) -> bool:
    for word in _ENGLISH:
        if word in text:
            return True
    return text.partition(" ")[0] in _ENGLISH_FIRST


def _asks_for_a_language(question: str) -> bool:
    end = question[-_ASKED:]
    if " in " in end:  # elsewhere the language of the question is the one that is asked for
        for words in _ASKS_FOR_ONE:
            if words in end:
                return asked_language(end) is not None
    return False


def _may_be_foreign(call: Checked) -> bool:
    """Not if both look English at a glance and no other language is asked for."""
    if not call.response:
        return False
    question = call.question
    if not (_looks_english(call.response) and _looks_english(question)):
        return True
    if _asks_for_a_language(question):
        return True
    system = system_prompt(call)
    return bool(system) and standing_language(system) is not None


def _wrong_language(call: Checked) -> str | None:
    if failed(call) or not call.response:
        return None
    question = call.question
    asked = asked_language(question[-_ASKED:]) if _asks_for_a_language(question) else None
    asked = asked or standing_language(system_prompt(call))
    wanted = asked or language_of(question)
    if wanted is None or (wanted == "English" and _looks_english(call.response)):
        return None
    found = language_of(call.response)
    if found in {None, wanted}:
        return None
    # A question about languages says nothing of the language to answer in.
    if asked is None and speaks_of_languages(question):
        return None
    return f"answered in {found}, not in {wanted}"


WRONG_LANGUAGE = Check(
    name="wrong_language",
    sees="scrubbed",
    gate=_may_be_foreign,
    evidence=_wrong_language,
    hits=(
        {
            "prompt": "Wo ist mein Paket? Ich habe es vor einer Woche bestellt.",
            "response": "Your parcel is on its way and will be with you in two days.",
        },
        {
            "prompt": "Where is my parcel? I ordered it a week ago and it is not here.",
            "response": "Ihr Paket ist unterwegs und wird in zwei Tagen bei Ihnen sein.",
        },
        {
            "prompt": "Where is my parcel? Please answer in French.",
            "response": "Your parcel is on its way and will be with you in two days.",
        },
        {
            "prompt": "Where is my parcel? I ordered it a week ago.",
            "response": "\u0412\u0430\u0448 \u0437\u0430\u043a\u0430\u0437 \u0443\u0436\u0435"
            " \u0432 \u043f\u0443\u0442\u0438, \u0436\u0434\u0438\u0442\u0435 "
            "\u0435\u0433\u043e",
        },
    ),
    misses=(
        {
            "prompt": "Where is my parcel? I ordered it a week ago.",
            "response": "Your parcel is on its way and will be with you in two days.",
        },
        {
            "prompt": "Translate to German: the parcel is on its way to you.",
            "response": "Das Paket ist auf dem Weg zu Ihnen und bald da.",
        },
        {"prompt": "Wo ist mein Paket?", "response": "OK"},
        {
            "prompt": "Was macht diese Funktion und wie ist sie zu lesen?",
            "response": "```python\nfor the in to: is_that = the and of\n```",
        },
        {
            "prompt": "Reply in Spanish. What is the plan for the week?",
            "response": "El plan de la semana es el que usted tiene en la lista.",
        },
    ),
    confidence=0.8,
)
