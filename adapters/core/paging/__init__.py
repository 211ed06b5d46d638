"""Pages of the services' lists and searches, in an order that neither repeats nor skips."""
