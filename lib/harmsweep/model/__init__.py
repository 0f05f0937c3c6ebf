"""The fused model: its inputs, network, manifest, configuration and registry."""
