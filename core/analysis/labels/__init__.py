"""Labels from several people: agreement, consensus, suspects."""
