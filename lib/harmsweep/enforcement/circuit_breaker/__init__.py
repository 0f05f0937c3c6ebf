"""What stops a sweep that would do too much: caps, forecasts, held batches, approvals."""
