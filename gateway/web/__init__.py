"""What all pages for people share: sessions, forms that cannot be forged, sign-in, one look."""
