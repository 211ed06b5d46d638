"""Who calls, and what they may. Knows no Exchange."""
