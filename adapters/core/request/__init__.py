"""Client → service: bodies and searches, checked and translated."""
