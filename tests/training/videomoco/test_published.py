"""Checkpoints in the authors' layout, and files that are not."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torchvision.models.video import r2plus1d_18, r3d_18

from harmsweep.training.videomoco.conf import VideoMocoRefused
from harmsweep.training.videomoco.published import convert_published

pytestmark = pytest.mark.torch


def publish(encoder: torch.nn.Module, path: Path, *, key: str = "state_dict") -> dict[str, object]:
    """Write a randomly initialised checkpoint as the authors' code writes a trained one."""
    state = {f"module.encoder_q.{name}": value for name, value in encoder.state_dict().items()}
    state |= {"module.encoder_k.fc.bias": torch.zeros(128), "module.queue": torch.zeros(128, 4)}
    torch.save({"epoch": 200, "arch": "r2plus1d_18", key: state}, path)
    return dict(encoder.state_dict())


def test_a_published_layout_becomes_the_query_encoder_alone(tmp_path: Path) -> None:
    expected = publish(r2plus1d_18(num_classes=128), tmp_path / "r2d_200.pth.tar")
    convert_published(tmp_path / "r2d_200.pth.tar", tmp_path / "model.safetensors")
    found = load_file(tmp_path / "model.safetensors")
    assert found.keys() == {name for name in expected if not name.startswith("fc.")}
    assert all(torch.equal(found[name], expected[name]) for name in found)


@pytest.mark.parametrize(
    ("encoder", "key", "named"),
    [
        (r3d_18, "state_dict", r"x\.pth\.tar: no R\(2\+1\)D-18: layer1\.0\.conv1\.0\.0\.weight is"),
        (r2plus1d_18, "weights", r"x\.pth\.tar: has no state_dict"),
        (torch.nn.Identity, "state_dict", r"no tensor's name begins with module\.encoder_q"),
    ],
    ids=["r3d", "no-state", "no-encoder"],
)
def test_a_foreign_layout_is_refused_by_name(
    tmp_path: Path, encoder: type[torch.nn.Module], key: str, named: str
) -> None:
    publish(encoder(), tmp_path / "x.pth.tar", key=key)
    with pytest.raises(VideoMocoRefused, match=named):
        convert_published(tmp_path / "x.pth.tar", tmp_path / "model.safetensors")
    assert not (tmp_path / "model.safetensors").exists()


class Evil:
    """Runs a command where a pickle is loaded in full."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        import os

        return os.system, ("touch harmsweep-evil",)


def test_a_pickle_with_code_in_it_is_refused_and_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"state_dict": Evil()}, tmp_path / "x.pth.tar")
    with pytest.raises(VideoMocoRefused, match=r"not a file of weights \(UnpicklingError\)"):
        convert_published(tmp_path / "x.pth.tar", tmp_path / "model.safetensors")
    assert not (tmp_path / "harmsweep-evil").exists()
