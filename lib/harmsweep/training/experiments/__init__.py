"""Experiments on a snapshot: ablation, comparison, learning curve, search."""
