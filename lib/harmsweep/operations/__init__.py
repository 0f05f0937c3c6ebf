"""What operators do: the audit, the switch, ramps."""
