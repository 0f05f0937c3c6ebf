"""The DAGs as Airflow loads them; collected in Airflow's environment only."""

import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

collect_ignore_glob = [] if find_spec("airflow") else ["test_*.py"]

ROOT = Path(__file__).resolve().parents[2]
DAGS = ROOT / "dags"
# Airflow reads these when it is first imported: a home of our own, and no examples.
HOME = ROOT / ".cache" / "airflow-tests"
SETTINGS = {
    "AIRFLOW_HOME": str(HOME),
    "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS),
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
    "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING",
    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{HOME}/airflow.db",
    "AIRFLOW_CONN_SPARK_DEFAULT": (ROOT / "conf/airflow/spark/local.json").read_text("utf-8"),
    "SPARK_LOCAL_IP": "127.0.0.1",
}
if not collect_ignore_glob:
    os.environ.update(SETTINGS)


@pytest.fixture(scope="session")
def dags() -> dict[str, Any]:
    """Every DAG of the folder by id; one that cannot be imported fails here."""
    from airflow.dag_processing.dagbag import BundleDagBag

    bag = BundleDagBag(str(DAGS), bundle_path=DAGS, bundle_name="dags-folder")
    assert not bag.import_errors
    return dict(bag.dags)
