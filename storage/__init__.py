"""What is kept: images, and in a database the archive."""
