"""What watches over gateways: a Grafana dashboard and Prometheus rules, made from the declarations of the metrics."""
