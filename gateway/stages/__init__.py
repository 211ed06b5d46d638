"""One file a stage; their order is in gateway/pipeline.py. Stages import neither each other nor any resource."""
