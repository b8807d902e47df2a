"""What operators are shown of the daemon: gauges and bounds, what its doctor finds, the panel of `serve --dev`."""
