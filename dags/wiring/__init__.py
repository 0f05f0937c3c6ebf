"""What the DAGs share: settings, tasks, stages, retries and alerts."""
