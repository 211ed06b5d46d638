"""The authorization server: OAuth 2.1 authorization code with PKCE, for apps that act on behalf of users.

Authlib decides (grants, client authentication, errors), synchronously, in a thread of the SQL pool, over an immutable
snapshot of the request; what Authlib leaves open is closed by the tables of checks in `authorization` and `token`.
"""
