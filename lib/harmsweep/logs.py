"""Structured logs: one JSON event a line on stderr; data goes to stdout."""

import logging
import sys
from typing import Any

import structlog


def log(stage: str, **facts: Any) -> structlog.stdlib.BoundLogger:
    """A logger that puts the stage and the given facts on every line."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(sort_keys=True),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
    )
    bound: structlog.stdlib.BoundLogger = structlog.get_logger(stage=stage, **facts)
    return bound
