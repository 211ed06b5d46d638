"""What a declaration may say."""
