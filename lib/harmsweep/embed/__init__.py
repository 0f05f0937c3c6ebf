"""Vectors of the day's texts, descriptions and images, each distinct input embedded once."""

from harmsweep.embed.stage import count_inputs, embed_day

__all__ = ["count_inputs", "embed_day"]
