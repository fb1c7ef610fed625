"""What a search, a turn and a start cost, measured side by side with what else could have been used: `make bench`."""
