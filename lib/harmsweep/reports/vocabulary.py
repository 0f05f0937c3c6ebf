"""The one vocabulary of statuses: pages show the words of the tables, and what they mean."""

from collections.abc import Mapping

STATUSES: Mapping[str, str] = {
    # Posts and other items of the landing zone.
    "accepted": "taken in, as the newest revision of a post that stands",
    "rejected": "refused at ingest by a rule, which is named",
    "duplicate": "landed before, word for word",
    "superseded": "an older revision than one that was taken in",
    "deleted": "the author took the post down",
    # Scores.
    "scored": "the model saw all that the post has",
    "scored_partial": "scored without a part of it, such as a broken picture",
    "quarantined": "nothing of it could be scored: a person looks at it",
    "failed": "the model gave it no number that is a probability",
    # Media and other inputs.
    "ok": "was read",
    "partial": "was read in part: some inputs of the kind could not be",
    "missing": "the file was not there",
    "refused": "over a limit, or no regular file: not opened",
    "undecodable": "broken, or not read to its end",
    "unsupported": "neither image nor video",
    # Known media.
    "evidence": "near a hash of a bank: a person may look at it",
    "suppressed": "as near to a medium that is known to be good",
    "held": "waits for people, over a budget or a cap",
    # What holds now beside what people said of the posts.
    "hit": "labelled harmful, and an action that others see holds for that harm",
    "review": "a person is asked; of a labelled post: it is harmful by its label",
    "missed": "labelled harmful, and nothing holds for that harm",
    "false": "labelled not harmful, and an action that others see holds for that harm",
    "false_review": "labelled not harmful, and a person is asked about that harm",
    "harmful": "labelled harmful",
    "not_harmful": "labelled not harmful",
    "unlabelled": "nobody labelled the post for that harm",
    # What a plan would do.
    "applied": "an action is put, or a more severe one",
    "released": "an action is lifted, or a milder one takes its place",
    "unchanged": "what holds stays",
}
