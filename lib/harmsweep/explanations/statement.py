"""A statement of reasons (DSA, Article 17) as the DSA Transparency Database takes it.

Fields, values and limits are those of its API documentation for statements of reasons
(transparency.dsa.ec.europa.eu/page/api-documentation; categories as in force since July 2025).
What the platform never does (monetary and service restrictions) is left out.
"""

from datetime import date
from typing import Literal, Self, get_args

from pydantic import Field, model_validator

from harmsweep.conf import Frozen

Country = Literal[
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IS",
    "IT", "LI", "LT", "LU", "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK",
]  # fmt: skip
# The European Economic Area.
EEA: tuple[str, ...] = get_args(Country)
Visibility = Literal[
    "DECISION_VISIBILITY_CONTENT_REMOVED",
    "DECISION_VISIBILITY_CONTENT_DISABLED",
    "DECISION_VISIBILITY_CONTENT_DEMOTED",
    "DECISION_VISIBILITY_CONTENT_AGE_RESTRICTED",
    "DECISION_VISIBILITY_CONTENT_INTERACTION_RESTRICTED",
    "DECISION_VISIBILITY_CONTENT_LABELLED",
    "DECISION_VISIBILITY_OTHER",
]
Account = Literal["DECISION_ACCOUNT_SUSPENDED", "DECISION_ACCOUNT_TERMINATED"]
Ground = Literal["DECISION_GROUND_ILLEGAL_CONTENT", "DECISION_GROUND_INCOMPATIBLE_CONTENT"]
Content = Literal[
    "CONTENT_TYPE_TEXT", "CONTENT_TYPE_IMAGE", "CONTENT_TYPE_VIDEO", "CONTENT_TYPE_OTHER"
]
Category = Literal[
    "STATEMENT_CATEGORY_ANIMAL_WELFARE",
    "STATEMENT_CATEGORY_CONSUMER_INFORMATION",
    "STATEMENT_CATEGORY_CYBER_VIOLENCE",
    "STATEMENT_CATEGORY_CYBER_VIOLENCE_AGAINST_WOMEN",
    "STATEMENT_CATEGORY_DATA_PROTECTION_AND_PRIVACY_VIOLATIONS",
    "STATEMENT_CATEGORY_ILLEGAL_OR_HARMFUL_SPEECH",
    "STATEMENT_CATEGORY_INTELLECTUAL_PROPERTY_INFRINGEMENTS",
    "STATEMENT_CATEGORY_NEGATIVE_EFFECTS_ON_CIVIC_DISCOURSE_OR_ELECTIONS",
    "STATEMENT_CATEGORY_NOT_SPECIFIED_NOTICE",
    "STATEMENT_CATEGORY_OTHER_VIOLATION_TC",
    "STATEMENT_CATEGORY_PROTECTION_OF_MINORS",
    "STATEMENT_CATEGORY_RISK_FOR_PUBLIC_SECURITY",
    "STATEMENT_CATEGORY_SCAMS_AND_FRAUD",
    "STATEMENT_CATEGORY_SELF_HARM",
    "STATEMENT_CATEGORY_UNSAFE_AND_PROHIBITED_PRODUCTS",
    "STATEMENT_CATEGORY_VIOLENCE",
]
Keyword = Literal[
    "KEYWORD_HATE_SPEECH",
    "KEYWORD_DISCRIMINATION",
    "KEYWORD_DEFAMATION",
    "KEYWORD_CYBER_HARASSMENT",
    "KEYWORD_CYBER_BULLYING_INTIMIDATION",
    "KEYWORD_INCITEMENT_VIOLENCE_HATRED",
    "KEYWORD_ADULT_SEXUAL_MATERIAL",
    "KEYWORD_NUDITY",
    "KEYWORD_SUICIDE",
    "KEYWORD_SELF_MUTILATION",
    "KEYWORD_PHISHING",
    "KEYWORD_MISINFORMATION_DISINFORMATION",
    "KEYWORD_OTHER",
]
Automated = Literal[
    "AUTOMATED_DECISION_FULLY",
    "AUTOMATED_DECISION_PARTIALLY",
    "AUTOMATED_DECISION_NOT_AUTOMATED",
]
Source = Literal[
    "SOURCE_ARTICLE_16",
    "SOURCE_TRUSTED_FLAGGER",
    "SOURCE_TYPE_OTHER_NOTIFICATION",
    "SOURCE_VOLUNTARY",
]


class Statement(Frozen):
    """One statement of reasons; it names no person and quotes nothing of the post."""

    decision_visibility: tuple[Visibility, ...] | None = Field(default=None, min_length=1)
    decision_visibility_other: str | None = Field(default=None, max_length=500)
    decision_account: Account | None = None
    decision_ground: Ground
    incompatible_content_ground: str | None = Field(default=None, max_length=500)
    incompatible_content_explanation: str | None = Field(default=None, max_length=2000)
    incompatible_content_illegal: Literal["Yes", "No"] | None = None
    illegal_content_legal_ground: str | None = Field(default=None, max_length=500)
    illegal_content_explanation: str | None = Field(default=None, max_length=2000)
    content_type: tuple[Content, ...] = Field(min_length=1)
    content_type_other: str | None = Field(default=None, min_length=1, max_length=500)
    category: Category
    category_specification: tuple[Keyword, ...] = ()
    territorial_scope: tuple[Country, ...] = Field(min_length=1)
    content_language: str | None = Field(default=None, pattern=r"^[A-Z]{2}$")
    content_date: date = Field(ge=date(2000, 1, 1))
    application_date: date = Field(ge=date(2020, 1, 1))
    end_date_visibility_restriction: date | None = None
    end_date_account_restriction: date | None = None
    decision_facts: str = Field(min_length=1, max_length=5000)
    source_type: Source
    automated_detection: Literal["Yes", "No"]
    automated_decision: Automated
    puid: str = Field(pattern=r"^[A-Za-z0-9_-]{1,500}$")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        """What the database asks for only beside another value."""
        if not (self.decision_visibility or self.decision_account):
            raise ValueError("it restricts neither the content's visibility nor an account")
        other = "DECISION_VISIBILITY_OTHER" in (self.decision_visibility or ())
        if other != bool(self.decision_visibility_other):
            raise ValueError("decision_visibility_other goes with DECISION_VISIBILITY_OTHER")
        if ("CONTENT_TYPE_OTHER" in self.content_type) != bool(self.content_type_other):
            raise ValueError("content_type_other goes with CONTENT_TYPE_OTHER")
        terms = self.incompatible_content_ground and self.incompatible_content_explanation
        law = self.illegal_content_legal_ground and self.illegal_content_explanation
        needed = law if self.decision_ground.endswith("ILLEGAL_CONTENT") else terms
        if not needed:
            raise ValueError(f"{self.decision_ground} needs its ground and explanation")
        for what in ("visibility", "account"):
            end = getattr(self, f"end_date_{what}_restriction")
            if end and not getattr(self, f"decision_{what}"):
                raise ValueError(f"end_date_{what}_restriction goes with decision_{what}")
            if end and end < self.application_date:
                raise ValueError(f"end_date_{what}_restriction is before application_date")
        return self


def scope(jurisdiction: str) -> tuple[str, ...]:
    """The countries of the EEA in which a decision holds; none where it holds in no one."""
    if jurisdiction == "all":
        return EEA
    return (jurisdiction,) if jurisdiction in EEA else ()
