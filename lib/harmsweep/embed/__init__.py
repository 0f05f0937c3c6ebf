"""Vectors of the day's texts, descriptions and images, each distinct input embedded once."""

from harmsweep.embed.stage import embed_day

__all__ = ["embed_day"]
