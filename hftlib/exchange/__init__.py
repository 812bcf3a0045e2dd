"""The venues' side of the wire, without sockets: what an exchange answers to what it is asked."""
