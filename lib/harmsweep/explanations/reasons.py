"""The statement of reasons (DSA, Article 17) of an effect, from the ledger and conf's wordings."""

from typing import Any

from harmsweep.explanations.conf import load_notices
from harmsweep.explanations.pending import Due
from harmsweep.explanations.statement import Statement, scope
from harmsweep.explanations.subject import Subject
from harmsweep.harms import ALL_HARMS

# What the features stage tells in three letters, by the two of the language that it belongs to.
_PART_OF = {
    "yue": "zh", "wuu": "zh", "arz": "ar", "ary": "ar", "gug": "gn", "kik": "ki", "fuv": "ff",
    "sdh": "ku", "uzs": "uz",
}  # fmt: skip


def statement(due: Due, subject: Subject | None) -> Statement | None:
    """The statement of reasons of an effect on a post, or on an account (without a subject).

    None where it holds in no country of the EEA, and for orders (Article 17, paragraph 5).

    Raises:
        pydantic.ValidationError: the database would refuse it.
    """
    entry, conf = due.entry, load_notices()
    territory = scope(entry.jurisdiction)
    if not territory or due.cause == "order":
        return None
    action, cause, wording = conf.action(entry), conf.causes[due.cause], conf.harm(entry.harm)
    named = ALL_HARMS.get(entry.harm or "")
    restricted = "account" if action.account else "visibility"
    facts: dict[str, Any] = {
        "decision_visibility": action.visibility and [action.visibility],
        "decision_visibility_other": action.other,
        "decision_account": action.account,
        "decision_ground": "DECISION_GROUND_INCOMPATIBLE_CONTENT",
        "incompatible_content_ground": conf.platform.terms,
        "incompatible_content_explanation": named.policy if named else wording.said,
        "category": wording.category,
        "category_specification": wording.keywords,
        "territorial_scope": territory,
        "application_date": entry.recorded_at.date(),
        f"end_date_{restricted}_restriction": entry.expires_at and entry.expires_at.date(),
        "decision_facts": f"{wording.said} {cause.said}",
        "source_type": due.source,
        "automated_detection": "Yes" if due.was_found else cause.detected,
        "automated_decision": cause.automated,
        "puid": entry.effect_key,
    }
    return Statement.model_validate(facts | _content(due, subject))


def _content(due: Due, subject: Subject | None) -> dict[str, Any]:
    """What the decision is about; of an account the database asks for a date all the same."""
    day = due.entry.day if subject else due.entry.recorded_at.date()
    spoken = language(subject.language) if subject else None
    kinds = sorted(subject.kinds) if subject else []
    facts = {"content_date": day, "content_language": spoken}
    if kinds:
        return facts | {"content_type": [f"CONTENT_TYPE_{kind.upper()}" for kind in kinds]}
    other = "a post that could not be read" if subject else "an account, for its posts"
    return facts | {"content_type": ["CONTENT_TYPE_OTHER"], "content_type_other": other}


def language(code: str) -> str | None:
    """A language as the database takes it, in two letters; None where it has none.

    >>> language("en"), language("yue"), language("pcm"), language("und")
    ('EN', 'ZH', None, None)
    """
    short = _PART_OF.get(code, code)
    return short.upper() if len(short) == 2 else None
