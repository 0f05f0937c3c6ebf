"""The Spark provider's operator; Kubernetes' clients are imported when a task first asks for one.

The provider imports two of them beside its operator, which was almost half of the time to read a
DAG, in each of its tasks too (2.3 of 5.1 s); they are of use only where Spark runs on Kubernetes.
"""

import sys
from importlib.util import LazyLoader, find_spec, module_from_spec

from airflow.providers.cncf import kubernetes

NAME = f"{kubernetes.__name__}.kube_client"
spec = find_spec(NAME)

# https://docs.python.org/3/library/importlib.html#implementing-lazy-imports
if NAME not in sys.modules and spec is not None and spec.loader is not None:
    spec.loader = LazyLoader(spec.loader)
    module = module_from_spec(spec)
    # Found there, the import system has no look at it, which would load it.
    kubernetes.kube_client = sys.modules[NAME] = module
    spec.loader.exec_module(module)

from airflow.providers.apache.spark.operators.spark_submit import (  # noqa: E402
    SparkSubmitOperator,
)

__all__ = ["SparkSubmitOperator"]
