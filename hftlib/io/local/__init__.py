"""The local venues' servers: sockets around the exchanges, on loopback."""
