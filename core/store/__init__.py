"""Floor 2: the workspace on disk. SQL lives here and nowhere else."""
