"""Structured logs: one JSON event a line on stderr; data goes to stdout."""

import logging
import os
import sys
from typing import Any

import structlog


def log(stage: str, **facts: Any) -> structlog.stdlib.BoundLogger:
    """A logger with the stage and facts on every line; HARMSWEEP_LOG_LEVEL sets its level."""
    level = logging.getLevelName(os.environ.get("HARMSWEEP_LOG_LEVEL", "info").upper())
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(sort_keys=True),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
    )
    bound: structlog.stdlib.BoundLogger = structlog.get_logger(stage=stage, **facts)
    return bound
