"""Labels from the reports of users, the verdicts of reviewers and the answers to tasks."""
