"""Labels from the reports of users and the verdicts of reviewers."""
