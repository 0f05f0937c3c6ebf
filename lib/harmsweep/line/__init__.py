"""The whole line in one Spark process: every stage for every day of a landing zone.

Airflow runs the same stage functions one job at a time; here they share one session, because a
start of Spark costs 10 to 19 s.
"""

from harmsweep.line.days import Line, run_line

__all__ = ["Line", "run_line"]
