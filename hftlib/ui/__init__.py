"""The app's face: page frame, relay of the binary feed, and the panels that draw it."""
