"""One file a stage; their order is in gateway/api/pipeline.py. Stages import neither each other nor any resource."""
