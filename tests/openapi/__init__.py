"""What the local venues' REST interfaces take and answer, as OpenAPI documents.

Paths, and the parameters of signed calls, are read from the servers' own tables; the rest is
restated from the venues' documents. Nothing here is served: the documents hold the servers.
"""
