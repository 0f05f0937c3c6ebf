"""How tables come from tables: what each stage reads and writes, in the order in which they run.

A change of what is in `reads` or `writes` makes a stage's day run again; `also_reads` and
`also_writes` are what it touches besides. Whoever writes tables outside the stages stands below.
"""

from collections.abc import Mapping

from harmsweep.lake.portions import Input
from harmsweep.lake.runs import Stage
from harmsweep.tables.catalog import (
    ACCOUNT_LABELS,
    ACTIONS,
    APPEALS,
    AUTHOR_FEATURES,
    AUTHOR_VECTORS,
    COMMENT_SCORES,
    COMMENT_VECTORS,
    DECISIONS,
    DELIVERIES,
    EMBEDDINGS,
    ESCALATIONS,
    EVIDENCE,
    EXEMPTIONS,
    EXPLANATIONS,
    HASH_BANK,
    INGESTS,
    INTERACTIONS,
    LABEL_TASKS,
    LABELS,
    LATE_POSTS,
    MEDIA,
    MEDIA_CLUSTERS,
    MEDIA_MATCHES,
    MEDIA_TEXTS,
    METRICS,
    OPERATIONS,
    ORDERS,
    PLANS,
    POST_FEATURES,
    POST_VECTORS,
    POST_VISIBILITY,
    POSTS,
    PRESERVATIONS,
    REJECTS,
    RUNS,
    SCORES,
    SEVERE_BANK,
    USERS,
    VERDICTS,
)
from harmsweep.tables.spec import Table

# An author's history is what so many days before a post's day hold.
HISTORY_DAYS = 30
# The days, the day's own among them, in which copies of a picture are looked for.
NEAR_COPY_DAYS = 30
# A verdict reaches copies of so many days before the judged post's and after it.
VERDICT_DAYS = 30
# Reports count until so many days after the post's own; the day is written again as they come in.
WAIT_DAYS = 7
# A reporter's record: reports of so many days before the post's, on posts of these days.
RECORD_DAYS = 30
# An edit or deletion counts in the account of the day that it landed on up to so many days after
# its post; the schedule runs it for as long (conf/schedule.yaml).
EDIT_DAYS = 60


def inputs(*tables: Table, before: int = 0, after: int = 0) -> tuple[Input, ...]:
    """Each table of the run's own day, and of so many days before and after it."""
    return tuple(Input(table, before=before, after=after) for table in tables)


