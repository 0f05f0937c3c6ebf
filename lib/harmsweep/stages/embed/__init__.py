"""Vectors of the texts, descriptions and images of the day, each distinct input embedded once."""
