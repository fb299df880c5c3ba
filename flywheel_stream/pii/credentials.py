"""Passwords and user names: assignments, statements and command lines."""

import re

from flywheel_stream.pii.checks import trimmed
from flywheel_stream.pii.detector import Detector, Span
from flywheel_stream.pii.needs import Feature

_NOT_PASSWORD = frozenset(
    """string str none null true false undefined empty required optional text password passwd
    hidden redacted secret changeme_here your_password wrong incorrect invalid""".split()
)


def _password(value: str) -> bool:
    """A digit, a symbol inside, or three hyphenated words: what a plain word does not have."""
    core = value.strip(".,;:!?")
    if core.lower() in _NOT_PASSWORD or "(" in value or core.startswith(("$", "{", "[", "*")):
        return False
    return (
        any("0" <= c <= "9" for c in core)
        or any(c in "@#%^&*+=!$~" for c in core)
        or core.count("-") >= 2
        or (any(c.isupper() for c in core[1:]) and any(c.islower() for c in core))
    )


def _any_password(match: re.Match[str]) -> Span | None:
    """An assigned password: in quotes anything but a type's name, else what looks like one."""
    value = match["v"]
    if match["q"] and value.lower() not in _NOT_PASSWORD and not value.startswith(("$", "{", "*")):
        return match.span("v")
    return trimmed(match) if _password(value) else None


_NOT_USER = _NOT_PASSWORD | frozenset(
    "root admin username user name login postgres id required the a an not and or for is to".split()
)


