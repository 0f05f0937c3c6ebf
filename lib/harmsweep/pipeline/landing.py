"""A landing zone with interactions: simulated ones, marked so, where it has none."""

from pathlib import Path

from harmsweep.pipeline.simulate.interactions import write_interactions

SEED = 7


def with_interactions(posts: Path, lake: Path) -> Path:
    """The landing zone itself where it has interactions, else a view of it beside simulated ones.

    The view is a folder of links under the lake; the media stay where they are.

    Raises:
        FileNotFoundError: `posts` is no folder.
    """
    if not posts.is_dir():
        raise FileNotFoundError(f"{posts}: no such landing zone")
    if any(posts.glob("interactions*")):
        return posts
    view = lake / "landing"
    view.mkdir(parents=True, exist_ok=True)
    for source in sorted(posts.iterdir()):
        link = view / source.name
        if source.name != "media" and not link.exists():
            link.symlink_to(source.resolve())
    simulated = view / "interactions.jsonl"
    if not simulated.exists():
        write_interactions(posts, simulated, seed=SEED)
    return view
