"""The lake of the campaigns: made once, copied for each trial."""

import pytest
from campaign_lake import BusyLake, busy_lake
from enforcement_lake import Lake


@pytest.fixture(scope="session")
def busy(decided: Lake, tmp_path_factory: pytest.TempPathFactory) -> BusyLake:
    """A lake in which every command has something to do: to be copied, not changed."""
    folder = tmp_path_factory.mktemp("busy")
    return busy_lake(decided.copy(folder / "lake"), folder)
