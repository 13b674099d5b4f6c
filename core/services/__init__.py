"""Floor 4: one public function for each thing a user does; pages and command line call these."""