CREDENTIALS: tuple[Detector, ...] = (
    Detector(
        "PASSWORD",
        re.compile(
            r"(?:password|passwd|passphrase|passcode|passwort|kennwort|pwd|pass|contraseña|clave"
            r"|mot de passe|senha|wachtwoord|hasło|pw|pin)\b[\w ]{0,16}?[\"']?\s{0,3}"
            r"(?:[:=]|=>|\bis\b|\bes\b|\best\b|\bist\b|\blautet\b)\s{0,3}"
            r"(?P<q>[\"'`]?)(?P<v>[^\s\"'`<>]{4,128})",
            re.IGNORECASE,
        ),
        Feature.NONE,
        "an assignment or a statement; unquoted values must not look like a word",
        (
            ("password: hunt3r$21", "hunt3r$21"),
            ('"password": "monkey"', "monkey"),
            ("mot de passe : coffee-rocket-winter", "coffee-rocket-winter"),
            ("the wifi password is P@ssw0rd24, thanks", "P@ssw0rd24"),
        ),
        (
            "password: string",
            "my password is wrong",
            "password = getpass()",
            "My password manager keeps crashing",
        ),
        check=_any_password,
        words=(
            "passw",
            "passphrase",
            "passcode",
            "pass",
            "pwd",
            "contrase",
            "kennwort",
            "clave",
            "senha",
            "wachtwoord",
            "hasło",
            "mot de passe",
            "pw",
            "pin",
        ),
        anchored=True,
    ),
    Detector(
        "PASSWORD",
        re.compile(
            r"(?:password|passwort|contraseña|mot de passe|pwd)\b[\w ]{0,12}? (?:from|to|de|von|auf|en|was)"
            r" [\"'`]?(?P<v>[^\s\"'`<>]{4,64})",
            re.IGNORECASE,
        ),
        Feature.NONE,
        "a change of password",
        (
            ("reset password to silver7", "silver7"),
            ("password from orange-monkey-tiger to x", "orange-monkey-tiger"),
        ),
        ("reset password to continue", "a forgotten password on Windows 7"),
        check=lambda m: trimmed(m) if _password(m["v"]) else None,
        words=("passw", "contrase", "mot de passe", "pwd"),
        anchored=True,
    ),
    Detector(
        "PASSWORD",
        re.compile(
            r"(?:password|passwort|contraseña)\b[\w ]{0,12}? (?:from|de|von) \S{4,64}"
            r" (?:to|a|auf|zu|en) [\"'`]?(?P<v>[^\s\"'`<>]{4,64})",
            re.IGNORECASE,
        ),
        Feature.NONE,
        "the second value of a change",
        (("password from autumn0 to Orange4463! and", "Orange4463!"),),
        ("password from scratch to finish",),
        check=lambda m: trimmed(m) if _password(m["v"]) else None,
        words=("passw", "contrase"),
        anchored=True,
    ),
    Detector(
        "PASSWORD",
        re.compile(
            r"(?:mysql|mysqldump|mariadb|psql|sshpass|mongo|redis-cli|identified)\b[^\n]{0,80}?"
            r"(?:-p ?|-a |--password[ =]|by )[\"']?(?P<v>[^\s\"'<>-][^\s\"'<>]{2,64})",
            re.IGNORECASE,
        ),
        Feature.NONE,
        "command lines of database clients; SQL IDENTIFIED BY",
        (
            ("mysql -u bo -p'summ3r$46' prod", "summ3r$46"),
            ("CREATE USER x IDENTIFIED BY 'abc123'", "abc123"),
        ),
        ("mysql -u root prod",),
        words=("mysql", "mariadb", "psql", "sshpass", "mongo", "redis-cli", "identified by"),
        anchored=True,
    ),
    Detector(
        "PASSWORD",
        re.compile(
            r"(?:curl|wget|httpie|https?)\b[^\n]{0,160}?\s(?:-u ?|--user[ =]|-a |--auth[ =])[\"']?"
            r"(?P<v>[^\s\"':<>$]{1,64}:[^\s\"'<>$][^\s\"'<>]{2,64})",
            re.IGNORECASE,
        ),
        Feature.NONE,
        "command lines of HTTP clients: user and password",
        (
            ("curl -u admin:hunt3r$21 https://a.example.com", "admin:hunt3r$21"),
            ("curl -X POST --user 'bo:s3cret' a.example.com", "bo:s3cret"),
        ),
        ("curl -u $USER:$PASS a.example.com", "curl -s https://example.com", "http -a b"),
        words=("curl", "wget", "http"),
        anchored=True,
        hint=(r"\s-u ?\S+:", r"--user[ =]\S+:", r"\s-a \S+:", r"--auth[ =]\S+:"),
    ),
    Detector(
        "PASSWORD",
        re.compile(
            r"--(?:http-|ftp-|proxy-)?passw(?:or)?d[ =][\"']?(?P<v>[^\s\"'<>$-][^\s\"'<>]{2,64})",
            re.IGNORECASE,
        ),
        Feature.NONE,
        "an option of any command line",
        (
            ("wget --user bo --password s3cretpw a.example.com", "s3cretpw"),
            ("--http-passwd='hunt3r$21'", "hunt3r$21"),
        ),
        ("the option --password is required", "--password $SECRET", "--password --user bo"),
        check=lambda m: m.span("v") if _password(m["v"]) else None,
        words=("--pass", "--http-pass", "--ftp-pass", "--proxy-pass"),
        anchored=True,
    ),
    Detector(
        "USERNAME",
        re.compile(
            r"(?:user ?name|user_?id|login|benutzername|identifiant|nom d['’]utilisateur|usuario|utente"
            r"|nutzername|screen ?name)\b[\"']?\s{0,3}(?:[:=]|=>|\bis\b|\bes\b|\bist\b|\best\b)\s{0,3}[\"'`]?"
            r"(?P<v>[\w.@+-]{2,64})",
            re.IGNORECASE,
        ),
        Feature.NONE,
        "an assignment to a user name",
        (("username: mnordgren password", "mnordgren"), ('{"username": "kyle08"}', "kyle08")),
        ("what is a username?", "login: required", "username = None"),
        check=lambda m: None if m["v"].lower() in _NOT_USER else trimmed(m),
        words=(
            "user",
            "login",
            "benutzer",
            "identifiant",
            "utilisateur",
            "usuario",
            "utente",
            "nutzername",
            "screen",
        ),
        anchored=True,
    ),
    Detector(
        "USERNAME",
        re.compile(
            r"(?:mysql|mariadb|psql|mongo|curl|ssh)\b[^\n]{0,40}? -[uUl] ?[\"']?(?P<v>[\w.@+-]{2,64})"
        ),
        Feature.NONE,
        "command lines of clients",
        (("mysql -u nichols6554 -p", "nichols6554"),),
        ("mysql -u root prod",),
        check=lambda m: None if m["v"].lower() in _NOT_USER else m.span("v"),
        words=("mysql", "mariadb", "psql", "mongo", "curl", "ssh"),
        anchored=True,
    ),
)
