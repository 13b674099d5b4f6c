"""The sections of a report, one file each: what it says, and which figures it says it with."""
