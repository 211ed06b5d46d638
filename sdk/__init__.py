"""Client libraries, made from the OpenAPI document of one contract as one brand publishes it.

The document is the only source: what is switched off is absent there, and what packages add is in it. So nothing here
knows a resource, and the clients cannot say what the API does not do. The runtimes are written by hand, once.
"""
