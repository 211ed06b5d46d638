"""The door for agents: the Model Context Protocol over the same operations, under the same law."""
