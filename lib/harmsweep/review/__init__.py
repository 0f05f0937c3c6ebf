"""What people decide: verdicts, appeals, orders, the allow-list."""
