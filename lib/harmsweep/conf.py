"""Files of conf/ as frozen types."""

from pydantic import BaseModel, ConfigDict


class Frozen(BaseModel):
    """A value that cannot change and knows no other keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")
