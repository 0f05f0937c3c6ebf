"""Which device a task computes on: Spark's to give, never ours to take."""

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from pyspark import TaskContext

if TYPE_CHECKING:
    from torch import Tensor


class Device(NamedTuple):
    """A torch device's name, why it was chosen, and whether a GPU was given for nothing."""

    name: str
    reason: str
    wasted: bool = False


def choose_device() -> Device:
    """The GPU that Spark gave to this task, else the CPU; the reason names the address.

    Outside a task, and where the task asked for no GPU, it is the CPU even if the machine has one:
    another task may own it.
    """
    context = TaskContext.get()
    given = context.resources().get("gpu") if context else None
    if given is None:
        return Device("cpu", "no gpu resource")
    address = given.addresses[0]
    if not _cuda_is_available():
        reason = f"gpu resource {address} present, CUDA absent: computing on the cpu"
        return Device("cpu", reason, wasted=True)
    return Device(f"cuda:{address}", f"gpu resource {address}")


def kind_of(device: str) -> str:
    """The kind of a torch device: `cuda` of `cuda:0`."""
    return device.partition(":")[0]


def pinned(tensor: "Tensor", device: str) -> "Tensor":
    """A tensor on its way to the device: in memory that a GPU reads by itself."""
    return tensor.pin_memory() if kind_of(device) == "cuda" else tensor


@cache
def _cuda_is_available() -> bool:
    import torch

    return torch.cuda.is_available()
