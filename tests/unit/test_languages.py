"""Which language a text is in, and which one it asks for."""

import pytest

from flywheel_stream.languages import asked_language, language_of, speaks_of_languages


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Where is my parcel? I ordered it a week ago and it is not here.", "English"),
        ("Wo ist mein Paket? Ich habe es vor einer Woche bestellt.", "German"),
        ("Où est mon colis ? Je l'ai commandé il y a une semaine et il n'est pas là.", "French"),
        ("Onde está a minha encomenda? Eu pedi há uma semana e não chegou.", "Portuguese"),
        ("Dov'è il mio pacco? Non è ancora arrivato e la consegna era per ieri.", "Italian"),
        ("Waar is mijn pakket? Ik heb het een week geleden besteld.", "Dutch"),
        (
            "\u0433\u0434\u0435 \u043c\u043e\u044f \u043f\u043e\u0441\u044b\u043b\u043a\u0430",
            "Russian or another in Cyrillic",
        ),
        ("\u6211\u7684\u5305\u88f9\u5728\u54ea\u91cc\uff1f", "Chinese"),
        ("\u79c1\u306e\u8377\u7269\u306f\u3069\u3053\u3067\u3059\u304b", "Japanese"),
        ("\ub0b4 \uc18c\ud3ec\ub294 \uc5b4\ub514\uc5d0 \uc788\ub098\uc694", "Korean"),
    ],
)
def test_a_language_is_known_by_its_letters_or_its_common_words(text: str, language: str) -> None:
    assert language_of(text) == language


@pytest.mark.parametrize(
    "text",
    [
        "",
        "OK",
        "42",
        "Acme GmbH",
        "def f(x):\n    return x ** 2  # noqa",
        "```python\nfor the in and_of: to = is_it\n```",
        "<PERSON> <PHONE> <ADDRESS> <PERSON> <PHONE> <ADDRESS>",
        "It is the and of to in you. " * 10 + "Das ist nicht mein und die der von zu mit. " * 10,
    ],
)
def test_what_is_unclear_is_not_said(text: str) -> None:
    assert language_of(text) is None


def test_an_instruction_names_the_language_to_answer_in() -> None:
    assert asked_language("You are a bot. Always respond in German, please.") == "German"
    assert asked_language("antworte bitte auf Deutsch") == "German"
    assert asked_language("I live in Germany and speak of it") is None
    assert asked_language("Respond in a friendly tone") is None


def test_a_text_about_languages_is_known() -> None:
    assert speaks_of_languages("How do you say it in Polish?")
    assert speaks_of_languages("translate this")
    assert not speaks_of_languages("tell me about spaniels and finches")
