"""The desk's API: HTTP and websocket routes, who may use them, and the fan-out of streams."""
