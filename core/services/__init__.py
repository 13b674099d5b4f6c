"""Floor 4: one public function for each thing a user does; the pages and the command line call these."""
