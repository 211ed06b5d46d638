"""Records that live beneath others: each is brought by its parent with the word `Child`, and has no address of its own."""
