"""What every process tells about itself: whether it lives, whether it can work, its metrics."""