INGEST = Stage(
    "ingest",
    reads=(),
    # Only tables whose slice of the day no other day's ingest writes: a late row that another day
    # brings to this day's posts must not make this day's ingest run again.
    writes=(USERS, INTERACTIONS, INGESTS),
    always=True,
    also_writes=(POSTS, LABELS, ACCOUNT_LABELS, REJECTS),
)
FEATURES = Stage(
    "features",
    reads=inputs(POSTS, USERS, INTERACTIONS, before=HISTORY_DAYS),
    writes=(POST_FEATURES, AUTHOR_FEATURES, MEDIA),
    # What a sweep of today writes is after a past day's cut-off and must not make its features
    # anew: the stage counts what is before.
    also_reads=(ACTIONS,),
)
OCR = Stage("ocr", reads=inputs(MEDIA), writes=(MEDIA_TEXTS,))
# The cache is no input of a run: what it holds changes when an input is embedded, never how.
EMBED = Stage(
    "embed",
    reads=inputs(POST_FEATURES, AUTHOR_FEATURES, MEDIA, MEDIA_TEXTS, INTERACTIONS),
    writes=(EMBEDDINGS, POST_VECTORS, AUTHOR_VECTORS, COMMENT_VECTORS),
)
# The banks are read too: a new entry runs the day again.
MATCH = Stage(
    "match",
    reads=(
        *inputs(MEDIA, LABELS, before=NEAR_COPY_DAYS - 1),
        *inputs(HASH_BANK, SEVERE_BANK),
    ),
    writes=(MEDIA_MATCHES, MEDIA_CLUSTERS, ESCALATIONS, PRESERVATIONS),
    also_reads=(POST_VISIBILITY,),
    # An entry that matched more posts than its budget goes back to quarantine.
    also_writes=(HASH_BANK,),
)
SCORE = Stage(
    "score",
    reads=inputs(POSTS, POST_FEATURES, MEDIA, POST_VECTORS, AUTHOR_VECTORS, COMMENT_VECTORS),
    writes=(SCORES, COMMENT_SCORES),
    also_reads=(ACTIONS,),
    also_writes=(REJECTS,),
)
# Enforce acts only on decisions that are up to date, so it asks for this one too.
DECIDE = Stage(
    "decide",
    reads=inputs(
        *(SCORES, POSTS, MEDIA, MEDIA_MATCHES, MEDIA_CLUSTERS, ESCALATIONS, COMMENT_SCORES)
    ),
    writes=(DECISIONS,),
    also_reads=(ACTIONS,),
)
ENFORCE = Stage(
    "enforce",
    reads=(
        *inputs(DECISIONS, POSTS, SCORES, ORDERS),
        # A verdict on another day's post reaches the day's copies of it.
        *inputs(VERDICTS, before=VERDICT_DAYS, after=VERDICT_DAYS),
    ),
    writes=(ACTIONS, POST_VISIBILITY),
    also_reads=(
        *(EXEMPTIONS, EXPLANATIONS, OPERATIONS, MEDIA, MEDIA_MATCHES, RUNS, LATE_POSTS),
        *(POST_FEATURES, POST_VECTORS, AUTHOR_VECTORS),
    ),
    also_writes=(EVIDENCE, LATE_POSTS),
)
MEASURE = Stage(
    "measure",
    # Effects are explained beside this stage: the next run counts what that cost.
    reads=(
        # What landed on the day stands under its posts' own days, and an edit there moves it.
        *inputs(POSTS, SCORES, before=EDIT_DAYS, after=1),
        *inputs(REJECTS, INGESTS, DECISIONS, ACTIONS, EXPLANATIONS, APPEALS),
    ),
    writes=(METRICS,),
    # Of a day without posts the metrics say that there were none.
    always=True,
    # What appeals were closed by is told from the ledger, and from these.
    also_reads=(POST_VISIBILITY, VERDICTS, EXEMPTIONS, POST_FEATURES),
)
LABEL = Stage(
    "label",
    reads=(
        *inputs(POSTS, VERDICTS, ACTIONS, LABEL_TASKS),
        *inputs(INTERACTIONS, before=RECORD_DAYS, after=WAIT_DAYS),
        *inputs(LABELS, before=RECORD_DAYS),
    ),
    writes=(LABELS,),
)
EXPLAIN = Stage(
    "explain",
    reads=inputs(ACTIONS, EVIDENCE, POSTS, POST_FEATURES, POST_VISIBILITY, MEDIA, ORDERS),
    writes=(EXPLANATIONS,),
    also_reads=(MEDIA_TEXTS, PLANS, OPERATIONS, ESCALATIONS),
    # An action without a reason to tell becomes a review, by a sweep of its post alone.
    also_writes=(ACTIONS, POST_VISIBILITY, EVIDENCE),
)
# No stage of a day: which posts of a past day people decided about, and no sweep has seen since.
OUTSTANDING = Stage(
    "outstanding",
    reads=(*inputs(POSTS), *inputs(VERDICTS, before=VERDICT_DAYS, after=VERDICT_DAYS)),
    writes=(),
    also_reads=(ACTIONS, ORDERS, POST_FEATURES, MEDIA, MEDIA_MATCHES, EXEMPTIONS, ESCALATIONS),
    # What is listed ends with its sweep, which is no reason to look again.
    also_writes=(LATE_POSTS,),
)
# Its folder stands outside the lake and is written once, so it has no runs.
SNAPSHOT = Stage(
    "snapshot",
    reads=inputs(
        *(POSTS, POST_FEATURES, POST_VECTORS, AUTHOR_VECTORS, LABELS, LABEL_TASKS, MEDIA),
        *(ESCALATIONS,),
    ),
    writes=(),
    # Where conf asks for chances by score.
    also_reads=(SCORES,),
)
# Those that a day goes through, in their order.
DAY = (INGEST, FEATURES, OCR, EMBED, MATCH, SCORE, DECIDE, ENFORCE, MEASURE)
DAY_NAMES = tuple(stage.name for stage in DAY)
STAGES = (*DAY, LABEL, EXPLAIN, SNAPSHOT)

_IN_FORCE = (ACTIONS, POST_VISIBILITY)
# Who else writes, in the order of the tables' life: commands of people, jobs, and every stage.
OTHER_WRITERS: Mapping[str, tuple[Table, ...]] = {
    "every stage as its run ends": (RUNS,),
    "harmsweep bank": (HASH_BANK, SEVERE_BANK, OPERATIONS),
    "harmsweep plan": (PLANS, OPERATIONS),
    "harmsweep approve": (OPERATIONS,),
    "harmsweep apply": (*_IN_FORCE, EVIDENCE, OPERATIONS),
    "harmsweep hold": (*_IN_FORCE, EVIDENCE, OPERATIONS),
    "harmsweep undo": (*_IN_FORCE, EVIDENCE, OPERATIONS),
    "harmsweep ramp": (OPERATIONS,),
    "harmsweep stop": (OPERATIONS,),
    "harmsweep start": (OPERATIONS,),
    "harmsweep verdict": (VERDICTS, *_IN_FORCE, OPERATIONS),
    "harmsweep appeal": (APPEALS, VERDICTS, *_IN_FORCE, OPERATIONS),
    "harmsweep certify": (LABEL_TASKS, OPERATIONS),
    "harmsweep learn": (LABEL_TASKS, OPERATIONS),
    "harmsweep order": (ORDERS, *_IN_FORCE, OPERATIONS),
    "harmsweep exempt": (EXEMPTIONS, OPERATIONS),
    "jobs/late.py": (LATE_POSTS,),
    "jobs/watch.py": (LABEL_TASKS, OPERATIONS),
    "jobs/backfill.py": (OPERATIONS,),
    "jobs/deliver.py": (DELIVERIES,),
    # Of what expired, which it deletes; it rewrites no row of any table.
    "jobs/maintain.py": (EVIDENCE, PRESERVATIONS),
}


def readers(table: Table) -> list[str]:
    """The stages that read a table, in the order in which they run."""
    return [
        stage.name
        for stage in STAGES
        if table in (*(source.table for source in stage.reads), *stage.also_reads)
    ]


def writers(table: Table) -> list[str]:
    """Who writes a table: stages in the order in which they run, then commands and jobs."""
    stages = [s.name for s in STAGES if table in (*s.writes, *s.also_writes)]
    return stages + [name for name, tables in OTHER_WRITERS.items() if table in tables]
