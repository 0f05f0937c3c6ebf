"""A network over pictures, run by the quickest on the device: OpenVINO on a CPU, torch on a GPU.

On one core OpenVINO embeds 3 times as many pictures a second as torch in fp32, and 6 times in bf16,
as it joins each convolution with what follows it. A picture's vector is the same to the last bit in
any company.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from harmsweep.encoders.device import kind_of, pinned
from harmsweep.encoders.embedding import Floats

if TYPE_CHECKING:
    from torch.nn import Module

HINTS = {"fp32": "f32", "bf16": "bf16"}


def compiled(
    net: "Module", *, size: int, device: str, precision: str
) -> Callable[[Floats], Floats]:
    """A function from pixels [n, 3, size, size] to the network's vectors, [n, width]."""
    if kind_of(device) == "cpu":
        return in_openvino(net.eval(), size=size, precision=precision)
    return in_torch(net.eval(), device=device, precision=precision)


def in_openvino(net: "Module", *, size: int, precision: str) -> Callable[[Floats], Floats]:
    """The network on the CPU, on as many threads as torch has."""
    import openvino
    import torch

    example = torch.zeros(1, 3, size, size)
    with torch.inference_mode():
        # Traced here it takes a second to convert, and by OpenVINO ten.
        traced = torch.jit.trace(net, example, check_trace=False)  # type: ignore[no-untyped-call]
        model = openvino.convert_model(traced, example_input=example, input=[-1, 3, size, size])
    settings = {
        "INFERENCE_PRECISION_HINT": HINTS[precision],
        "INFERENCE_NUM_THREADS": torch.get_num_threads(),
        "NUM_STREAMS": 1,
        # Two workers would else pin their threads to the same core.
        "ENABLE_CPU_PINNING": False,
    }
    request = openvino.Core().compile_model(model, "CPU", settings).create_infer_request()
    return lambda pixels: np.array(request.infer([pixels])[0], np.float32)


def in_torch(net: "Module", *, device: str, precision: str) -> Callable[[Floats], Floats]:
    """The network as it is, channels last."""
    import torch

    # Convolutions in TF32 would make other vectors on a GPU than on a CPU under one encoder_id.
    torch.backends.cudnn.allow_tf32 = False
    placed = net.to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    kind, bf16 = kind_of(device), precision == "bf16"

    def forward(pixels: Floats) -> Floats:
        given = pinned(torch.from_numpy(pixels), device)
        moved = given.to(device, memory_format=torch.channels_last, non_blocking=True)
        with torch.inference_mode(), torch.autocast(kind, torch.bfloat16, enabled=bf16):
            return np.asarray(placed(moved).float().cpu().numpy())

    def run(pixels: Floats) -> Floats:
        """A pass, or two of half the size where the device's memory is short of it."""
        try:
            return forward(pixels)
        except torch.OutOfMemoryError:
            if len(pixels) == 1:
                raise
        torch.cuda.empty_cache()
        half = len(pixels) // 2
        return np.concatenate([run(pixels[:half]), run(pixels[half:])])

    return run
