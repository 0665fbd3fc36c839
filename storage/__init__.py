"""What is kept on disk: the image store."""
