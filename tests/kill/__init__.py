"""Kill a desk under load, again and again, and look whether what it acknowledged is there."""
