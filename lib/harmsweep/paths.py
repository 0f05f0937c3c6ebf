"""Where the project's own files are."""

import os
from pathlib import Path

ROOT = Path(os.environ.get("HARMSWEEP_HOME", Path(__file__).resolve().parents[2]))
CONF = ROOT / "conf"
JOBS = ROOT / "jobs"
CACHE = ROOT / ".cache"
# The model that ships: scripts/make_model trained it, through every gate of its release.
DEFAULT_MODEL = CONF / "model" / "manifest.json"
# Where a lake has this file, it is stopped (operations/switch.py).
SWITCH = "STOPPED"
