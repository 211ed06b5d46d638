"""The keyring, formats of tokens, sealed cursors. Knows no store and no settings."""
