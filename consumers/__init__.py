"""What reads the topics and writes others: the ordered inference worker."""
