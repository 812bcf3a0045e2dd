"""Our own codecs on the running local venues, every fault in turn, held against the engine."""
