"""Certify: the thresholds of a model under a policy, each with a guarantee on held-out groups."""

from harmsweep.certify.stage import CertifyRefused, certify, table

__all__ = ["CertifyRefused", "certify", "table"]
